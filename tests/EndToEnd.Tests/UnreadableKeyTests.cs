using Reelseal.Local;
using Reelseal.Local.Functions;
using Reelseal.Testing;

namespace Reelseal.EndToEnd.Tests;

/// <summary>A function without the keys it needs, as after a failed rotation: it must not become ready, or it would replace one that works.</summary>
public sealed class UnreadableKeyTests
{
    private const string Canary = "bm90IGEga2V5IGJ1dCBub2JvZHlzIGJ1c2luZXNz";

    [Theory(Timeout = 120_000)]
    [InlineData(LocalSystem.SignPlaylist, "reelseal-signing-key", null, "The secret reelseal-signing-key is missing.")]
    [InlineData(LocalSystem.SignPlaylist, "reelseal-signing-key",
        $"-----BEGIN PRIVATE KEY-----\n{Canary}\n-----END PRIVATE KEY-----",
        "The signing key is damaged")]
    [InlineData(LocalSystem.SignPlaylist, "reelseal-origin-secret", null, "The secret reelseal-origin-secret is missing.")]
    [InlineData(LocalSystem.SignPlaylist, "reelseal-token-key", "bm90IGEga2V5", "The secret reelseal-token-key is shorter than")]
    [InlineData(LocalSystem.IngestVideo, "reelseal-token-key", null, "reelseal-token-key")]
    public async Task It_ends_before_it_is_ready_and_names_the_key_but_not_its_content(string name, string secret, string? content, string said)
    {
        Published.Require();
        using var folder = new TemporaryDirectory();
        var secrets = Directory.CreateDirectory(Path.Combine(folder.Path, "secrets")).FullName;
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        (string, string)[] files =
        [
            ("reelseal-signing-key", key.ExportPkcs8PrivateKeyPem()), ("reelseal-origin-secret", new('o', 32)), ("reelseal-token-key", new('t', 32)),
        ];
        foreach (var (file, text) in files)
            File.WriteAllText(Path.Combine(secrets, file), text);
        File.Delete(Path.Combine(secrets, secret));
        if (content is not null)
            await File.WriteAllTextAsync(Path.Combine(secrets, secret), content, TestContext.Current.CancellationToken);
        var program = new FunctionProgram
        {
            Name = name,
            Executable = Path.Combine(new LocalOptions().FunctionsDirectory, name, "Root"),
            SecretsDirectory = secrets,
            StartWithin = TimeSpan.FromSeconds(60),
            Environment = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["STORE_DIRECTORY"] = folder.Path, ["CLOUDFRONT_URL"] = "https://cdn.example", ["KEY_PAIR_ID"] = "K1",
            },
        };

        var fault = await Assert.ThrowsAsync<FunctionStartException>(() => FunctionProcess.StartAsync(program, TestContext.Current.CancellationToken));

        Assert.Contains("(exit code 1)", fault.Message, StringComparison.Ordinal);
        Assert.Contains(said, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(
            content is null ? Canary : content.Contains(Canary, StringComparison.Ordinal) ? Canary : content,
            fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", fault.Message, StringComparison.Ordinal);
    }
}
