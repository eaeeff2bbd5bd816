using System.Runtime.Versioning;
using Reelseal.Local.Edge.Signing;
using Reelseal.Local.Functions;
using Reelseal.Local.Keys;

namespace Reelseal.Local.Tests.Keys;

[SupportedOSPlatform("linux")]
public sealed class SecretsTests
{
    [Theory]
    [InlineData(nameof(SigningKeyKind.P256))]
    [InlineData(nameof(SigningKeyKind.Rsa))]
    public void Are_readable_by_their_owner_only_and_removed_at_the_end(string kind)
    {
        string folder;
        using (var secrets = Secrets.Create(Enum.Parse<SigningKeyKind>(kind)))
        {
            folder = secrets.Directory;
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
            Assert.Equal(
                ["reelseal-callback-key", "reelseal-origin-secret", "reelseal-signing-key", "reelseal-token-key", "reelseal-worker-key"],
                Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
            Assert.DoesNotContain("PRIVATE", secrets.KeyPair.ToString(), StringComparison.Ordinal);
            PublicKey.FromPem(secrets.KeyPair.PublicPem); // one that CloudFront takes
        }
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public void Those_of_yesterday_are_found_again_in_a_folder_that_is_kept()
    {
        var folder = Path.Combine(Path.GetTempPath(), $"reelseal-test-{Guid.NewGuid():N}");
        try
        {
            using var yesterday = Secrets.Keep(folder, SigningKeyKind.Rsa);
            yesterday.Dispose();
            File.Delete(yesterday.CallbackKeyPath); // as one that a newer version has added

            using var today = Secrets.Keep(folder, SigningKeyKind.P256);

            Assert.Equal((yesterday.KeyPair, yesterday.TokenKey, yesterday.OriginSecret), (today.KeyPair, today.TokenKey, today.OriginSecret));
            Assert.True(File.Exists(today.CallbackKeyPath));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task Without_published_functions_the_system_says_what_to_do()
    {
        var store = Path.Combine(Path.GetTempPath(), $"reelseal-test-{Guid.NewGuid():N}");
        var options = new LocalOptions { FunctionsDirectory = "/nowhere", StoreDirectory = store };
        var failure = await Assert.ThrowsAsync<FunctionStartException>(() => LocalSystem.StartAsync(options, TestContext.Current.CancellationToken));
        Assert.Contains("make publish", failure.Message, StringComparison.Ordinal);
        Directory.Delete(options.StoreDirectory, recursive: true);
    }
}
