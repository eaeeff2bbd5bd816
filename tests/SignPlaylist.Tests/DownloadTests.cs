using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;

namespace SignPlaylist.Tests;

/// <summary>Tickets for files to keep.</summary>
public sealed class DownloadTests : IAsyncLifetime
{
    private const string Video = "3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77";
    private const string Other = "7b2c9d1e-0000-4000-8000-000000000001";
    private const string Scope = "video:download";
    private static readonly long s_now = SignPlaylistServer.Start.ToUnixTimeSeconds();
    private static readonly long s_end = new DateTimeOffset(2027, 1, 16, 9, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds();
    private SignPlaylistServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await SignPlaylistServer.StartAsync();
        await PlaylistEndpointTests.PutVideoAsync(_server);
        await PutManifestAsync(
            """{"duration":5,"renditions":[],"downloads":[{"rendition":"1080p","key":"x","size":5},{"rendition":"720p","key":"y","size":4}]}""");
        await PutTitleAsync("Holiday");
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData("?rendition=720p", "720p", 4)]
    [InlineData("?rendition=1080p", "1080p", 5)]
    [InlineData("", "1080p", 5)]
    public async Task A_ticket_opens_one_file_until_its_end_under_the_name_of_the_video(string query, string rendition, long size)
    {
        using var answer = await _server.GetAsync($"/videos/{Video}/download{query}", _server.Token(Video, Scope));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.True(answer.Headers.CacheControl?.NoStore);
        var ticket = await ReadAsync(answer);
        Assert.Equal(
            (rendition, size, s_end),
            (ticket.GetProperty("rendition").GetString(), ticket.GetProperty("size").GetInt64(), ticket.GetProperty("expires").GetInt64()));

        var url = ticket.GetProperty("url").GetString()!;
        Assert.StartsWith(
            $"https://cdn.example/downloads/{Video}/a1/{rendition}.mp4?response-content-disposition=attachment%3B", url, StringComparison.Ordinal);
        Assert.Equal("attachment; filename=Holiday.mp4; filename*=UTF-8''Holiday.mp4", DispositionOf(url));
        // CloudFront makes the statement of a canned policy from the URL itself: no other object, end or name has this signature.
        var signed = url[..url.IndexOf("&Expires=", StringComparison.Ordinal)];
        Assert.StartsWith($"&Expires={s_end}&Key-Pair-Id=K1&Signature=", url[signed.Length..], StringComparison.Ordinal);
        Assert.True(Verifies(signed, s_end, url));
        Assert.False(Verifies(signed.Replace($"{rendition}.mp4", "540p.mp4", StringComparison.Ordinal), s_end, url));
        Assert.False(Verifies(signed, s_end + 1, url));
    }

