using System.Net;
using System.Text.Json;
using Reelseal.Revocation;
using Reelseal.Storage;
using Reelseal.Testing;

namespace SignPlaylist.Tests;

/// <summary>Two replicas at one store: what is revoked at one is refused by the other within two seconds.</summary>
public sealed class RevocationTests : IAsyncLifetime
{
    private const string Video = "3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77";
    private const string Other = "7b2c9d1e-0000-4000-8000-000000000001";
    private const string Multivariant = $"/videos/{Video}/multivariant.m3u8";
    private const string Media = $"/videos/{Video}/a1/720p/playlist.m3u8";
    private readonly TemporaryDirectory _folder = new();
    private SignPlaylistServer _here = null!;
    private SignPlaylistServer _elsewhere = null!;

    public async ValueTask InitializeAsync()
    {
        _here = await SignPlaylistServer.StartAsync(store: new DirectoryObjectStore(_folder.Path, TimeSpan.FromSeconds(5)));
        _elsewhere = await SignPlaylistServer.StartAsync(store: new DirectoryObjectStore(_folder.Path, TimeSpan.FromSeconds(5)));
        await PlaylistEndpointTests.PutVideoAsync(_here);
        await _here.PutAsync($"videos/{Other}/multivariant.m3u8", "#EXTM3U\n");
    }

    public async ValueTask DisposeAsync()
    {
        await _here.DisposeAsync();
        await _elsewhere.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Raising_the_epoch_ends_the_tickets_and_share_links_of_a_video_and_those_made_afterwards_work()
    {
        var query = await PlaylistEndpointTests.TicketQueryAsync(_here, until: null);
        var link = await LinkAsync();
        var before = new[] { $"{Multivariant}?{query}", $"{Media}?{query}" };
        foreach (var url in before)
            Assert.Equal(HttpStatusCode.OK, (await _elsewhere.GetAsEdgeAsync(url)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await _elsewhere.GetAsync(link)).StatusCode);

        await ChangeAsync(HttpMethod.Delete, $"/videos/{Video}/tickets", _here.Token(Video, "video:ingest"));
        Assert.Equal(HttpStatusCode.Forbidden, (await _here.GetAsEdgeAsync(before[0])).StatusCode); // at once where it was revoked
        Wait();
        foreach (var url in before)
            Assert.Equal(HttpStatusCode.Forbidden, (await _elsewhere.GetAsEdgeAsync(url)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await _elsewhere.GetAsync(link)).StatusCode);

        var after = await PlaylistEndpointTests.TicketQueryAsync(_elsewhere, until: null);
        Assert.Equal(HttpStatusCode.OK, (await _here.GetAsEdgeAsync($"{Multivariant}?{after}")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await _here.GetAsync(await LinkAsync())).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await _here.GetAsync(Multivariant, _here.Token(Video))).StatusCode); // a token is not a ticket
    }

    [Theory]
    [InlineData("tokens", "4f3c")]
    [InlineData("subjects", "auth0|5f7c8ec7c33c6c004bbafe82")]
    [InlineData("subjects", "jemand@example.org")]
    [InlineData("subjects", "spiffe/team/a b")]
    [InlineData("subjects", "latest")]
    public async Task A_token_that_was_revoked_gets_neither_playlists_nor_tickets_until_it_is_accepted_again(string kind, string name)
    {
        var admin = _here.Token(scope: "video:ingest");
        var token = kind == "tokens" ? _here.Token(Video, id: name, subject: "someone") : _here.Token(Video, id: "some", subject: name);
        var bystander = kind == "tokens" ? _here.Token(Video, id: "another", subject: "someone") : _here.Token(Video, id: "some", subject: "someone");
        async Task AnswersAsync(HttpStatusCode expected)
        {
            foreach (var path in (string[])[Multivariant, Media, $"/videos/{Video}"])
            {
                Assert.Equal(expected, (await _elsewhere.GetAsync(path, token)).StatusCode);
                Assert.Equal(expected, (await _elsewhere.GetAsync($"{path}?token={token}")).StatusCode);
                Assert.Equal(HttpStatusCode.OK, (await _elsewhere.GetAsync(path, bystander)).StatusCode);
            }
        }

        await AnswersAsync(HttpStatusCode.OK);
        await ChangeAsync(HttpMethod.Put, $"/revocations/{kind}/{Uri.EscapeDataString(name)}", admin);
        Wait();
        await AnswersAsync(HttpStatusCode.Unauthorized);
        await ChangeAsync(HttpMethod.Delete, $"/revocations/{kind}/{Uri.EscapeDataString(name)}", admin);
        Wait();
        await AnswersAsync(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Names_that_are_missing_or_too_long_are_a_bad_request()
    {
        var admin = _here.Token(scope: "video:ingest");
        foreach (var path in (string[])["/revocations/tokens/", "/revocations/subjects", $"/revocations/subjects/{new string('x', 1025)}"])
            Assert.Equal(HttpStatusCode.BadRequest, (await _here.GetAsync(path, admin, HttpMethod.Put)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await _here.GetAsync("/videos/nothing/tickets", admin, HttpMethod.Delete)).StatusCode);
    }

    [Fact]
    public async Task A_preflight_allows_the_methods_that_revoke()
    {
        using var preflight = await _here.GetAsync(
            "/revocations/tokens/x", null, HttpMethod.Options,
            ("Origin", "https://a.example"), ("Access-Control-Request-Method", "PUT"));
        Assert.Equal("GET, HEAD, PUT, DELETE, OPTIONS", preflight.Headers.GetValues("Access-Control-Allow-Methods").Single());
    }

    private void Wait()
    {
        foreach (var replica in (SignPlaylistServer[])[_here, _elsewhere])
            replica.Clock.Advance(Revocations.Freshness);
    }

    private async Task ChangeAsync(HttpMethod method, string path, string token)
    {
        using var answer = await _here.GetAsync(path, token, method);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
    }

    private async Task<string> LinkAsync()
    {
        using var answer = await _here.GetAsync($"/videos/{Video}/share", _here.Token(Video, "video:share"));
        var link = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
        return $"/videos/{Video}?until={link.GetProperty("until").GetInt64()}&share={link.GetProperty("share").GetString()}";
    }
}
