using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using Reelseal.Storage;
using Reelseal.Testing;

namespace SignPlaylist.Tests;

/// <summary>The function before a real S3 on bad days.</summary>
public sealed class StoreFaultTests(CephRgw rgw) : IAsyncLifetime
{
    private const int Limit = 120_000; // milliseconds
    private const string Video = "3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77";
    private const string Media = $"/videos/{Video}/a1/720p/playlist.m3u8";
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(5); // the SDK waits up to 3 s in all between its tries
    private static readonly TimeSpan s_margin = TimeSpan.FromSeconds(10); // the machine may be busy

    private TestBucket _bucket = null!;
    private FaultProxy _proxy = null!;
    private SignPlaylistServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _bucket = await rgw.CreateBucketAsync();
        _proxy = new(_bucket.Endpoint);
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256); // every signature of it is another
        _server = await SignPlaylistServer.StartAsync(
            new() { ["S3_TIMEOUT"] = "5s" },
            (_bucket with { Endpoint = _proxy.Address }).CreateStore(s_timeout),
            ec.ExportPkcs8PrivateKeyPem());
        await PlaylistEndpointTests.PutVideoAsync(_server);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        if (_proxy is not null)
            await _proxy.DisposeAsync();
    }

    public static TheoryData<string, int> Faults => new()
    {
        { "slow to answer", 504 },
        { "slow in the middle", 504 },
        { "a trickle", 504 },
        { "cut before the answer", 502 },
        { "cut in the middle", 502 },
        { "500 InternalError", 502 },
        { "503 SlowDown", 502 },
        { "403 AccessDenied", 502 }, // also for the playlist that always exists: the permission is gone
        { "403 InvalidAccessKeyId", 502 },
        { "403 SignatureDoesNotMatch", 502 },
        { "403 ExpiredToken", 502 },
        { "403 RequestTimeTooSkewed", 502 },
    };

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Faults))]
    public async Task Each_fault_has_its_status_in_time_and_the_next_request_works(string name, int status)
    {
        _proxy.Inject(FaultOf(name), times: int.MaxValue, "GET");
        var start = Stopwatch.GetTimestamp();
        using (var answer = await _server.GetAsync(Media, _server.Token(Video)))
        {
            Assert.Equal(status, (int)answer.StatusCode);
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
            Assert.Equal("*", Assert.Single(answer.Headers.GetValues("Access-Control-Allow-Origin")));
            if (status >= 500)
                Assert.True(answer.Headers.CacheControl?.NoStore);
            var body = await answer.Content.ReadAsStringAsync();
            Assert.DoesNotContain("   at ", body, StringComparison.Ordinal);
            Assert.DoesNotContain(CephRgw.AccessKey, body, StringComparison.Ordinal);
        }
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, s_timeout + s_margin);

        _proxy.Choose = _ => null;
        using var next = await _server.GetAsync(Media, _server.Token(Video));
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task Many_requests_for_one_cold_playlist_make_one_fetch_and_one_signature()
    {
        var before = _proxy.Requests.Count;
        _proxy.Inject(new() { Latency = TimeSpan.FromMilliseconds(500) }, method: "GET"); // so that all of them are there in time
        var bodies = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => _server.Client.GetStringAsync($"{Media}?token={_server.Token(Video)}")));
        Assert.Single(bodies.Distinct(StringComparer.Ordinal));
        Assert.Equal(before + 1, _proxy.Requests.Count);
    }

    [Fact(Timeout = Limit)]
    public async Task The_store_is_asked_again_only_after_a_while_and_whether_anything_changed()
    {
        await GetAsync(HttpStatusCode.OK);
        var before = _proxy.Requests.Count;
        _server.Clock.Advance(TimeSpan.FromSeconds(59));
        await GetAsync(HttpStatusCode.OK);
        Assert.Equal(before, _proxy.Requests.Count);
        _server.Clock.Advance(TimeSpan.FromSeconds(2));
        _proxy.Inject(new() { CutAnswerAfter = 0 }, times: int.MaxValue, "GET"); // a 304 has no body to be cut
        await GetAsync(HttpStatusCode.OK);
        await GetAsync(HttpStatusCode.OK);
        Assert.Equal(before + 1, _proxy.Requests.Count);
        Assert.StartsWith("\"", _proxy.Requests[^1].IfNoneMatch, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task A_deleted_video_is_gone_after_a_while()
    {
        await GetAsync(HttpStatusCode.OK);
        await _server.Store.DeleteAsync([Media[1..]], TestContext.Current.CancellationToken);
        _server.Clock.Advance(TimeSpan.FromSeconds(61));
        await GetAsync(HttpStatusCode.NotFound);
    }

    [Fact(Timeout = Limit)]
    public async Task While_the_store_is_down_a_copy_is_served_as_long_as_what_it_opened_would_still_be_valid()
    {
        await GetAsync(HttpStatusCode.OK);
        _proxy.Inject(Fault.S3Error(503, "SlowDown"), times: int.MaxValue);
        _server.Clock.Advance(TimeSpan.FromHours(11));
        await GetAsync(HttpStatusCode.OK);
        var before = _proxy.Requests.Count;
        await GetAsync(HttpStatusCode.OK);
        Assert.Equal(before, _proxy.Requests.Count); // a store that is down is not asked for every viewer
        _server.Clock.Advance(TimeSpan.FromHours(2));
        await GetAsync(HttpStatusCode.BadGateway);
        _proxy.Choose = _ => null;
        await GetAsync(HttpStatusCode.OK);
    }

    [Fact(Timeout = Limit)]
    public async Task An_object_that_is_not_a_playlist_is_a_502_that_says_so()
    {
        await AssertRefusedAsync([], "#EXTM3U");
        await AssertRefusedAsync("<html>"u8.ToArray(), "#EXTM3U");
        await AssertRefusedAsync([.. "#EXTM3U\n"u8, 0xC3, 0x28], "UTF-8");
        await AssertRefusedAsync("#EXTM3U\n{$base}/a.ts\n"u8.ToArray(), "Line 2");
        await AssertRefusedAsync(" #EXTM3U\n"u8.ToArray(), "white space");
        await AssertRefusedAsync("#EXTM3U\n#EXT-X-DEFINE:IMPORT=\"x\"\n"u8.ToArray(), "Line 2");
        Assert.Equal(6, _server.Log.Count(line => line.Contains($"The playlist {Media[1..]} cannot be signed", StringComparison.Ordinal)));
        Assert.DoesNotContain(_server.Log, line => line.Contains("object store", StringComparison.Ordinal)); // which did all that it should
        await AssertNextWorksAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task A_gigabyte_that_is_called_a_playlist_is_not_read()
    {
        var path = Path.GetTempFileName();
        try
        {
            await using (var file = new FileStream(path, FileMode.Open))
            {
                file.SetLength(1L << 30); // a hole
                Assert.NotNull(
                    await _bucket.CreateStore(TimeSpan.FromMinutes(1))
                        .PutAsync(Media[1..], file, WriteCondition.None, TestContext.Current.CancellationToken));
            }
            var (before, start) = (GC.GetTotalAllocatedBytes(), Stopwatch.GetTimestamp());
            await GetAsync(HttpStatusCode.BadGateway);
            Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, s_timeout + s_margin);
            Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 64 << 20);
            await AssertNextWorksAsync();
        }
        finally
        {
            File.Delete(path);
        }
    }

    private async Task GetAsync(HttpStatusCode expected)
    {
        using var answer = await _server.GetAsync(Media, _server.Token(Video));
        Assert.Equal(expected, answer.StatusCode);
    }

    private async Task AssertRefusedAsync(byte[] content, string reason)
    {
        _server.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.NotNull(await _server.Store.PutAsync(Media[1..], new MemoryStream(content), WriteCondition.None, TestContext.Current.CancellationToken));
        using var answer = await _server.GetAsync(Media, _server.Token(Video));
        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        Assert.Contains(reason, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    /// <summary>Once the store has the playlist again, it is served.</summary>
    private async Task AssertNextWorksAsync()
    {
        _server.Clock.Advance(TimeSpan.FromMinutes(2));
        await PlaylistEndpointTests.PutVideoAsync(_server);
        await GetAsync(HttpStatusCode.OK);
    }

    private static Fault FaultOf(string name) => name switch
    {
        "slow to answer" => new() { StallAnswerAfter = -1 },
        "slow in the middle" => new() { StallAnswerAfter = 20 },
        "a trickle" => new() { BytesPerSecond = 8 },
        "cut before the answer" => new() { LoseAnswer = true },
        "cut in the middle" => new() { CutAnswerAfter = 20 },
        _ => Fault.S3Error(int.Parse(name.AsSpan(0, 3), System.Globalization.CultureInfo.InvariantCulture), name[4..]),
    };
}
