using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Reelseal.Local.Edge;
using Reelseal.Storage;
using Reelseal.Testing;

namespace Reelseal.Local.Tests.Edge;

/// <summary>The edge over HTTP, between a viewer and stand-ins for the gateway and the bucket.</summary>
public sealed class EdgeTests : IAsyncLifetime
{
    private const int Limit = 30_000;
    private const string Segment = "videos/1/a/720p/00000.ts";
    private static readonly TestKeyPair s_key = TestKeyPair.P256();
    private readonly FakeTimeProvider _clock = new(new(2026, 11, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly TemporaryDirectory _folder = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
    private readonly List<string> _asked = [];
    private StubServer _gateway = null!;
    private EdgeServer _edge = null!;
    private RequestDelegate _playlist = context => context.Response.WriteAsync("#EXTM3U\n", context.RequestAborted);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _gateway = await StubServer.StartAsync(context =>
        {
            lock (_asked)
                _asked.Add(context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget);
            return _playlist(context);
        });
        await File.WriteAllTextAsync(
            Path.Combine(Directory.CreateDirectory(Path.Combine(_folder.Path, "web")).FullName, "index.html"), "<h1>page</h1>",
            Cancellation);
        var store = new DirectoryObjectStore(Path.Combine(_folder.Path, "store"), TimeSpan.FromSeconds(5));
        (string, string)[] objects =
        [
            (Segment, "0123456789"), ("status/1.json", "secret"), ("uploads/1", "secret"), ("videos/1/multivariant.m3u8", "raw"),
        ];
        foreach (var (key, content) in objects)
            await store.PutAsync(key, new MemoryStream(Encoding.ASCII.GetBytes(content)), WriteCondition.None, Cancellation);
        _edge = await EdgeServer.StartAsync(
            new()
            {
                Keys = TestKeyPair.Group(s_key),
                Playlists = new(_gateway.Address, "the origin secret"),
                Store = store,
                Site = new(Path.Combine(_folder.Path, "web")),
                Clock = _clock,
            },
            _ => { }, Cancellation);
    }

    [Fact(Timeout = Limit)]
    public async Task Serves_a_segment_with_the_headers_of_its_object()
    {
        using var answer = await GetAsync(Signed(Segment));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("0123456789", await answer.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal("video/mp2t", answer.Content.Headers.ContentType?.ToString());
        Assert.Equal("public, max-age=31536000, immutable", answer.Headers.CacheControl?.ToString());
        Assert.Equal("bytes", answer.Headers.AcceptRanges.Single());
        Assert.NotNull(answer.Headers.ETag);
    }

    [Theory(Timeout = Limit)]
    [InlineData("bytes=0-3", 206, "0123", "bytes 0-3/10")]
    [InlineData("bytes=8-", 206, "89", "bytes 8-9/10")]
    [InlineData("bytes=-2", 206, "89", "bytes 8-9/10")]
    [InlineData("bytes=-20", 206, "0123456789", "bytes 0-9/10")]
    [InlineData("bytes=5-900", 206, "56789", "bytes 5-9/10")]
    [InlineData("bytes=0-1,4-5", 200, "0123456789", null)] // S3 serves no several ranges
    [InlineData("bytes=5-2", 200, "0123456789", null)]
    [InlineData("bytes=10-", 416, null, "bytes */10")]
    [InlineData("bytes=-0", 416, null, "bytes */10")]
    public async Task Serves_byte_ranges(string range, int status, string? body, string? contentRange)
    {
        using var answer = await GetAsync(Signed(Segment), ("Range", range));
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(contentRange, answer.Content.Headers.ContentRange?.ToString());
        if (body is not null)
            Assert.Equal(body, await answer.Content.ReadAsStringAsync(Cancellation));
    }

    [Fact(Timeout = Limit)]
    public async Task Serves_a_range_only_of_the_object_that_was_meant()
    {
        using var whole = await GetAsync(Signed(Segment));
        using var same = await GetAsync(Signed(Segment), ("Range", "bytes=0-1"), ("If-Range", whole.Headers.ETag!.ToString()));
        using var other = await GetAsync(Signed(Segment), ("Range", "bytes=0-1"), ("If-Range", "\"other\""));
        Assert.Equal(HttpStatusCode.PartialContent, same.StatusCode);
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task Answers_HEAD_and_conditions()
    {
        using var head = await SendAsync(HttpMethod.Head, Signed(Segment));
        Assert.Equal(10, head.Content.Headers.ContentLength);
        using var byTag = await GetAsync(Signed(Segment), ("If-None-Match", head.Headers.ETag!.ToString()));
        Assert.Equal(HttpStatusCode.NotModified, byTag.StatusCode);
        using var byStar = await GetAsync(Signed(Segment), ("If-None-Match", "*"));
        Assert.Equal(HttpStatusCode.NotModified, byStar.StatusCode);
        using var malformed = await GetAsync(Signed(Segment), ("If-None-Match", $"x, {head.Headers.ETag}"));
        Assert.Equal(HttpStatusCode.OK, malformed.StatusCode);
        using var byTime = await GetAsync(
            Signed(Segment),
            ("If-Modified-Since", head.Content.Headers.LastModified!.Value.ToString("R", CultureInfo.InvariantCulture)));
        Assert.Equal(HttpStatusCode.NotModified, byTime.StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task Refuses_as_CloudFront_does_without_CORS_headers()
    {
        using var answer = await GetAsync($"{_edge.Address}/{Segment}", ("Origin", "https://page.example"));
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Equal("text/xml", answer.Content.Headers.ContentType?.ToString());
        Assert.Equal(
            """<?xml version="1.0" encoding="UTF-8"?>"""
            + "<Error><Code>MissingKey</Code><Message>Missing Key-Pair-Id query parameter or cookie value</Message></Error>",
            await answer.Content.ReadAsStringAsync(Cancellation));
        Assert.DoesNotContain(answer.Headers, header => header.Key.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
    }

    [Fact(Timeout = Limit)]
    public async Task Adds_CORS_headers_to_what_it_serves_over_those_of_the_origin()
    {
        _playlist = context =>
        {
            context.Response.Headers.AccessControlAllowOrigin = "https://origin.example";
            return context.Response.WriteAsync("#EXTM3U\n", context.RequestAborted);
        };
        foreach (var path in (string[])[Segment, "videos/1/m.m3u8", "videos/1/missing.ts"])
        {
            using var answer = await GetAsync(Signed(path), ("Origin", "https://page.example"));
            Assert.Equal("*", answer.Headers.GetValues("Access-Control-Allow-Origin").Single());
        }
    }

    [Theory(Timeout = Limit)]
    [InlineData(Segment, "https://page.example", "GET", 200)]
    [InlineData("videos/1/missing.ts", "https://page.example", "HEAD", 200)] // a preflight is about the rule, not the object
    [InlineData(Segment, "https://page.example", "PUT", 403)]
    [InlineData(Segment, "https://page.example", null, 400)]
    [InlineData(Segment, null, "GET", 400)]
    [InlineData("videos/1/m.m3u8", "https://page.example", "GET", 204)] // the function's answer
    public async Task Answers_preflights_as_the_bucket_and_the_function_do(string path, string? origin, string? method, int status)
    {
        _playlist = context =>
        {
            context.Response.StatusCode = HttpMethods.IsOptions(context.Request.Method) ? 204 : 500;
            return Task.CompletedTask;
        };
        (string Name, string? Value)[] all = [("Origin", origin), ("Access-Control-Request-Method", method), ("Access-Control-Request-Headers", "range")];
        var headers = all.Where(header => header.Value is not null).Select(header => (header.Name, header.Value!)).ToArray();
        for (var request = 0; request < 2; request++)
        {
            using var preflight = await SendAsync(HttpMethod.Options, Signed(path), headers);
            Assert.Equal(status, (int)preflight.StatusCode);
            if (origin is not null)
            {
                Assert.Equal("*", preflight.Headers.GetValues("Access-Control-Allow-Origin").Single());
                Assert.Contains("GET", preflight.Headers.GetValues("Access-Control-Allow-Methods").Single(), StringComparison.Ordinal);
            }
        }
        using var unsigned = await SendAsync(HttpMethod.Options, $"{_edge.Address}/{path}", headers);
        Assert.Equal(HttpStatusCode.Forbidden, unsigned.StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task A_signature_ends_at_its_second_and_each_range_is_checked_again()
    {
        var url = Signed(Segment, _clock.GetUtcNow().AddSeconds(60));
        using var before = await GetAsync(url, ("Range", "bytes=0-1"));
        _clock.Advance(TimeSpan.FromSeconds(60));
        using var after = await GetAsync(url, ("Range", "bytes=2-3"));
        Assert.Equal((HttpStatusCode.PartialContent, HttpStatusCode.Forbidden), (before.StatusCode, after.StatusCode));
        Assert.Contains("<Code>AccessDenied</Code>", await after.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task Takes_signed_cookies()
    {
        var cookies = s_key.Cookies(TestKeyPair.Policy($"{_edge.Address}/videos/1/*", _clock.GetUtcNow().AddHours(1)));
        using var own = await GetAsync($"{_edge.Address}/{Segment}", ("Cookie", cookies));
        using var other = await GetAsync($"{_edge.Address}/{Segment.Replace("/1/", "/2/", StringComparison.Ordinal)}", ("Cookie", cookies));
        Assert.Equal(HttpStatusCode.OK, own.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, other.StatusCode);
    }

    [Theory(Timeout = Limit)]
    [InlineData("/videos/1/a/720p/99999.ts")]
    [InlineData("/status/1.json")]
    [InlineData("/uploads/1")]
    [InlineData("/videos/../status/1.json")]
    [InlineData("/videos/%2e%2e/uploads/1")]
    [InlineData("/videos/1/..%2f..%2fstatus/1.json")]
    [InlineData("/site/../status/1.json")]
    [InlineData("/web/index.html")]
    public async Task Never_serves_an_unpublished_object_even_to_a_viewer_who_may_fetch_everything(string target)
    {
        var everything = s_key.SignCustom("", TestKeyPair.Policy("*", _clock.GetUtcNow().AddHours(1)))[1..];
        var answer = await RawHttp.GetAsync(_edge.Address, $"{target}?{everything}");
        Assert.StartsWith("HTTP/1.1 403", answer, StringComparison.Ordinal);
        Assert.Contains("<Code>AccessDenied</Code><Message>Access Denied</Message>", answer, StringComparison.Ordinal); // S3's words
        Assert.DoesNotContain("secret", answer, StringComparison.Ordinal);
    }

    [Theory(Timeout = Limit)]
    [InlineData("/videos/1/a/720p/../../../2/x.ts")]
    [InlineData("/videos/1/a/720p/%2e%2e/%2e%2e/%2e%2e/2/x.ts")]
    [InlineData("/videos/1/%2E%2E/2/x.ts")]
    [InlineData("/videos/1/..%2f2/x.ts")]
    [InlineData("/videos/1%2f..%2f2/x.ts")]
    [InlineData("/videos/1/%252e%252e/2/x.ts")]
    [InlineData("/videos/1/..%5c2/x.ts")]
    [InlineData("/videos/1/..;/2/x.ts")]
    [InlineData("/videos/1/.%00./2/x.ts")]
    [InlineData("//videos/1/../2/x.ts")]
    [InlineData("/Videos/1/../2/x.ts")]
    [InlineData("/videos/2/x.ts")]
    [InlineData("/videos/2/X.ts")]
    [InlineData("/VIDEOS/2/x.ts")]
    [InlineData("/videos/%32/x.ts")]
    public async Task A_signature_for_one_folder_opens_no_other_by_dots(string target)
    {
        await new DirectoryObjectStore(Path.Combine(_folder.Path, "store"), TimeSpan.FromSeconds(5))
            .PutAsync("videos/2/x.ts", new MemoryStream("other"u8.ToArray()), WriteCondition.None, Cancellation);
        var query = s_key.SignCustom("", TestKeyPair.Policy($"{_edge.Address}/videos/1/*", _clock.GetUtcNow().AddHours(1)))[1..];
        var answer = await RawHttp.GetAsync(_edge.Address, $"{target}?{query}");
        Assert.Matches("^HTTP/1.1 40[03]", answer);
        Assert.DoesNotContain("other", answer, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task Asks_the_function_for_playlists_with_the_secret_and_only_the_parameters_that_it_caches_by()
    {
        HeaderDictionary seen = [];
        _playlist = context =>
        {
            foreach (var (name, values) in context.Request.Headers)
                seen[name] = values;
            return context.Response.WriteAsync("#EXTM3U\n", context.RequestAborted);
        };
        using var answer = await GetAsync(
            Signed("videos/1/multivariant.m3u8?until=1&x=y&proof=p&key=K"),
            ("Authorization", "Bearer viewer"), ("X-Origin-Verify", "forged"), ("Cookie", "a=b"), ("Accept-Encoding", "gzip;q=1, deflate, br"));
        Assert.Equal("#EXTM3U\n", await answer.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal(["/function/sign-playlist/videos/1/multivariant.m3u8?until=1&proof=p&key=K"], _asked);
        Assert.Equal("the origin secret", seen["X-Origin-Verify"]);
        Assert.Equal("br,gzip", seen["Accept-Encoding"].ToString().Replace(" ", "", StringComparison.Ordinal));
        Assert.False(seen.ContainsKey("Authorization") || seen.ContainsKey("Cookie"));
    }

    [Fact(Timeout = Limit)]
    public async Task Keeps_a_playlist_as_long_as_the_function_says_apart_by_until_proof_key_and_encoding()
    {
        _playlist = context =>
        {
            context.Response.Headers.CacheControl = "public, max-age=60";
            return context.Response.WriteAsync($"#EXTM3U {_asked.Count}\n", context.RequestAborted);
        };
        Assert.Equal("Miss from cloudfront", await CacheOf("videos/1/m.m3u8?until=1&proof=a"));
        Assert.Equal("Hit from cloudfront", await CacheOf("videos/1/m.m3u8?until=1&proof=a"));
        Assert.Equal("Hit from cloudfront", await CacheOf("videos/1/m.m3u8?until=1&proof=a&v=2")); // a parameter that is not part of the key
        Assert.Equal("Miss from cloudfront", await CacheOf("videos/1/m.m3u8?until=2&proof=a"));
        Assert.Equal("Miss from cloudfront", await CacheOf("videos/1/m.m3u8?until=1&proof=b"));
        Assert.Equal("Miss from cloudfront", await CacheOf("videos/1/m.m3u8?until=1&proof=a&key=K1"));
        Assert.Equal("Miss from cloudfront", await CacheOf("videos/1/m.m3u8?until=1&proof=a&key=K2"));
        Assert.Equal("Hit from cloudfront", await CacheOf("videos/1/m.m3u8?until=1&proof=a&key=K1"));
        Assert.Equal("Miss from cloudfront", await CacheOf("videos/1/m.m3u8?until=1&proof=a", "gzip"));
        Assert.Equal("Miss from cloudfront", await CacheOf("videos/1/m.m3u8?until=1&proof=a", "br"));
        Assert.Equal("Hit from cloudfront", await CacheOf("videos/1/m.m3u8?until=1&proof=a", "br, deflate"));
        _clock.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal("Miss from cloudfront", await CacheOf("videos/1/m.m3u8?until=1&proof=a"));
    }

    [Fact(Timeout = Limit)]
    public async Task A_cached_playlist_still_needs_a_signature()
    {
        _playlist = context =>
        {
            context.Response.Headers.CacheControl = "public, max-age=60";
            return context.Response.WriteAsync("#EXTM3U\n", context.RequestAborted);
        };
        Assert.Equal("Miss from cloudfront", await CacheOf("videos/1/m.m3u8"));
        using var unsigned = await GetAsync($"{_edge.Address}/videos/1/m.m3u8");
        Assert.Equal(HttpStatusCode.Forbidden, unsigned.StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task Asks_whether_a_copy_that_is_no_longer_fresh_is_still_right()
    {
        _playlist = context =>
        {
            context.Response.Headers.CacheControl = "public, max-age=60";
            context.Response.Headers.ETag = "\"v1\"";
            if (context.Request.Headers.IfNoneMatch == "\"v1\"")
            {
                context.Response.StatusCode = 304;
                return Task.CompletedTask;
            }
            return context.Response.WriteAsync("#EXTM3U\n", context.RequestAborted);
        };
        await CacheOf("videos/1/m.m3u8");
        _clock.Advance(TimeSpan.FromSeconds(61));
        using var refreshed = await GetAsync(Signed("videos/1/m.m3u8"));
        Assert.Equal("RefreshHit from cloudfront", refreshed.Headers.GetValues("X-Cache").Single());
        Assert.Equal("#EXTM3U\n", await refreshed.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal("Hit from cloudfront", await CacheOf("videos/1/m.m3u8"));
        using var unmodified = await GetAsync(Signed("videos/1/m.m3u8"), ("If-None-Match", "\"v1\""));
        Assert.Equal(HttpStatusCode.NotModified, unmodified.StatusCode);
    }

    [Theory(Timeout = Limit)]
    [InlineData(200, "public, max-age=60", 60)]
    [InlineData(200, "public, max-age=60, s-maxage=30", 30)]
    [InlineData(301, "max-age=60", 60)]
    [InlineData(404, null, 5)]
    [InlineData(404, "max-age=60", 60)]
    [InlineData(404, "max-age=1", 5)]
    [InlineData(404, "no-store", null)]
    [InlineData(404, "no-cache", null)]
    [InlineData(404, "private, max-age=60", null)]
    [InlineData(414, "no-store", null)]
    [InlineData(200, "private, max-age=60", null)]
    [InlineData(200, "no-store", null)]
    [InlineData(200, null, null)]
    [InlineData(403, null, null)]
    [InlineData(502, "max-age=60", null)]
    public async Task Keeps_an_answer_only_as_long_as_it_may(int status, string? cacheControl, int? seconds)
    {
        _playlist = context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.CacheControl = cacheControl;
            return Task.CompletedTask;
        };
        await CacheOf("videos/1/m.m3u8");
        if (seconds is { } kept)
        {
            _clock.Advance(TimeSpan.FromSeconds(kept - 1));
            await CacheOf("videos/1/m.m3u8");
            Assert.Single(_asked);
            _clock.Advance(TimeSpan.FromSeconds(1));
        }
        await CacheOf("videos/1/m.m3u8");
        Assert.Equal(2, _asked.Count);
    }

    [Fact(Timeout = Limit)]
    public async Task Many_viewers_at_once_make_one_request_of_the_function()
    {
        _playlist = async context =>
        {
            await Task.Delay(200, context.RequestAborted);
            context.Response.Headers.CacheControl = "public, max-age=60";
            await context.Response.WriteAsync("#EXTM3U\n", context.RequestAborted);
        };
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => CacheOf("videos/1/m.m3u8")));
        Assert.Single(_asked);
    }

    [Fact(Timeout = Limit)]
    public async Task Serves_the_page_unsigned_and_leads_there_from_the_root()
    {
        foreach (var address in (string[])["/", "/site"])
        {
            using var root = await GetAsync(_edge.Address + address);
            Assert.Equal((HttpStatusCode.Redirect, "/site/"), (root.StatusCode, root.Headers.Location?.OriginalString));
        }
        using var page = await GetAsync(_edge.Address + "/site/");
        Assert.Equal("<h1>page</h1>", await page.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal("text/html; charset=utf-8", page.Content.Headers.ContentType?.ToString());
        using var missing = await GetAsync(_edge.Address + "/site/missing.js");
        Assert.Equal(HttpStatusCode.Forbidden, missing.StatusCode);
        Assert.StartsWith("HTTP/1.1 403", await RawHttp.GetAsync(_edge.Address, "/site/..%2fstore/status/1.json"), StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task Takes_no_other_methods_and_no_longer_URLs_than_CloudFront()
    {
        using var post = await SendAsync(HttpMethod.Post, Signed(Segment));
        Assert.Equal(HttpStatusCode.Forbidden, post.StatusCode);
        using var tooLong = await GetAsync(Signed($"{Segment}?x={new string('x', 8192)}"));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLong.StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task A_gateway_that_does_not_answer_is_a_502()
    {
        await _gateway.DisposeAsync();
        using var answer = await GetAsync(Signed("videos/1/m.m3u8"));
        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _edge.DisposeAsync();
        await _gateway.DisposeAsync();
        _folder.Dispose();
    }

    private string Signed(string path, DateTimeOffset? expires = null) =>
        s_key.SignCanned($"{_edge.Address}/{path}", expires ?? _clock.GetUtcNow().AddHours(1));

    private async Task<string> CacheOf(string path, string? encodings = null)
    {
        using var answer = await GetAsync(Signed(path), encodings is null ? [] : [("Accept-Encoding", encodings)]);
        return answer.Headers.GetValues("X-Cache").Single();
    }

    private Task<HttpResponseMessage> GetAsync(string url, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Get, url, headers);

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string url, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, url);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await _http.SendAsync(request, Cancellation);
    }
}
