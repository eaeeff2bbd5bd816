using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Reelseal.Storage;
using Reelseal.Testing;
using Reelseal.Tokens;

namespace Reelseal.Tests;

public sealed class SettingsTests : IDisposable
{
    private readonly TemporaryDirectory _secrets = new();
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    public void Dispose() => _secrets.Dispose();

    [Theory]
    [InlineData("250ms", 250)]
    [InlineData("90s", 90_000)]
    [InlineData("5m", 300_000)]
    [InlineData("24h", 86_400_000)]
    [InlineData("87600h", 315_360_000_000)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("1.5h", 5_400_000)]
    [InlineData("2m0.5s", 120_500)]
    [InlineData("+5s", 5_000)]
    [InlineData("500000us", 500)]
    public void A_duration_is_in_the_notation_of_Go(string text, long milliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), With(text).Duration("NAME", TimeSpan.Zero));

    [Theory]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("0s")]
    [InlineData("-5s")]
    [InlineData(" 5s")]
    [InlineData("5 s")]
    [InlineData("5S")]
    [InlineData("5d")]
    [InlineData("1.5")]
    [InlineData("1h30")]
    [InlineData("1h 30m")]
    [InlineData("1ns")] // shorter than the runtime's clock can tell
    [InlineData("2147483647h")]
    [InlineData("999999999999s")]
    [InlineData("٥s")]
    public void A_text_that_is_not_a_duration_is_an_error(string text)
    {
        var settings = With(text);
        Assert.Equal(TimeSpan.FromSeconds(7), settings.Duration("NAME", TimeSpan.FromSeconds(7)));
        IsFaulty(settings, $"NAME is \"{text}\"");
    }

    [Fact]
    public void A_duration_may_have_a_limit()
    {
        Assert.Equal(TimeSpan.FromMinutes(1), With("60s").Duration("NAME", TimeSpan.Zero, max: TimeSpan.FromMinutes(1)));
        var settings = With("61s");
        Assert.Equal(TimeSpan.Zero, settings.Duration("NAME", TimeSpan.Zero, max: TimeSpan.FromMinutes(1)));
        IsFaulty(settings, "at most 60s");
    }

    [Theory]
    [InlineData("1", true)]
    [InlineData("10", true)]
    [InlineData("0", false)]
    [InlineData("11", false)]
    [InlineData("-1", false)]
    [InlineData("1e1", false)]
    [InlineData("1,0", false)]
    [InlineData("x", false)]
    [InlineData("99999999999999999999", false)]
    public void A_number_is_whole_and_within_its_bounds(string text, bool valid)
    {
        var settings = With(text);
        Assert.Equal(valid ? long.Parse(text, CultureInfo.InvariantCulture) : 5, settings.Number("NAME", fallback: 5, min: 1, max: 10));
        if (valid)
            settings.ThrowIfInvalid();
        else
            IsFaulty(settings, $"NAME is \"{text}\"");
    }

    [Theory]
    [InlineData("true", true, true)]
    [InlineData("false", false, true)]
    [InlineData("True", true, false)]
    [InlineData("1", true, false)]
    [InlineData("yes", true, false)]
    public void A_flag_is_true_or_false(string text, bool flag, bool valid)
    {
        var settings = With(text);
        Assert.Equal(flag, settings.Flag("NAME", fallback: true));
        if (valid)
            settings.ThrowIfInvalid();
        else
            IsFaulty(settings, $"NAME is \"{text}\"");
    }

    [Fact]
    public void A_choice_is_one_of_its_words()
    {
        Assert.Equal(2, With("b").Choice("NAME", ("a", 1), ("b", 2)));
        Assert.Equal(1, With("").Choice("NAME", ("a", 1), ("b", 2)));
        var settings = With("A");
        Assert.Equal(1, settings.Choice("NAME", ("a", 1), ("b", 2)));
        IsFaulty(settings, "none of a, b");
    }

    [Theory]
    [InlineData("https://example.org", true)]
    [InlineData("http://127.0.0.1:8080/path", true)]
    [InlineData("example.org", false)]
    [InlineData("/path", false)]
    [InlineData("ftp://example.org", false)]
    [InlineData("file:///etc/passwd", false)]
    [InlineData("https://", false)]
    public void An_address_is_of_http(string text, bool valid)
    {
        var settings = With(text);
        Assert.Equal(valid, settings.Address("NAME") is not null);
        if (valid)
            settings.ThrowIfInvalid();
        else
            IsFaulty(settings, $"NAME is \"{text}\"");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")] // what stack.yml's ${NAME:-} gives
    public void A_setting_that_is_not_set_has_its_default(string? text)
    {
        var settings = With(text);
        Assert.Null(settings.Text("NAME"));
        Assert.Null(settings.Address("NAME"));
        Assert.Null(settings.Secret("name"));
        Assert.Equal(7, settings.Number("NAME", fallback: 7));
        Assert.True(settings.Flag("NAME", fallback: true));
        Assert.Equal(TimeSpan.FromSeconds(7), settings.Duration("NAME", TimeSpan.FromSeconds(7)));
        settings.ThrowIfInvalid();

        Assert.Equal("", settings.Required("NAME"));
        IsFaulty(settings, "NAME is not set.");
    }

    [Fact]
    public void A_secret_is_the_content_of_its_file_without_the_line_end()
    {
        Secret("name", "s3cret\r\n");
        Secret("empty", "\n");
        var settings = With(null);

        Assert.Equal("s3cret", settings.Secret("name"));
        Assert.Equal("s3cret", settings.RequiredSecret("name"));
        Assert.Null(settings.Secret("empty"));
        settings.ThrowIfInvalid();
        settings.RequiredSecret("empty");
        IsFaulty(settings, "The secret empty is missing.");
    }

    [Fact]
    public void All_errors_are_reported_at_once_and_without_secrets()
    {
        Secret("reelseal-token-key", "too-short");
        _values["TOKEN_ISSUER"] = "http://issuer.example";
        _values["S3_TIMEOUT"] = "soon";
        _values["S3_ENDPOINT"] = "nowhere";
        var settings = Settings();

        TokenOptions.Read(settings);
        new ServiceCollection().AddObjectStore(settings);

        var faults = Assert.Throws<OptionsValidationException>(settings.ThrowIfInvalid);
        Assert.Equal(5, faults.Failures.Count());
        Assert.DoesNotContain("too-short", faults.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, null, "neither")]
    [InlineData("0123456789abcdef0123456789abcde", null, "shorter")]
    [InlineData("0123456789abcdef0123456789abcdef", null, null)]
    [InlineData(null, "https://issuer.example/realm", null)]
    [InlineData(null, "http://127.0.0.1:8080", null)]
    [InlineData("0123456789abcdef0123456789abcdef", "https://issuer.example/", null)]
    [InlineData("0123456789abcdef0123456789abcdef", "http://issuer.example", "https")]
    [InlineData("0123456789abcdef0123456789abcdef", "issuer", "address")]
    [InlineData(null, "https://issuer.example/.well-known/openid-configuration", "discovery document")]
    [InlineData(null, "https://issuer.example/v2.0/.well-known/openid-configuration/", "discovery document")]
    [InlineData(null, "https://issuer.example/?appid=1", "query")]
    public void No_function_starts_without_a_key_for_tokens(string? key, string? issuer, string? fault)
    {
        if (key is not null)
            Secret("reelseal-token-key", key);
        if (issuer is not null)
            _values["TOKEN_ISSUER"] = issuer;
        var settings = Settings();

        var options = TokenOptions.Read(settings);

        if (fault is not null)
        {
            IsFaulty(settings, fault);
            return;
        }
        settings.ThrowIfInvalid();
        Assert.Equal((key is not null, issuer), (options.SharedKey is not null, options.Issuer));
        Assert.Equal("reelseal", Assert.Single(options.Audiences));
        Assert.Equal(("aud", "", "video"), (options.AudienceClaim, options.ScopePrefix, options.VideoClaim));
    }

    [Fact]
    public void The_names_of_claims_and_several_audiences_are_settings()
    {
        Secret("reelseal-token-key", "0123456789abcdef0123456789abcdef");
        (_values["TOKEN_AUDIENCE"], _values["TOKEN_AUDIENCE_CLAIM"]) = ("api://one, two", "client_id");
        (_values["TOKEN_SCOPE_PREFIX"], _values["TOKEN_VIDEO_CLAIM"]) = ("reelseal/", "https://media.example/video");

        var options = TokenOptions.Read(Settings());

        Assert.Equal(["api://one", "two"], options.Audiences.Order(StringComparer.Ordinal));
        Assert.Equal(("client_id", "reelseal/", "https://media.example/video"), (options.AudienceClaim, options.ScopePrefix, options.VideoClaim));

        _values["TOKEN_AUDIENCE"] = " , ";
        var settings = Settings();
        TokenOptions.Read(settings);
        IsFaulty(settings, "TOKEN_AUDIENCE");
    }

    [Theory]
    [InlineData("STORE_DIRECTORY=/tmp/x", null)]
    [InlineData("S3_BUCKET=b;AWS_REGION=eu-central-1", null)]
    [InlineData("S3_BUCKET=b;S3_ENDPOINT=http://127.0.0.1:1", null)]
    [InlineData("S3_BUCKET=b;S3_ENDPOINT=http://127.0.0.1:1;S3_TIMEOUT=2s", null)]
    [InlineData("", "Set either")]
    [InlineData("S3_BUCKET=b;STORE_DIRECTORY=/tmp/x;AWS_REGION=eu-central-1", "Set either")]
    [InlineData("S3_BUCKET=b", "AWS_REGION is not set")]
    public void A_function_has_one_store(string values, string? fault)
    {
        foreach (var value in values.Split(';', StringSplitOptions.RemoveEmptyEntries))
            _values[value.Split('=')[0]] = value.Split('=')[1];
        var settings = Settings();

        using var services = new ServiceCollection().AddObjectStore(settings).BuildServiceProvider();

        if (fault is not null)
        {
            IsFaulty(settings, fault);
            return;
        }
        settings.ThrowIfInvalid();
        if (_values.ContainsKey("STORE_DIRECTORY"))
            Assert.IsType<DirectoryObjectStore>(services.GetRequiredService<IObjectStore>());
        else
            Assert.IsType<S3ObjectStore>(services.GetRequiredService<IObjectStore>());
    }

    private static void IsFaulty(Settings settings, string fault) =>
        Assert.Contains(fault, Assert.Single(Assert.Throws<OptionsValidationException>(settings.ThrowIfInvalid).Failures), StringComparison.Ordinal);

    private Settings With(string? value)
    {
        if (value is not null)
            _values["NAME"] = value;
        return Settings();
    }

    private Settings Settings() => new(name => _values.GetValueOrDefault(name), _secrets.Path);

    private void Secret(string name, string content) => File.WriteAllText(Path.Combine(_secrets.Path, name), content);
}
