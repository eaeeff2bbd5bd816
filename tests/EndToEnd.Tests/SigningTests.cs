using Reelseal.Local;
using Reelseal.Local.Keys;

namespace Reelseal.EndToEnd.Tests;

/// <summary>Every way of signing that the settings offer, checked by the edge.</summary>
public sealed class SigningTests(DirectorySystem shared) : IClassFixture<DirectorySystem>
{
    [Theory(Timeout = 120_000)]
    [InlineData(nameof(SigningKeyKind.P256), "sha256", "video")]
    [InlineData(nameof(SigningKeyKind.P256), "sha256", "url")]
    [InlineData(nameof(SigningKeyKind.Rsa), "sha256", "video")]
    [InlineData(nameof(SigningKeyKind.Rsa), "sha256", "url")]
    [InlineData(nameof(SigningKeyKind.Rsa), "sha1", "video")]
    [InlineData(nameof(SigningKeyKind.Rsa), "sha1", "url")]
    public async Task Opens_every_address(string key, string hash, string policy)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var published = await shared.StartedAsync();
        var options = await shared.OptionsAsync() with
        {
            SigningKey = Enum.Parse<SigningKeyKind>(key),
            Settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["SIGNING_HASH"] = hash, ["SIGNING_POLICY"] = policy },
        };
        await using var system = await LocalSystem.StartAsync(options, cancellation);
        using var client = new Local.Playback.VideoClient(system.Gateway, system.Tokens);

        var ticket = await client.GetTicketAsync(published.Video, until: null, cancellation);
        Assert.Equal(hash == "sha256", ticket.Url.Query.Contains("Hash-Algorithm=SHA256", StringComparison.Ordinal));
        Assert.Equal(policy == "video", ticket.Url.Query.Contains("Policy=", StringComparison.Ordinal));
        foreach (var multivariant in (Uri[])[ticket.Url, client.GatewayPlaylist(published.Video)])
            await Crawler.FetchAllAsync(client, await Crawler.CrawlAsync(client, multivariant, cancellation), cancellation);
    }
}