    [Fact]
    public async Task A_token_that_plays_shares_or_uploads_keeps_nothing_and_one_that_keeps_files_does_not_play()
    {
        foreach (var scope in (string[])["video:play", "video:share", "video:ingest", "video:downloads", ""])
            Assert.Equal(HttpStatusCode.Forbidden, (await DownloadAsync(_server.Token(Video, scope))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await DownloadAsync(_server.Token(Other, Scope))).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await DownloadAsync(token: null)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _server.GetAsync($"/videos/{Video}/download?token={_server.Token(Video, Scope)}")).StatusCode);
        var query = await PlaylistEndpointTests.TicketQueryAsync(_server, until: null);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _server.GetAsEdgeAsync($"/videos/{Video}/download?{query}")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await _server.GetAsync($"/videos/{Video}", _server.Token(Video, Scope))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await _server.GetAsync($"/videos/{Video}/multivariant.m3u8", _server.Token(Video, Scope))).StatusCode);
    }

    [Theory]
    [InlineData("540p")]
    [InlineData("")]
    [InlineData("720p.mp4")]
    [InlineData("..%2f..%2fother%2fa1%2f720p")]
    [InlineData("*")]
    [InlineData("720P")]
    public async Task Only_what_the_manifest_names_can_be_kept(string rendition) =>
        Assert.Equal(HttpStatusCode.NotFound, (await DownloadAsync(_server.Token(Video, Scope), $"?rendition={rendition}")).StatusCode);

    [Theory]
    [InlineData("""{"duration":5,"renditions":[]}""", 404)] // DOWNLOADS was empty
    [InlineData("""{"downloads":[{"rendition":"a/*","size":1}]}""", 404)] // none of ours
    [InlineData("""{"downloads":[""", 502)]
    [InlineData(null, 404)] // of 0.1.0
    public async Task A_video_without_files_has_none(string? manifest, int status)
    {
        if (manifest is null)
            await _server.Store.DeleteAsync([$"videos/{Video}/a1/manifest.json"], CancellationToken.None);
        else
            await PutManifestAsync(manifest);
        Assert.Equal(status, (int)(await DownloadAsync(_server.Token(Video, Scope))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _server.GetAsync($"/videos/{Other}/download", _server.Token(Other, Scope))).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await _server.GetAsync("/videos/nothing/download", _server.Token(scope: Scope))).StatusCode);
    }

    [Fact]
    public async Task A_video_that_is_only_playable_yet_has_no_files()
    {
        await _server.PutAsync(
            $"videos/{Other}/multivariant.m3u8",
            "#EXTM3U\n" + Reelseal.PublicationStages.TagOf(Reelseal.PublicationStage.Playable) + "#EXT-X-STREAM-INF:BANDWIDTH=1\na1/720p/playlist.m3u8\n");
        await _server.PutAsync($"videos/{Other}/a1/manifest.json", """{"downloads":[{"rendition":"720p","size":1}]}""");
        Assert.Equal(HttpStatusCode.NotFound, (await _server.GetAsync($"/videos/{Other}/download", _server.Token(Other, Scope))).StatusCode);
    }

    [Fact]
    public async Task A_ticket_does_not_outlive_the_until_of_its_token()
    {
        var ticket = await ReadAsync(await DownloadAsync(_server.Token(Video, Scope, until: s_now + 600)));
        Assert.Equal(s_now + 600, ticket.GetProperty("expires").GetInt64());
    }

    [Theory]
    [InlineData("Grüße aus Köln", "attachment; filename=\"Gr__e aus K_ln.mp4\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20aus%20K%C3%B6ln.mp4")]
    [InlineData("日本語", "attachment; filename=___.mp4; filename*=UTF-8''%E6%97%A5%E6%9C%AC%E8%AA%9E.mp4")]
    [InlineData("a/b\\\\c:d*e?f\\\"g<h>i|j", "attachment; filename=a_b_c_d_e_f_g_h_i_j.mp4; filename*=UTF-8''a_b_c_d_e_f_g_h_i_j.mp4")]
    [InlineData("../../etc/passwd", "attachment; filename=_.._etc_passwd.mp4; filename*=UTF-8''_.._etc_passwd.mp4")]
    [InlineData("a\\u202e4pm.exe\\r\\nSet-Cookie: x", "attachment; filename=\"a4pm.exeSet-Cookie_ x.mp4\"; filename*=UTF-8''a4pm.exeSet-Cookie_%20x.mp4")]
    [InlineData("100% 'sure' & $HOME", "attachment; filename=\"100% 'sure' & $HOME.mp4\"; filename*=UTF-8''100%25%20%27sure%27%20&%20$HOME.mp4")]
    [InlineData("...", "attachment; filename=video.mp4; filename*=UTF-8''video.mp4")]
    public async Task The_name_is_the_title_without_what_would_mean_something(string title, string disposition)
    {
        await PutTitleAsync(title);
        var url = await UrlAsync();
        Assert.Equal(disposition, DispositionOf(url));
        Assert.Equal(new Uri(url).AbsoluteUri, url); // nothing that a client would write in another way
        Assert.DoesNotContain('*', url);
    }

    [Fact]
    public async Task A_long_title_is_cut_a_new_one_counts_at_once_and_without_one_it_is_the_id()
    {
        await PutTitleAsync(string.Concat(Enumerable.Repeat("👩‍🚀", 200)));
        var url = await UrlAsync();
        Assert.InRange(url.Length, 0, 8192);
        Assert.InRange(Encoding.UTF8.GetByteCount(Uri.UnescapeDataString(DispositionOf(url).Split("''")[1])), 190, 204);

        await PutTitleAsync("Renamed");
        Assert.Contains("Renamed.mp4", await UrlAsync(), StringComparison.Ordinal);

        await _server.Store.DeleteAsync([$"status/{Video}.json"], CancellationToken.None);
        Assert.Contains($"{Video}.mp4", await UrlAsync(), StringComparison.Ordinal);
    }

    private Task<HttpResponseMessage> DownloadAsync(string? token, string query = "") => _server.GetAsync($"/videos/{Video}/download{query}", token);

    private async Task<string> UrlAsync() =>
        (await ReadAsync(await DownloadAsync(_server.Token(Video, Scope)))).GetProperty("url").GetString()!;

    private Task PutManifestAsync(string manifest) => _server.PutAsync($"videos/{Video}/a1/manifest.json", manifest);

    private Task PutTitleAsync(string title) => _server.PutAsync($"status/{Video}.json", $$"""{"id":"{{Video}}","title":"{{title}}","state":"ready"}""");

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage answer) =>
        JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;

    private static string DispositionOf(string url) => QueryHelpers.ParseQuery(new Uri(url).Query)["response-content-disposition"].Single()!;

    private bool Verifies(string resource, long expires, string url)
    {
        using var rsa = RSA.Create();
        rsa.ImportFromPem(_server.SigningKeyPem);
        var signature = url.Split("&Signature=")[1].Split('&')[0].Replace('-', '+').Replace('_', '=').Replace('~', '/');
        return rsa.VerifyData(
            Encoding.ASCII.GetBytes(
                $$"""{"Statement":[{"Resource":"{{resource}}","Condition":{"DateLessThan":{"AWS:EpochTime":""" + expires + "}}}]}"),
            Convert.FromBase64String(signature), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }
}
