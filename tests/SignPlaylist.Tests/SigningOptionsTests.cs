using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Reelseal;

namespace SignPlaylist.Tests;

public sealed class SigningOptionsTests : IDisposable
{
    private static readonly string s_rsa = Pem(RSA.Create(2048));
    private readonly DirectoryInfo _secrets = Directory.CreateTempSubdirectory("signing-options-tests-");
    private readonly Dictionary<string, string> _settings = new() { ["CLOUDFRONT_URL"] = "https://cdn.example/", ["KEY_PAIR_ID"] = "K1" };

    public SigningOptionsTests()
    {
        Secret("reelseal-signing-key", s_rsa);
        Secret("reelseal-origin-secret", "sixteen-or-longer");
        Secret("reelseal-token-key", new string('k', 32));
    }

    public void Dispose() => _secrets.Delete(recursive: true);

    [Fact]
    public void Has_the_documented_defaults()
    {
        var options = Read();
        Assert.Equal("https://cdn.example/", options.Distribution.Address.OriginalString);
        Assert.Equal(
            (TimeSpan.FromHours(24), TimeSpan.FromHours(1), false),
            (options.Lifetime.Minimum, options.Lifetime.Window, options.Lifetime.StartsWithWindow));
        Assert.Equal((32L << 20, TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(5)), (options.CacheBytes, options.Freshness, options.StoreTimeout));
        Assert.Equal(("*", null, false, "reelseal"), (options.CorsOrigin, options.CookieDomain, options.SignPerUrl, Assert.Single(options.Tokens.Audiences)));
    }

    [Fact]
    public void Names_every_fault_at_once()
    {
        _settings.Clear();
        _secrets.GetFiles().ToList().ForEach(file => file.Delete());
        _settings["URL_WINDOW"] = "an hour";
        _settings["SIGNING_HASH"] = "md5";
        var faults = Faults();
        Assert.Equal(7, faults.Count);
        string[] names =
        [
            "CLOUDFRONT_URL", "KEY_PAIR_ID", "URL_WINDOW", "SIGNING_HASH", "reelseal-signing-key", "reelseal-origin-secret", "reelseal-token-key",
        ];
        foreach (var name in names)
            Assert.Contains(faults, fault => fault.Contains(name, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("CLOUDFRONT_URL", "cdn.example")]
    [InlineData("CLOUDFRONT_URL", "ftp://cdn.example")]
    [InlineData("CLOUDFRONT_URL", "https://cdn.example/path")]
    [InlineData("CLOUDFRONT_URL", "https://cdn.example/?x")]
    [InlineData("KEY_PAIR_ID", "K1&x=y")]
    [InlineData("URL_LIFETIME", "0s")]
    [InlineData("URL_LIFETIME", "24")]
    [InlineData("URL_WINDOW", "10ms")]
    [InlineData("SIGNING_POLICY", "none")]
    [InlineData("URL_START", "yes")]
    [InlineData("CACHE_BYTES", "-1")]
    [InlineData("PLAYLIST_FRESHNESS", "soon")]
    public void Refuses_a_malformed_setting_by_its_name(string name, string value)
    {
        _settings[name] = value;
        Assert.Contains(name, Assert.Single(Faults()), StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_SHA1_with_an_ECDSA_key_and_a_start_with_canned_policies()
    {
        Secret("reelseal-signing-key", Pem(ECDsa.Create(ECCurve.NamedCurves.nistP256)));
        Assert.NotNull(Read());
        _settings["SIGNING_HASH"] = "sha1";
        Assert.Contains("SIGNING_HASH", Assert.Single(Faults()), StringComparison.Ordinal);
        Secret("reelseal-signing-key", s_rsa);
        Assert.NotNull(Read());
        (_settings["SIGNING_POLICY"], _settings["URL_START"]) = ("url", "true");
        Assert.Contains("URL_START", Assert.Single(Faults()), StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_short_secrets_and_unusable_keys_without_quoting_them()
    {
        Secret("reelseal-origin-secret", "short-secret");
        Secret("reelseal-token-key", "short-token-key");
        Secret("reelseal-signing-key", Pem(RSA.Create(1024)));
        var faults = Faults();
        Assert.Equal(3, faults.Count);
        Assert.DoesNotContain(faults, fault => fault.Contains("short-", StringComparison.Ordinal) || fault.Contains("BEGIN", StringComparison.Ordinal));
    }

    private SigningOptions Read() => SigningOptions.Read(new Settings(_settings.GetValueOrDefault, _secrets.FullName));

    private List<string> Faults() => [.. Assert.Throws<OptionsValidationException>(Read).Failures];

    private void Secret(string name, string content) => File.WriteAllText(Path.Combine(_secrets.FullName, name), content);

    private static string Pem(AsymmetricAlgorithm key)
    {
        using (key)
            return key.ExportPkcs8PrivateKeyPem();
    }
}
