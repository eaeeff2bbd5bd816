using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Text;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;
using Reelseal;
using SignPlaylist.Playlists;

namespace SignPlaylist.Tests;

public sealed class PlaylistEndpointTests : IAsyncLifetime
{
    private const string Video = "3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77";
    private const string Other = "7b2c9d1e-0000-4000-8000-000000000001";
    private const string Multivariant = $"/videos/{Video}/multivariant.m3u8";
    private const string Media = $"/videos/{Video}/a1/720p/playlist.m3u8";
    private static readonly DateTimeOffset s_end = new(2027, 1, 16, 9, 0, 0, TimeSpan.Zero); // a day on, rounded up to the hour
    private SignPlaylistServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await SignPlaylistServer.StartAsync();
        await PutVideoAsync(_server);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_viewer_with_a_token_gets_absolute_signed_segments_and_relative_playlists()
    {
        using var multivariant = await _server.GetAsync(Multivariant, _server.Token(Video));
        Assert.Equal(HttpStatusCode.OK, multivariant.StatusCode);
        Assert.Equal("application/vnd.apple.mpegurl", multivariant.Content.Headers.ContentType?.ToString());
        Assert.EndsWith("\na1/720p/playlist.m3u8\n", await multivariant.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        using var media = await _server.GetAsync(Media, _server.Token(Video));
        Assert.Contains($"\nhttps://cdn.example/videos/{Video}/a1/720p/00000.ts?Policy=", await media.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(
            "private, max-age=43200",
            media.Headers.CacheControl?.ToString().Replace("max-age=43200, private", "private, max-age=43200", StringComparison.Ordinal));
        Assert.Equal("no-referrer", media.Headers.GetValues("Referrer-Policy").Single());
    }

    [Fact]
    public async Task A_token_in_the_query_is_carried_over_to_the_other_playlists()
    {
        var token = _server.Token(Video);
        using var multivariant = await _server.GetAsync($"{Multivariant}?token={token}");
        Assert.EndsWith($"\na1/720p/playlist.m3u8?token={token}\n", await multivariant.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var media = await _server.GetAsync($"{Media}?token={token}");
        Assert.DoesNotContain("token", await media.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SignPlaylistServer.OriginSecret)]
    [InlineData(SignPlaylistServer.PreviousOriginSecret)]
    public async Task CloudFront_gets_relative_signed_URIs_that_end_with_the_ticket(string secret)
    {
        var query = await TicketQueryAsync(_server, until: null);
        using var multivariant = await _server.GetAsEdgeAsync($"{Multivariant}?{query}", secret);
        Assert.Equal(HttpStatusCode.OK, multivariant.StatusCode);
        Assert.Contains($"\na1/720p/playlist.m3u8?{query}&Policy=", await multivariant.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var media = await _server.GetAsEdgeAsync($"{Media}?{query}", secret);
        var body = await media.Content.ReadAsStringAsync();
        Assert.Contains("\n00000.ts?Policy=", body, StringComparison.Ordinal);
        Assert.Equal(s_end.ToUnixTimeSeconds(), EndOf(body));
        Assert.True(media.Headers.CacheControl?.Public);
        Assert.Equal(s_end - SignPlaylistServer.Start, media.Headers.CacheControl?.MaxAge);
    }

    [Fact]
    public async Task Without_a_proof_that_fits_and_lasts_the_origin_header_opens_nothing()
    {
        var query = await TicketQueryAsync(_server, until: null);
        var until = query.Split('&')[0];
        var later = query.Replace(until, $"until={s_end.AddDays(1).ToUnixTimeSeconds()}", StringComparison.Ordinal);
        foreach (var refused in new[]
        {
            Multivariant, $"{Multivariant}?{until}", $"{Multivariant}?{later}", $"/videos/{Other}/multivariant.m3u8?{query}", $"{Multivariant}?{query}&{query}",
            $"{Multivariant}?{query[..query.LastIndexOf('&')]}", $"{Multivariant}?{query[..^1]}", $"{Multivariant}?{query}2",
            $"{Multivariant}?{query}%00", $"{Multivariant}?{query}&key=K2",
        })
            Assert.Equal(HttpStatusCode.Forbidden, (await _server.GetAsEdgeAsync(refused)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await _server.GetAsEdgeAsync($"{Multivariant}?{query}", "another-secret")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await _server.GetAsEdgeAsync($"{Multivariant}?{query}", "")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _server.GetAsync($"{Multivariant}?{query}")).StatusCode);
    }

    [Theory]
    [InlineData("key=K1&until={until}&proof=!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!")]
    [InlineData("key=K1&until={until}&proof={proof but for its last character}B")] // an unused bit is set: the same bytes to a lenient decoder
    [InlineData("key=K1&until={until}&proof={proof}%3D")]
    [InlineData("key=K1&until={until}&proof=%20{proof}")]
    [InlineData("key=K1&until={until}&proof=%ED%A0%80{proof}")]
    [InlineData("key=K1&until={until}&proof=")]
    [InlineData("key=K1&until=0{until}&proof={proof}")]
    [InlineData("key=K1&until=%2B{until}&proof={proof}")]
    [InlineData("key=K1&until={until}.0&proof={proof}")]
    [InlineData("key=K1&until=%D9%A1&proof={proof}")]
    [InlineData("key=K1&until=9223372036854775807&proof={proof}")]
    [InlineData("key=K1&until=253402300800&proof={proof}")] // a second after the last that .NET knows
    [InlineData("key=K1&until=253402300799&proof={proof}")]
    [InlineData("key=K1&until=00&proof={proof}")]
    public async Task A_malformed_proof_or_end_is_403(string query)
    {
        var good = (await TicketQueryAsync(_server, until: null)).Split('&', '=');
        var refused = query.Replace("{until}", good[1], StringComparison.Ordinal).Replace("{proof}", good[3], StringComparison.Ordinal)
            .Replace("{proof but for its last character}", good[3][..^1], StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, (await _server.GetAsEdgeAsync($"{Multivariant}?{refused}")).StatusCode);
    }

    [Fact]
    public async Task A_ticket_that_is_fetched_again_and_again_stops_working_at_its_end()
    {
        var query = await TicketQueryAsync(_server, until: null);
        for (var fetched = 0; _server.Clock.GetUtcNow() < s_end; fetched++, _server.Clock.Advance(TimeSpan.FromHours(3)))
        {
            using var media = await _server.GetAsEdgeAsync($"{Media}?{query}");
            Assert.Equal(HttpStatusCode.OK, media.StatusCode);
            Assert.Equal(s_end.ToUnixTimeSeconds(), EndOf(await media.Content.ReadAsStringAsync()));
            Assert.Equal(s_end - _server.Clock.GetUtcNow(), media.Headers.CacheControl?.MaxAge);
        }
        Assert.Equal(HttpStatusCode.Forbidden, (await _server.GetAsEdgeAsync($"{Media}?{query}")).StatusCode);
    }

    [Fact]
    public async Task A_cache_keeps_the_multivariant_playlist_for_a_minute_and_media_playlists_until_the_ticket_ends_or_as_the_settings_say()
    {
        var query = await TicketQueryAsync(_server, until: null);
        using var multivariant = await _server.GetAsEdgeAsync($"{Multivariant}?{query}");
        Assert.Equal("public, max-age=0, s-maxage=30, stale-if-error=0", multivariant.Headers.NonValidated["Cache-Control"].ToString());
        using var atGateway = await _server.GetAsync(Multivariant, _server.Token(Video));
        Assert.Equal("private, max-age=30", atGateway.Headers.NonValidated["Cache-Control"].ToString());
        var soon = await TicketQueryAsync(_server, until: SignPlaylistServer.Start.AddSeconds(30).ToUnixTimeSeconds());
        using var ending = await _server.GetAsEdgeAsync($"{Multivariant}?{soon}");
        Assert.Equal("public, max-age=30", ending.Headers.NonValidated["Cache-Control"].ToString());

        await using var server = await SignPlaylistServer.StartAsync(new() { ["MULTIVARIANT_FRESHNESS"] = "5s", ["MEDIA_FRESHNESS"] = "10m" });
        await PutVideoAsync(server);
        using var multivariant2 = await server.GetAsEdgeAsync($"{Multivariant}?{query}");
        Assert.Equal("public, max-age=0, s-maxage=3, stale-if-error=0", multivariant2.Headers.NonValidated["Cache-Control"].ToString());
        using var media2 = await server.GetAsEdgeAsync($"{Media}?{query}");
        Assert.Equal("public, max-age=0, s-maxage=600, stale-if-error=0", media2.Headers.NonValidated["Cache-Control"].ToString());
    }

    [Fact]
    public async Task An_answer_to_a_ticket_of_another_key_is_kept_only_briefly_because_a_key_is_being_rotated()
    {
        await using var other = await SignPlaylistServer.StartAsync(new() { ["KEY_PAIR_ID"] = "K2" });
        await PutVideoAsync(other);
        var query = await TicketQueryAsync(other, until: null);
        using var media = await _server.GetAsEdgeAsync($"{Media}?{query}"); // a replica that still signs with the old key
        Assert.Contains("&Key-Pair-Id=K1&", await media.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("public, max-age=0, s-maxage=5, stale-if-error=0", media.Headers.NonValidated["Cache-Control"].ToString());
        using var multivariant = await _server.GetAsEdgeAsync($"{Multivariant}?{query}");
        Assert.Contains($"\na1/720p/playlist.m3u8?{query}&", await multivariant.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_outlives_the_until_of_a_token()
    {
        var until = SignPlaylistServer.Start.AddMinutes(90);
        var token = _server.Token(Video, until: until.ToUnixTimeSeconds(), expires: SignPlaylistServer.Start.AddDays(7));
        using var media = await _server.GetAsync(Media, token);
        Assert.Equal(until.ToUnixTimeSeconds(), EndOf(await media.Content.ReadAsStringAsync()));
        Assert.Equal(TimeSpan.FromMinutes(90), media.Headers.CacheControl?.MaxAge);
        _server.Clock.Advance(TimeSpan.FromMinutes(90));
        Assert.Equal(HttpStatusCode.Forbidden, (await _server.GetAsync(Media, token)).StatusCode);
    }

    [Fact]
    public async Task Viewers_of_one_window_share_the_same_bytes_and_those_of_the_next_get_others()
    {
        var first = await _server.Client.GetByteArrayAsync($"{Media}?token={_server.Token(Video)}");
        _server.Clock.Advance(TimeSpan.FromMinutes(39));
        Assert.Equal(first, await _server.Client.GetByteArrayAsync($"{Media}?token={_server.Token(new[] { Video, Other })}"));
        _server.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.NotEqual(first, await _server.Client.GetByteArrayAsync($"{Media}?token={_server.Token(Video)}"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(39)]
    [InlineData(41)]
    [InlineData(12 * 60)]
    public async Task Every_copy_that_a_cache_may_still_hold_has_half_of_the_lifetime_left(int minutesAfterTheTicket)
    {
        var query = await TicketQueryAsync(_server, until: null);
        _server.Clock.Advance(TimeSpan.FromMinutes(minutesAfterTheTicket));
        using var atEdge = await _server.GetAsEdgeAsync($"{Media}?{query}");
        Assert.True(DateTimeOffset.FromUnixTimeSeconds(EndOf(await atEdge.Content.ReadAsStringAsync())) - _server.Clock.GetUtcNow() >= TimeSpan.FromHours(12));

        using var atGateway = await _server.GetAsync(Media, _server.Token(Video));
        var lastUse = _server.Clock.GetUtcNow() + atGateway.Headers.CacheControl!.MaxAge!.Value;
        Assert.True(DateTimeOffset.FromUnixTimeSeconds(EndOf(await atGateway.Content.ReadAsStringAsync())) - lastUse >= TimeSpan.FromHours(12));
    }

    [Theory]
    [InlineData("gzip", "gzip")]
    [InlineData("gzip, deflate, br", "br")]
    [InlineData("br;q=0, gzip;q=0, *", null)]
    [InlineData(null, null)]
    public async Task Compresses_as_the_client_prefers(string? accepted, string? expected)
    {
        var plain = await _server.Client.GetStringAsync($"{Media}?token={_server.Token(Video)}");
        using var answer = await _server.GetAsync(Media, _server.Token(Video), null, accepted is null ? [] : [("Accept-Encoding", accepted)]);
        Assert.Equal(expected, answer.Content.Headers.ContentEncoding.SingleOrDefault());
        Assert.Equal("Accept-Encoding", answer.Headers.Vary.Single());
        Assert.Equal(plain, await DecodedAsync(answer));
    }

    [Fact]
    public async Task Answers_304_when_the_client_has_the_bytes_and_HEAD_without_a_body()
    {
        using var full = await _server.GetAsync(Media, _server.Token(Video));
        var eTag = full.Headers.ETag!.ToString();
        using var again = await _server.GetAsync(Media, _server.Token(Video), null, ("If-None-Match", $"\"x\", {eTag}"));
        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
        Assert.Equal(eTag, again.Headers.ETag?.ToString());
        Assert.NotNull(again.Headers.CacheControl);
        using var compressed = await _server.GetAsync(Media, _server.Token(Video), null, ("If-None-Match", eTag), ("Accept-Encoding", "gzip"));
        Assert.Equal(HttpStatusCode.OK, compressed.StatusCode); // other bytes, another tag
        using var head = await _server.GetAsync(Media, _server.Token(Video), HttpMethod.Head);
        Assert.Equal(full.Content.Headers.ContentLength, head.Content.Headers.ContentLength);
        Assert.Equal(eTag, head.Headers.ETag?.ToString());
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Answers_304_by_a_list_of_entity_tags_that_is_well_formed()
    {
        using var full = await _server.GetAsync(Media, _server.Token(Video));
        foreach (var (ifNoneMatch, status) in (IEnumerable<(string, int)>)
        [
            ("*", 304),
            ("TAG", 304),
            ("W/TAG", 304), // compared weakly (RFC 9110, section 13.1.2)
            ("\"x\",TAG", 304),
            ("\"x\" , W/\"y\" ,, TAG", 304),
            ("\"x\"", 200),
            ("\"xTAG", 200),
            ("x, TAG", 200),
            ("TAG TAG", 200),
            ("TAG, \"", 200),
            ("*, TAG", 200),
            ("TAG, *", 200),
            ("\"*\"", 200),
            ("", 200),
        ])
        {
            using var answer = await _server.GetAsync(
                Media, _server.Token(Video), null,
                ("If-None-Match", ifNoneMatch.Replace("TAG", full.Headers.ETag!.ToString(), StringComparison.Ordinal)));
            Assert.True(status == (int)answer.StatusCode, $"{ifNoneMatch}: {answer.StatusCode}");
        }
    }

    [Fact]
    public async Task A_ticket_ends_at_its_last_second()
    {
        var until = SignPlaylistServer.Start.AddSeconds(90);
        var query = await TicketQueryAsync(_server, until.ToUnixTimeSeconds());
        _server.Clock.Advance(TimeSpan.FromSeconds(90) - TimeSpan.FromMilliseconds(1));
        Assert.Equal(HttpStatusCode.OK, (await _server.GetAsEdgeAsync($"{Media}?{query}")).StatusCode);
        _server.Clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(HttpStatusCode.Forbidden, (await _server.GetAsEdgeAsync($"{Media}?{query}")).StatusCode);
    }

    [Fact]
    public async Task A_token_in_the_query_stays_in_no_cache()
    {
        var token = _server.Token(Video);
        for (var request = 0; request < 2; request++)
            Assert.Contains(token, await _server.Client.GetStringAsync($"{Multivariant}?token={token}"), StringComparison.Ordinal);
        var cache = (MemoryCache)_server.Services.GetRequiredService<IMemoryCache>();
        Assert.NotEmpty(cache.Keys);
        foreach (var key in cache.Keys)
        {
            Assert.DoesNotContain(token, key.ToString()!, StringComparison.Ordinal);
            if (cache.TryGetValue(key, out SignedPlaylist? signed))
                Assert.DoesNotContain(token, Encoding.UTF8.GetString(signed!.Body!.Value.Span), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_caches_hold_no_more_than_the_setting_says()
    {
        await using var server = await SignPlaylistServer.StartAsync(new() { ["CACHE_BYTES"] = "65536" });
        var cache = (MemoryCache)server.Services.GetRequiredService<IMemoryCache>();
        for (var playlist = 0; playlist < 40; playlist++)
        {
            await server.PutAsync($"videos/{Video}/a1/{playlist}.m3u8", "#EXTM3U\n" + string.Concat(Enumerable.Repeat("#EXTINF:6,\n00000.ts\n", 40)));
            using var answer = await server.GetAsync($"/videos/{Video}/a1/{playlist}.m3u8", server.Token(Video), null, ("Accept-Encoding", "br"));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
        Assert.InRange(cache.Count, 1, 65536 / 1024);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("gzip")]
    [InlineData("br")]
    public async Task A_body_too_large_to_hold_is_the_same_and_is_held_nowhere(string? encoding)
    {
        static string Title(int segment) => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(BitConverter.GetBytes(segment)));
        var text = "#EXTM3U\n" + string.Concat(Enumerable.Range(0, 2000).Select(segment => $"#EXTINF:6,{Title(segment)}\n{segment:D5}.ts\n"));
        await using var server = await SignPlaylistServer.StartAsync(new() { ["CACHE_BYTES"] = "300000" });
        await server.PutAsync($"videos/{Video}/a1/long.m3u8", text);
        await _server.PutAsync($"videos/{Video}/a1/long.m3u8", text);
        const string path = $"/videos/{Video}/a1/long.m3u8";
        (string, string)[] headers = encoding is null ? [] : [("Accept-Encoding", encoding)];

        using var streamed = await server.GetAsync(path, server.Token(Video), null, headers);
        Assert.True(streamed.Headers.TransferEncodingChunked); // how long it is, nobody knows yet
        Assert.Equal(encoding, streamed.Content.Headers.ContentEncoding.SingleOrDefault());
        Assert.Equal(await _server.Client.GetStringAsync($"{path}?token={_server.Token(Video)}"), await DecodedAsync(streamed));

        Assert.True(streamed.Headers.ETag!.IsWeak);
        using var known = await server.GetAsync(path, server.Token(Video), null, [("If-None-Match", streamed.Headers.ETag.ToString()), .. headers]);
        Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);
        using var head = await server.GetAsync(path, server.Token(Video), HttpMethod.Head, headers);
        Assert.Equal((HttpStatusCode.OK, streamed.Headers.ETag.ToString()), (head.StatusCode, head.Headers.ETag?.ToString()));
        var cache = (MemoryCache)server.Services.GetRequiredService<IMemoryCache>();
        foreach (var key in cache.Keys)
            Assert.True(!cache.TryGetValue(key, out SignedPlaylist? signed) || signed!.Body is null);
    }

    [Fact]
    public async Task A_URI_that_cannot_be_signed_is_logged_once_for_each_version_of_its_playlist_and_not_quoted()
    {
        const string key = $"videos/{Video}/a1/720p/odd.m3u8";
        for (var version = 1; version <= 2; version++)
        {
            await _server.PutAsync(key, $"#EXTM3U\n#EXTINF:6,\nfine.ts\n#EXTINF:6,\nraw space {version}.ts?secret=1\nback\\slash.ts\n");
            foreach (var encoding in (string[])["gzip", "br", "identity"])
            {
                using var answer = await _server.GetAsync("/" + key, _server.Token(Video), null, ("Accept-Encoding", encoding));
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            }
            var line = _server.Log.Last();
            Assert.Equal(version, _server.Log.Count);
            Assert.Contains(key, line, StringComparison.Ordinal);
            Assert.Contains("has 2 URIs", line, StringComparison.Ordinal);
            Assert.Contains("in line 5", line, StringComparison.Ordinal);
            Assert.DoesNotContain("secret", line, StringComparison.Ordinal);
            _server.Clock.Advance(TimeSpan.FromMinutes(2));
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task A_signature_is_never_made_by_the_caller_of_the_signer()
    {
        // Which is the thread that writes to sockets. A signature may be done before we look, but not all of thousands.
        var signer = _server.Services.GetRequiredService<PlaylistSigner>();
        var pending = 0;
        for (var number = 0; number < 5000 && pending != 3; number++)
        {
            var signature = signer.SignatureForAsync(VideoId.New(), s_end, TestContext.Current.CancellationToken).AsTask();
            var url = signer.SignUrlAsync($"https://cdn.example/{number}", s_end, TestContext.Current.CancellationToken);
            pending |= (signature.IsCompleted ? 0 : 1) | (url.IsCompleted ? 0 : 2);
            await signature;
            await url;
        }
        Assert.Equal(3, pending);
    }

    [Theory]
    [InlineData("/videos/not-an-id/multivariant.m3u8")]
    [InlineData($"/videos/{Video}/a1/720p/00000.ts")]
    [InlineData($"/videos/{Video}/poster.jpg")]
    [InlineData($"/videos/{Video}/.m3u8/")]
    [InlineData($"/videos/{Video}/a1//playlist.m3u8")]
    [InlineData($"/videos/{Video}/a1%2F720p%2Fplaylist.m3u8")]
    [InlineData($"/videos/{Video}/a1%5C720p%5Cplaylist.m3u8")]
    [InlineData($"/videos/{Video}/a1%255C.m3u8")]
    [InlineData($"/videos/{Video}/%2e%2e%2f{Other}%2fmultivariant.m3u8")]
    [InlineData($"/videos/{Video}/a%3Fb.m3u8")]
    [InlineData($"/videos/{Video}/a%0Ab.m3u8")]
    [InlineData($"/videos/{Video}/é.m3u8")]
    [InlineData("/videos/3F0E0B52-6A33-4F0C-9A51-0C8A4A3C1A77/multivariant.m3u8")]
    public async Task Refuses_a_path_that_is_not_a_playlists_key(string path) =>
        Assert.Equal(HttpStatusCode.BadRequest, (await _server.GetAsync(path, _server.Token())).StatusCode);

    [Fact]
    public async Task Refuses_an_over_long_path_and_a_NUL()
    {
        Assert.Equal(HttpStatusCode.BadRequest, (await _server.GetAsync($"/videos/{Video}/{new string('a', 300)}.m3u8", _server.Token())).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await _server.GetAsync($"/videos/{Video}/a%00.m3u8", _server.Token())).StatusCode);
    }

    [Theory]
    [InlineData($"/videos/{Video}/../{Other}/multivariant.m3u8")]
    [InlineData($"/videos/{Video}/%2e%2e/{Other}/multivariant.m3u8")]
    [InlineData($"/videos/{Video}/a1/../../{Other}/multivariant.m3u8")]
    public async Task A_path_into_another_videos_folder_needs_that_videos_token(string path)
    {
        // Sent as it stands, which HttpClient would not do
        var asWritten = new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true };
        var request = new HttpRequestMessage(
            HttpMethod.Get, new Uri(_server.Client.BaseAddress!.GetLeftPart(UriPartial.Authority) + path, asWritten));
        request.Headers.Authorization = new("Bearer", _server.Token(Video));
        using var answer = await _server.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Fact]
    public async Task A_missing_playlist_is_a_404_that_is_forgotten_in_five_seconds()
    {
        using var answer = await _server.GetAsync($"/videos/{Video}/missing.m3u8", _server.Token(Video));
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(5), answer.Headers.CacheControl?.MaxAge);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Every_answer_has_the_same_cross_origin_headers()
    {
        (string, string?, int)[] requests =
        [
            (Media, _server.Token(Video), 200), (Media, null, 401), (Media, _server.Token(Other), 403),
            ("/videos/x/y.m3u8", null, 400), ("/nowhere", null, 404), ($"/videos/{Video}/missing.m3u8", _server.Token(), 404),
        ];
        foreach (var (path, token, status) in requests)
        {
            foreach (var origin in new[] { "https://a.example", null })
            {
                using var answer = await _server.GetAsync(path, token, null, origin is null ? [] : [("Origin", origin)]);
                Assert.Equal(status, (int)answer.StatusCode);
                Assert.Equal("*", answer.Headers.GetValues("Access-Control-Allow-Origin").Single());
                Assert.Contains("ETag", answer.Headers.GetValues("Access-Control-Expose-Headers").Single(), StringComparison.Ordinal);
                Assert.DoesNotContain("Origin", answer.Headers.Vary);
            }
        }
        using var preflight = await _server.GetAsync(
            Media, null, HttpMethod.Options,
            ("Origin", "https://a.example"), ("Access-Control-Request-Method", "GET"), ("Access-Control-Request-Headers", "authorization"));
        Assert.Equal(HttpStatusCode.NoContent, preflight.StatusCode);
        Assert.Contains("Authorization", preflight.Headers.GetValues("Access-Control-Allow-Headers").Single(), StringComparison.Ordinal);
        Assert.Contains("GET", preflight.Headers.GetValues("Access-Control-Allow-Methods").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Signs_each_URL_with_a_canned_policy_when_the_setting_says_so()
    {
        await using var server = await SignPlaylistServer.StartAsync(new() { ["SIGNING_POLICY"] = "url" });
        await PutVideoAsync(server);
        var body = await server.Client.GetStringAsync($"{Media}?token={server.Token(Video)}");
        var urls = body.Split('\n').Where(line => line.StartsWith("https:", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, urls.Select(url => url.Split("Signature=")[1]).Distinct(StringComparer.Ordinal).Count());
        Assert.All(urls, url => Assert.Contains($"?Expires={s_end.ToUnixTimeSeconds()}&Key-Pair-Id=K1&Signature=", url, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Policies_have_a_start_when_the_setting_says_so()
    {
        await using var server = await SignPlaylistServer.StartAsync(new() { ["URL_START"] = "true" });
        await PutVideoAsync(server);
        var policy = PolicyOf(await server.Client.GetStringAsync($"{Media}?token={server.Token(Video)}"));
        Assert.Contains(
            $"\"DateGreaterThan\":{{\"AWS:EpochTime\":{new DateTimeOffset(2027, 1, 15, 8, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds()}}}",
            policy, StringComparison.Ordinal);
    }

    internal static async Task PutVideoAsync(SignPlaylistServer server)
    {
        await server.PutAsync(
            $"videos/{Video}/a1/720p/playlist.m3u8",
            "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\n00000.ts\n#EXTINF:6,\n00001.ts\n#EXT-X-ENDLIST\n");
        await server.PutAsync($"videos/{Video}/multivariant.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na1/720p/playlist.m3u8\n");
    }

    internal static async Task<string> TicketQueryAsync(SignPlaylistServer server, long? until)
    {
        var ticket = await server.Client.GetStringAsync($"/videos/{Video}?token={server.Token(Video)}" + (until is null ? "" : $"&until={until}"));
        var url = System.Text.Json.JsonDocument.Parse(ticket).RootElement.GetProperty("url").GetString()!;
        return string.Join('&', url.Split('?')[1].Split('&').Take(3));
    }

    internal static string PolicyOf(string text)
    {
        var encoded = text.Split("Policy=")[1].Split('&')[0];
        return System.Text.Encoding.ASCII.GetString(Convert.FromBase64String(encoded.Replace('-', '+').Replace('_', '=').Replace('~', '/')));
    }

    private static async Task<string> DecodedAsync(HttpResponseMessage answer)
    {
        await using var body = await answer.Content.ReadAsStreamAsync();
        await using Stream decoded = answer.Content.Headers.ContentEncoding.SingleOrDefault() switch
        {
            "gzip" => new GZipStream(body, CompressionMode.Decompress),
            "br" => new BrotliStream(body, CompressionMode.Decompress),
            _ => body,
        };
        return await new StreamReader(decoded).ReadToEndAsync();
    }

    private static long EndOf(string playlist) =>
        long.Parse(PolicyOf(playlist).Split("DateLessThan\":{\"AWS:EpochTime\":")[1].Split('}')[0], CultureInfo.InvariantCulture);
}
