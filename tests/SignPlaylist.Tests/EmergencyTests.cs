using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Reelseal.Local.Edge;
using Reelseal.Local.Edge.Signing;
using Reelseal.Local.Gateway;
using Reelseal.Local.Keys;
using Reelseal.Storage;
using Reelseal.Testing;

namespace SignPlaylist.Tests;

/// <summary>Access must end at once while the edge holds copies: the signing key is replaced in an emergency, or a ticket is revoked.</summary>
public sealed class EmergencyTests : IAsyncLifetime
{
    private const string Video = "3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77";
    private readonly TemporaryDirectory _folder = new();
    private readonly HttpClient _http = new();
    private readonly FakeTimeProvider _edgeClock = new(SignPlaylistServer.Start);
    private readonly CloudFrontKeyPair _old = CloudFrontKeyPair.Create(SigningKeyKind.P256);
    private readonly CloudFrontKeyPair _new = CloudFrontKeyPair.Create(SigningKeyKind.P256);
    private DirectoryObjectStore _store = null!;
    private FunctionGateway _gateway = null!;
    private TrustedKeyGroup _keys = null!;
    private EdgeServer _edge = null!;

    public async ValueTask InitializeAsync()
    {
        _store = new(_folder.Path, TimeSpan.FromSeconds(5));
        _gateway = await FunctionGateway.StartAsync(port: 0, _ => { }, TestContext.Current.CancellationToken);
        _keys = new(Group(_old));
        _edge = await EdgeServer.StartAsync(
            new()
            {
                Keys = _keys,
                Playlists = new(_gateway.Address, SignPlaylistServer.OriginSecret),
                Store = _store,
                Site = new(_folder.Path),
                Clock = _edgeClock,
            },
            _ => { }, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _edge.DisposeAsync();
        await _gateway.DisposeAsync();
        _http.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("video")]
    [InlineData("url")]
    public async Task New_tickets_play_at_once_and_everything_signed_with_the_old_key_is_refused(string policy)
    {
        await using var before = await StartAsync(_old, policy);
        await PlaylistEndpointTests.PutVideoAsync(before);
        await before.PutAsync($"videos/{Video}/a1/720p/00000.ts", "segment");
        var opened = await PlayAsync(before);
        Assert.All(opened, answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        Assert.Equal("Hit from cloudfront", (await GetAsync(opened[1].Url)).Cache); // the copy is warm

        _keys.Replace(Group(_new));
        await using var after = await StartAsync(_new, policy);
        foreach (var (url, _, _) in opened)
            Assert.Equal(HttpStatusCode.Forbidden, (await GetAsync(url)).Status);
        Assert.All(await PlayAsync(after), answer =>
        {
            Assert.Equal(HttpStatusCode.OK, answer.Status);
            Assert.Contains($"Key-Pair-Id={_new.Id}", answer.Url, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task A_revoked_ticket_gets_no_multivariant_playlist_once_the_edges_copy_is_half_a_minute_old_while_media_goes_on_until_its_signature_ends()
    {
        await using var server = await StartAsync(_old, "video");
        await PlaylistEndpointTests.PutVideoAsync(server);
        await server.PutAsync($"videos/{Video}/a1/720p/00000.ts", "segment");
        var opened = await PlayAsync(server);
        void Wait(TimeSpan time)
        {
            _edgeClock.Advance(time);
            server.Clock.Advance(time);
        }

        using (var revoked = await server.GetAsync($"/videos/{Video}/tickets", server.Token(Video, "video:ingest"), HttpMethod.Delete))
            Assert.Equal(HttpStatusCode.NoContent, revoked.StatusCode);
        Wait(TimeSpan.FromSeconds(29));
        Assert.All(await StatusesAsync(opened), status => Assert.Equal(HttpStatusCode.OK, status));
        Wait(TimeSpan.FromSeconds(1));
        Assert.Equal([HttpStatusCode.Forbidden, HttpStatusCode.OK, HttpStatusCode.OK], await StatusesAsync(opened));
        Assert.All(await PlayAsync(server), answer => Assert.Equal(HttpStatusCode.OK, answer.Status)); // a new ticket
        Wait(TimeSpan.FromHours(25));
        Assert.All(await StatusesAsync(opened), status => Assert.Equal(HttpStatusCode.Forbidden, status));
    }

    private async Task<List<HttpStatusCode>> StatusesAsync(List<(string Url, HttpStatusCode Status, string Cache)> answers)
    {
        var statuses = new List<HttpStatusCode>();
        foreach (var (url, _, _) in answers)
            statuses.Add((await GetAsync(url)).Status);
        return statuses;
    }

    private static Dictionary<string, string> Group(CloudFrontKeyPair pair) => new() { [pair.Id] = pair.PublicPem };

    /// <summary>Starts the function with a key and lets the gateway send calls to it.</summary>
    private async Task<SignPlaylistServer> StartAsync(CloudFrontKeyPair pair, string policy)
    {
        var server = await SignPlaylistServer.StartAsync(
            new() { ["CLOUDFRONT_URL"] = _edge.Address, ["KEY_PAIR_ID"] = pair.Id, ["SIGNING_POLICY"] = policy },
            _store, pair.PrivatePem);
        _gateway.Register("sign-playlist", server.Client.BaseAddress!);
        return server;
    }

    /// <summary>Gets a ticket, the multivariant playlist, a media playlist and a segment as a player does.</summary>
    private async Task<List<(string Url, HttpStatusCode Status, string Cache)>> PlayAsync(SignPlaylistServer server)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{_gateway.Address}/function/sign-playlist/videos/{Video}");
        request.Headers.Authorization = new("Bearer", server.Token(Video));
        using var ticket = await _http.SendAsync(request);
        var url = JsonDocument.Parse(await ticket.Content.ReadAsStringAsync()).RootElement.GetProperty("url").GetString()!;
        var answers = new List<(string, HttpStatusCode, string)>();
        for (var depth = 0; depth < 3; depth++)
        {
            var (status, cache, body) = await GetAsync(url);
            answers.Add((url, status, cache));
            if (body.Split('\n').FirstOrDefault(line => line.Length > 0 && line[0] != '#') is { } uri && body.StartsWith("#EXTM3U", StringComparison.Ordinal))
                url = new Uri(new Uri(url), uri).AbsoluteUri;
        }
        return answers;
    }

    private async Task<(HttpStatusCode Status, string Cache, string Body)> GetAsync(string url)
    {
        using var answer = await _http.GetAsync(url);
        return (answer.StatusCode, answer.Headers.TryGetValues("X-Cache", out var cache) ? cache.Single() : "", await answer.Content.ReadAsStringAsync());
    }
}
