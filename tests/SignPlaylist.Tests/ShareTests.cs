using System.Net;
using System.Text.Json;
using Reelseal;
using Reelseal.Storage;

namespace SignPlaylist.Tests;

public sealed class ShareTests : IAsyncLifetime
{
    private const string Video = "3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77";
    private const string Other = "7b2c9d1e-0000-4000-8000-000000000001";
    private static readonly long s_now = SignPlaylistServer.Start.ToUnixTimeSeconds();
    private SignPlaylistServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await SignPlaylistServer.StartAsync();
        await PlaylistEndpointTests.PutVideoAsync(_server);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData("video:share")]
    [InlineData("video:ingest")]
    public async Task A_short_link_gives_tickets_without_a_token_until_its_end_and_outlives_each_of_them(string scope)
    {
        var until = SignPlaylistServer.Start.AddDays(7).AddSeconds(1);
        using var answer = await _server.GetAsync($"/videos/{Video}/share?until={until.ToUnixTimeSeconds()}", _server.Token(Video, scope));
        Assert.True(answer.Headers.CacheControl?.NoStore);
        var link = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal((Video, until.ToUnixTimeSeconds()), (link.GetProperty("video").GetString(), link.GetProperty("until").GetInt64()));
        var share = link.GetProperty("share").GetString()!;
        Assert.InRange($"https://d111111abcdef8.cloudfront.net/site/#video={Video}&until={until.ToUnixTimeSeconds()}&share={share}".Length, 1, 200);

        for (var day = 0; day < 7; day++, _server.Clock.Advance(TimeSpan.FromDays(1)))
        {
            using var ticket = await RedeemAsync(until.ToUnixTimeSeconds(), share);
            Assert.Equal(HttpStatusCode.OK, ticket.StatusCode);
            Assert.True(ticket.Headers.CacheControl?.NoStore);
            var (url, expires) = await TicketAsync(ticket);
            Assert.InRange(
                expires,
                _server.Clock.GetUtcNow().ToUnixTimeSeconds() + 1,
                long.Min(until.ToUnixTimeSeconds(), _server.Clock.GetUtcNow().AddHours(25).ToUnixTimeSeconds()));
            using var playlist = await _server.GetAsEdgeAsync($"/videos/{Video}/multivariant.m3u8?{string.Join('&', url.Split('?')[1].Split('&').Take(3))}");
            Assert.Equal(HttpStatusCode.OK, playlist.StatusCode);
        }
        _server.Clock.Advance(TimeSpan.FromSeconds(1));
        using var ended = await RedeemAsync(until.ToUnixTimeSeconds(), share);
        Assert.Equal(HttpStatusCode.Forbidden, ended.StatusCode);
        Assert.True(ended.Headers.CacheControl?.NoStore);
    }

    [Fact]
    public async Task A_link_opens_its_own_video_until_its_own_end_and_nothing_else()
    {
        var (until, share) = await ShareAsync(s_now + 3600);
        var mac = share.Split('.')[1];
        var query = await PlaylistEndpointTests.TicketQueryAsync(_server, s_now + 3600);
        await _server.PutAsync($"videos/{Other}/multivariant.m3u8", "#EXTM3U\n");
        foreach (var (path, status) in (IEnumerable<(string, int)>)
        [
            ($"/videos/{Other}?until={until}&share={share}", 403), ($"/videos/{Video}?until={until + 1}&share={share}", 403),
            ($"/videos/{Video}?until=0{until}&share={share}", 400),
            ($"/videos/{Video}?share={share}", 400), ($"/videos/{Video}?until=99999999999999999999&share={share}", 400),
            ($"/videos/{Video}?until=253402300799&share={share}", 403),
            ($"/videos/{Video}?until={until}&share=", 403), ($"/videos/{Video}?until={until}&share=.{mac}", 403),
            ($"/videos/{Video}?until={until}&share=1.{mac}", 403),
            ($"/videos/{Video}?until={until}&share=-0.{mac}", 403), ($"/videos/{Video}?until={until}&share={mac}", 403),
            ($"/videos/{Video}?until={until}&share={share[..^1]}", 403),
            ($"/videos/{Video}?until={until}&share={share}%3D", 403), ($"/videos/{Video}?until={until}&share={share}&share={share}", 403),
            ($"/videos/{Video}?until={until}&share=%00%ED%A0%80", 403),
            ($"/videos/{Video}?until={until}&share=0.{query.Split("proof=")[1].Split('&')[0]}", 403),
            ($"/videos/{Video}/multivariant.m3u8?until={until}&share={share}", 401),
            ($"/videos/{Video}/share?until={until}&share={share}", 401), ($"/videos/{Video}?until={until}&share={share}", 200),
        ])
            Assert.True((int)(await _server.GetAsync(path)).StatusCode == status, path);
        Assert.Equal(
            HttpStatusCode.Forbidden,
            (await _server.GetAsEdgeAsync($"/videos/{Video}/multivariant.m3u8?until={until}&proof={mac}&key=K1")).StatusCode);
    }

    [Fact]
    public async Task A_forged_link_makes_no_request_to_the_store()
    {
        await using var server = await SignPlaylistServer.StartAsync(store: new NoStore());
        using var answer = await server.GetAsync($"/videos/{Video}?until={s_now + 60}&share=0.{new string('A', 43)}");
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Fact]
    public async Task A_link_ends_within_thirty_days_or_as_the_setting_or_the_token_says()
    {
        const long month = 30 * 24 * 3600;
        Assert.Equal(s_now + month, (await ShareAsync(until: null)).Until);
        Assert.Equal(s_now + month, (await ShareAsync(s_now + month)).Until);
        string[] ends = [$"{s_now + month + 1}", $"{s_now}", "0", "-1", "soon", $"0{s_now + 60}", "99999999999999999999", "9223372036854775807", ""];
        foreach (var until in ends)
            Assert.Equal(
                HttpStatusCode.BadRequest,
                (await _server.GetAsync($"/videos/{Video}/share?until={until}", _server.Token(Video, "video:share"))).StatusCode);
        var bounded = _server.Token(Video, "video:share", until: s_now + 600);
        Assert.Equal(HttpStatusCode.BadRequest, (await _server.GetAsync($"/videos/{Video}/share?until={s_now + 601}", bounded)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await _server.GetAsync($"/videos/{Video}/share?until={s_now + 600}", bounded)).StatusCode);

        await using var server = await SignPlaylistServer.StartAsync(new() { ["SHARE_LIFETIME"] = "1h" });
        await PlaylistEndpointTests.PutVideoAsync(server);
        Assert.Equal(
            HttpStatusCode.BadRequest,
            (await server.GetAsync($"/videos/{Video}/share?until={s_now + 3601}", server.Token(Video, "video:share"))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await server.GetAsync($"/videos/{Other}/share", server.Token(Other, "video:share"))).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await server.GetAsync("/videos/nothing/share", server.Token(scope: "video:share"))).StatusCode);
    }

    [Fact]
    public async Task A_link_made_with_the_previous_origin_secret_still_opens()
    {
        var previous = new OriginProof([SignPlaylistServer.PreviousOriginSecret]);
        var until = SignPlaylistServer.Start.AddDays(1);
        var share = previous.ShareFor(VideoId.Parse(Video, provider: null), until, epoch: 0);
        Assert.Equal(HttpStatusCode.OK, (await RedeemAsync(until.ToUnixTimeSeconds(), share)).StatusCode);
    }

    private Task<HttpResponseMessage> RedeemAsync(long until, string share) => _server.GetAsync($"/videos/{Video}?until={until}&share={share}");

    private async Task<(long Until, string Share)> ShareAsync(long? until)
    {
        using var answer = await _server.GetAsync($"/videos/{Video}/share" + (until is null ? "" : $"?until={until}"), _server.Token(Video, "video:share"));
        var link = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
        return (link.GetProperty("until").GetInt64(), link.GetProperty("share").GetString()!);
    }

    private static async Task<(string Url, long Expires)> TicketAsync(HttpResponseMessage answer)
    {
        var ticket = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
        return (ticket.GetProperty("url").GetString()!, ticket.GetProperty("expires").GetInt64());
    }

    /// <summary>A store that must not be asked for anything.</summary>
    private sealed class NoStore : IObjectStore
    {
        public Task<ObjectEntry?> HeadAsync(string key, CancellationToken cancellationToken) => throw new InvalidOperationException(key);

        public Task<StoredObject?> GetAsync(string key, ByteRange? range, string? unlessETag, CancellationToken cancellationToken) =>
            throw new InvalidOperationException(key);

        public Task<string?> PutAsync(string key, Stream content, WriteCondition condition, CancellationToken cancellationToken) =>
            throw new InvalidOperationException(key);

        public Task<bool> CopyAsync(string from, string to, CancellationToken cancellationToken) => throw new InvalidOperationException(from);

        public Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken) => throw new InvalidOperationException();

        public IAsyncEnumerable<ObjectEntry> ListAsync(string prefix, string? startAfter, CancellationToken cancellationToken) =>
            throw new InvalidOperationException(prefix);
    }
}
