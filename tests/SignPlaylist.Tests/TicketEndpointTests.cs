using System.Net;
using System.Text.Json;

namespace SignPlaylist.Tests;

public sealed class TicketEndpointTests : IAsyncLifetime
{
    private const string Video = "3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77";
    private static readonly long s_now = SignPlaylistServer.Start.ToUnixTimeSeconds();
    private static readonly long s_end = new DateTimeOffset(2027, 1, 16, 9, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds();
    private SignPlaylistServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await SignPlaylistServer.StartAsync(new() { ["COOKIE_DOMAIN"] = "example.com", ["CORS_ORIGIN"] = "https://www.example.com" });
        await PlaylistEndpointTests.PutVideoAsync(_server);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Gives_the_signed_URL_of_the_multivariant_playlist_and_a_query_for_the_rest()
    {
        using var answer = await _server.GetAsync($"/videos/{Video}", _server.Token(Video));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.True(answer.Headers.CacheControl?.NoStore);
        var ticket = await TicketAsync(answer);
        Assert.StartsWith($"https://cdn.example/videos/{Video}/multivariant.m3u8?until={s_end}&proof=", ticket.Url, StringComparison.Ordinal);
        Assert.EndsWith("&" + ticket.Query, ticket.Url, StringComparison.Ordinal);
        Assert.Equal(s_end, ticket.Expires);
        Assert.Equal(
            $$"""{"Statement":[{"Resource":"https://cdn.example/videos/{{Video}}/*","Condition":{"DateLessThan":{"AWS:EpochTime":""" + s_end + "}}}]}",
            PlaylistEndpointTests.PolicyOf(ticket.Url));
    }

    [Fact]
    public async Task Keeps_an_explicit_end_exactly_and_caps_it()
    {
        Assert.Equal(s_now + 61, (await TicketAsync($"?until={s_now + 61}")).Expires);
        Assert.Equal(s_end, (await TicketAsync($"?until={s_end + 1}")).Expires);
        Assert.Equal(s_now + 600, (await TicketAsync($"?until={s_end}", until: s_now + 600)).Expires);
        Assert.Equal(s_now + 600, (await TicketAsync("", until: s_now + 600)).Expires);
    }

    [Fact]
    public async Task An_end_must_be_after_the_present_second()
    {
        Assert.Equal(HttpStatusCode.BadRequest, (await _server.GetAsync($"/videos/{Video}?until={s_now}", _server.Token(Video))).StatusCode);
        Assert.Equal(s_now + 1, (await TicketAsync($"?until={s_now + 1}")).Expires);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("soon")]
    [InlineData("1800000000.5")]
    [InlineData("99999999999999999999")]
    [InlineData("9223372036854775807")]
    [InlineData("01800001000")]
    public async Task Refuses_an_end_that_is_not_in_the_future(string until) =>
        Assert.Equal(HttpStatusCode.BadRequest, (await _server.GetAsync($"/videos/{Video}?until={until}", _server.Token(Video))).StatusCode);

    [Fact]
    public async Task Gives_cookies_that_reach_CloudFront_and_only_for_this_video()
    {
        using var answer = await _server.GetAsync($"/videos/{Video}?cookies=true", _server.Token(Video));
        var cookies = answer.Headers.GetValues("Set-Cookie").ToList();
        Assert.Equal(
            ["CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id", "CloudFront-Hash-Algorithm"],
            cookies.Select(cookie => cookie.Split('=')[0]));
        Assert.All(cookies, cookie =>
        {
            Assert.Contains($"; domain=example.com; path=/videos/{Video}/; secure; samesite=none; httponly", cookie, StringComparison.Ordinal);
            Assert.Contains("; expires=Sat, 16 Jan 2027 09:00:00 GMT", cookie, StringComparison.Ordinal);
        });
        Assert.Equal("https://www.example.com", answer.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal("true", answer.Headers.GetValues("Access-Control-Allow-Credentials").Single());
    }

    [Fact]
    public async Task Refuses_cookies_that_would_never_reach_CloudFront()
    {
        await using var server = await SignPlaylistServer.StartAsync();
        await PlaylistEndpointTests.PutVideoAsync(server);
        Assert.Equal(HttpStatusCode.BadRequest, (await server.GetAsync($"/videos/{Video}?cookies=true", server.Token(Video))).StatusCode);
    }

    [Fact]
    public async Task With_a_policy_for_each_URL_there_is_no_query_that_opens_more()
    {
        await using var server = await SignPlaylistServer.StartAsync(new() { ["SIGNING_POLICY"] = "url", ["COOKIE_DOMAIN"] = "example.com" });
        await PlaylistEndpointTests.PutVideoAsync(server);
        var ticket = await TicketAsync(await server.GetAsync($"/videos/{Video}", server.Token(Video)));
        Assert.Null(ticket.Query);
        Assert.Contains($"&Expires={s_end}&Key-Pair-Id=K1&Signature=", ticket.Url, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await server.GetAsync($"/videos/{Video}?cookies=true", server.Token(Video))).StatusCode);
    }

    [Fact]
    public async Task Is_401_without_a_token_403_with_the_wrong_one_404_without_a_video_and_400_without_an_id()
    {
        Assert.Equal(HttpStatusCode.Unauthorized, (await _server.GetAsync($"/videos/{Video}")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _server.GetAsEdgeAsync($"/videos/{Video}")).StatusCode); // token only
        Assert.Equal(HttpStatusCode.Forbidden, (await _server.GetAsync($"/videos/{Video}", _server.Token(Video, scope: "video:ingest"))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await _server.GetAsync($"/videos/{Video}", _server.Token("7b2c9d1e-0000-4000-8000-000000000001"))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _server.GetAsync("/videos/7b2c9d1e-0000-4000-8000-000000000001", _server.Token())).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await _server.GetAsync("/videos/nothing", _server.Token())).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await _server.GetAsync($"/videos/{Video}?token={_server.Token(Video)}", _server.Token(Video))).StatusCode);
    }

    private async Task<(string Url, string? Query, long Expires)> TicketAsync(string query, long? until = null) =>
        await TicketAsync(await _server.GetAsync($"/videos/{Video}{query}", _server.Token(Video, until: until)));

    private static async Task<(string Url, string? Query, long Expires)> TicketAsync(HttpResponseMessage answer)
    {
        using (answer)
        {
            var ticket = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
            return (ticket.GetProperty("url").GetString()!, ticket.GetProperty("query").GetString(), ticket.GetProperty("expires").GetInt64());
        }
    }
}
