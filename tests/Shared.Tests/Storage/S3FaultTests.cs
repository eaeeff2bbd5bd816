using System.Diagnostics;
using Reelseal.Storage;
using Reelseal.Testing;

namespace Reelseal.Tests.Storage;

/// <summary>The S3 store over a bad line to a real S3.</summary>
public sealed class S3FaultTests(CephRgw rgw) : IAsyncLifetime
{
    private const int Limit = 300_000; // milliseconds
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60); // where an answer does come: the machine may be busy
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(5); // where it does not

    private TestBucket _bucket = null!;
    private FaultProxy _proxy = null!;
    private S3ObjectStore _store = null!;
    private S3ObjectStore _direct = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _bucket = await rgw.CreateBucketAsync();
        _proxy = new(_bucket.Endpoint);
        _store = Store(s_patience);
        _direct = _bucket.CreateStore(s_patience);
    }

    public ValueTask DisposeAsync() => _proxy?.DisposeAsync() ?? ValueTask.CompletedTask;

    [Fact(Timeout = Limit)]
    public async Task A_proxy_without_faults_changes_nothing()
    {
        var content = RandomBytes(3_000_000);
        var eTag = await PutAsync(_store, "a.ts", content, WriteCondition.IfNew);
        await PutAsync(_store, "b.ts", [], WriteCondition.None);

        Assert.Equal(content, await GetAsync(_store, "a.ts"));
        Assert.Equal(content[1000..2000], await GetAsync(_store, "a.ts", new ByteRange(1000, 1000)));
        Assert.Equal(eTag, (await _store.HeadAsync("a.ts", Token))!.ETag);
        Assert.Equal(["a.ts", "b.ts"], await KeysAsync(_store));
        await _store.DeleteAsync(["a.ts", "b.ts"], Token);
        Assert.Null(await _store.HeadAsync("a.ts", Token));
        Assert.Equal(8, _proxy.Requests.Count);
    }

    [Theory(Timeout = Limit)]
    [InlineData(500, "InternalError", 2)]
    [InlineData(503, "SlowDown", 1)]
    [InlineData(400, "RequestTimeout", 1)]
    public async Task A_short_disturbance_is_not_noticed(int status, string code, int times)
    {
        var content = RandomBytes(100_000);

        _proxy.Inject(Fault.S3Error(status, code), times);
        Assert.NotNull(await PutAsync(_store, "a.ts", content, WriteCondition.IfNew));
        _proxy.Inject(Fault.S3Error(status, code), times);
        Assert.Equal(content, await GetAsync(_store, "a.ts"));
        _proxy.Inject(Fault.S3Error(status, code), times);
        await _store.DeleteAsync(["a.ts"], Token);
        Assert.Empty(await KeysAsync(_direct));
    }

    [Theory(Timeout = Limit)]
    [InlineData(500, "InternalError")]
    [InlineData(503, "SlowDown")]
    [InlineData(403, "InvalidAccessKeyId")]
    [InlineData(403, "SignatureDoesNotMatch")]
    [InlineData(403, "ExpiredToken")]
    [InlineData(403, "RequestTimeTooSkewed")]
    [InlineData(403, "InvalidToken")]
    [InlineData(403, "AllAccessDisabled")]
    [InlineData(403, "InvalidObjectState")]
    [InlineData(404, "NoSuchBucket")]
    [InlineData(400, "InvalidRequest")]
    [InlineData(405, "MethodNotAllowed")]
    [InlineData(409, "OperationAborted")]
    [InlineData(429, "TooManyRequests")]
    [InlineData(301, "PermanentRedirect")]
    [InlineData(418, "AccessDenied")]
    public async Task A_lasting_error_is_a_bad_gateway_in_time_and_the_next_call_works(int status, string code)
    {
        await PutAsync(_direct, "a", "one"u8.ToArray(), WriteCondition.None);
        var watch = Stopwatch.StartNew();
        _proxy.Choose = _ => Fault.S3Error(status, code);

        await IsUpstreamAsync(502, () => GetAsync(_store, "a"));
        await IsUpstreamAsync(502, () => PutAsync(_store, "a", "two"u8.ToArray(), WriteCondition.IfUnchanged("\"x\"")));
        Assert.True(watch.Elapsed < s_patience, $"It took {watch.Elapsed}.");

        _proxy.Choose = _ => null;
        Assert.Equal("one"u8.ToArray(), await GetAsync(_store, "a"));
    }

    [Fact(Timeout = Limit)]
    public async Task No_call_hides_an_error()
    {
        _proxy.Choose = _ => Fault.S3Error(403, "InvalidAccessKeyId");
        foreach (var call in Calls(_store))
            await IsUpstreamAsync(502, call);

        _proxy.Choose = _ => new() { LoseAnswer = true };
        foreach (var call in Calls(_store))
            await IsUpstreamAsync(502, call);
    }

    [Theory(Timeout = Limit)]
    [InlineData(404, "NoSuchKey")]
    [InlineData(403, "AccessDenied")]
    public async Task A_missing_object_is_one_whatever_S3_calls_it(int status, string code)
    {
        await PutAsync(_store, ObjectKeys.HealthCheck, "#EXTM3U"u8.ToArray(), WriteCondition.None);
        _proxy.Choose = request => request.Target.EndsWith(ObjectKeys.HealthCheck, StringComparison.Ordinal) ? null : Fault.S3Error(status, code);

        Assert.Null(await _store.GetAsync("a", range: null, unlessETag: null, Token));
        Assert.Null(await _store.HeadAsync("a", Token));
    }

    [Theory(Timeout = Limit)]
    [InlineData(403, "AccessDenied")]
    [InlineData(404, "NoSuchKey")]
    [InlineData(500, "InternalError")]
    [InlineData(403, "InvalidAccessKeyId")]
    public async Task A_denied_object_is_not_missing_while_the_one_that_always_exists_cannot_be_read(int status, string code)
    {
        _proxy.Choose = request => request.Target.EndsWith(ObjectKeys.HealthCheck, StringComparison.Ordinal)
            ? Fault.S3Error(status, code)
            : Fault.S3Error(403, "AccessDenied");

        await IsUpstreamAsync(502, () => _store.GetAsync("a", range: null, unlessETag: null, Token));
        await IsUpstreamAsync(502, () => _store.HeadAsync("a", Token));
    }

    [Theory(Timeout = Limit)]
    [InlineData(502, "<html>Bad gateway</html>")]
    [InlineData(403, "<html>Forbidden</html>")]
    [InlineData(403, "")]
    [InlineData(403, "<Error><Code>AccessDenied")]
    [InlineData(200, "<html>Please sign in to this network</html>")]
    public async Task An_answer_that_is_not_of_S3_is_a_bad_gateway(int status, string body)
    {
        _proxy.Choose = _ => new() { Answer = new(status, "text/html", body) };

        await IsUpstreamAsync(502, () => GetAsync(_store, "a"));
        await IsUpstreamAsync(502, () => KeysAsync(_store));
        await IsUpstreamAsync(502, () => PutAsync(_store, "a", "x"u8.ToArray(), WriteCondition.None));
        await IsUpstreamAsync(502, () => _store.HeadAsync("a", Token));
    }

    [Fact(Timeout = Limit)]
    public async Task Latency_is_borne_up_to_the_timeout()
    {
        await PutAsync(_direct, "a", "one"u8.ToArray(), WriteCondition.None);
        _proxy.Choose = _ => new() { Latency = TimeSpan.FromMilliseconds(300) };
        Assert.Equal("one"u8.ToArray(), await GetAsync(_store, "a"));

        var hasty = Store(TimeSpan.FromMilliseconds(500));
        _proxy.Choose = _ => new() { Latency = TimeSpan.FromSeconds(10) };
        foreach (var call in Calls(hasty))
        {
            var watch = Stopwatch.StartNew();
            await IsUpstreamAsync(504, call);
            Assert.InRange(watch.Elapsed, TimeSpan.FromMilliseconds(450), TimeSpan.FromSeconds(20));
        }
    }

    [Theory(Timeout = Limit)]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(100_000)]
    public async Task A_server_that_falls_silent_is_a_gateway_timeout(int after)
    {
        await PutAsync(_direct, "a", RandomBytes(500_000), WriteCondition.None);
        var hasty = Store(TimeSpan.FromMilliseconds(700));
        _proxy.Choose = _ => new() { StallAnswerAfter = after };
        var watch = Stopwatch.StartNew();

        await IsUpstreamAsync(504, () => GetAsync(hasty, "a"));

        Assert.InRange(watch.Elapsed, TimeSpan.FromMilliseconds(600), TimeSpan.FromSeconds(20));
    }

    [Theory(Timeout = Limit)]
    [InlineData(-1)]
    [InlineData(100_000)]
    public async Task A_caller_need_not_wait_for_a_silent_server(int after)
    {
        await PutAsync(_direct, "a", RandomBytes(500_000), WriteCondition.None);
        _proxy.Choose = _ => new() { StallAnswerAfter = after };
        using var caller = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        var watch = Stopwatch.StartNew();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await using var stored = await _store.GetAsync("a", range: null, unlessETag: null, caller.Token);
            await stored!.Content.CopyToAsync(Stream.Null, CancellationToken.None);
        });

        Assert.True(watch.Elapsed < s_patience / 2, $"It took {watch.Elapsed}.");
    }

    [Theory(Timeout = Limit)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(250_000)]
    [InlineData(499_999)]
    public async Task Truncated_content_is_a_store_error_and_never_the_end(int after)
    {
        var content = RandomBytes(500_000);
        await PutAsync(_direct, "a", content, WriteCondition.None);
        _proxy.Inject(new() { CutAnswerAfter = after }, method: "GET");

        await IsUpstreamAsync(502, () => GetAsync(_store, "a"));

        Assert.Equal(content, await GetAsync(_store, "a"));
    }

    [Fact(Timeout = Limit)]
    public async Task Content_may_come_and_go_slowly_as_long_as_it_moves()
    {
        var content = RandomBytes(2_000_000);
        var hasty = Store(s_timeout);
        _proxy.Choose = _ => new() { BytesPerSecond = 250_000 };
        var watch = Stopwatch.StartNew();

        Assert.NotNull(await PutAsync(hasty, "a", content, WriteCondition.IfNew));
        Assert.True(watch.Elapsed > s_timeout * 1.2, $"It took only {watch.Elapsed}.");
        watch.Restart();
        Assert.Equal(content, await GetAsync(hasty, "a"));
        Assert.True(watch.Elapsed > s_timeout * 1.2, $"It took only {watch.Elapsed}.");
    }

    [Theory(Timeout = Limit)]
    [InlineData(0)]
    [InlineData(150_000)]
    [InlineData(299_000)]
    public async Task An_upload_that_breaks_off_is_sent_again_and_if_that_fails_nothing_is_there(int after)
    {
        var content = RandomBytes(300_000);
        _proxy.Inject(new() { CutRequestAfter = after }, method: "PUT");
        Assert.NotNull(await PutAsync(_store, "a", content, WriteCondition.IfNew));
        Assert.Equal(content, await GetAsync(_direct, "a"));

        _proxy.Choose = request => request.Method == "PUT" ? new() { CutRequestAfter = after } : null;
        await IsUpstreamAsync(502, () => PutAsync(_store, "b", content, WriteCondition.IfNew));
        Assert.Null(await _direct.HeadAsync("b", Token));
    }

    [Theory(Timeout = Limit)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_write_whose_answer_was_lost_has_won(int times)
    {
        var lost = new Fault { LoseAnswer = true };

        _proxy.Inject(lost, times, "PUT");
        var first = await PutAsync(_store, "a", "one"u8.ToArray(), WriteCondition.IfNew);
        Assert.NotNull(first);
        Assert.Equal(first, (await _direct.HeadAsync("a", Token))!.ETag);
        Assert.Equal([.. Enumerable.Repeat("PUT", times + 1), "HEAD"], _proxy.Requests.Select(request => request.Method).ToList());

        _proxy.Inject(lost, times, "PUT");
        var second = await PutAsync(_store, "a", "two"u8.ToArray(), WriteCondition.IfUnchanged(first));
        Assert.NotNull(second);
        Assert.Equal("two"u8.ToArray(), await GetAsync(_direct, "a"));
        Assert.Equal(second, (await _direct.HeadAsync("a", Token))!.ETag);

        _proxy.Inject(lost, times, "PUT");
        Assert.NotNull(await PutAsync(_store, "a", "three"u8.ToArray(), WriteCondition.None));
        Assert.Equal("three"u8.ToArray(), await GetAsync(_direct, "a"));
    }

    [Fact(Timeout = Limit)]
    public async Task A_write_that_failed_for_the_caller_and_yet_happened_wins_when_it_is_repeated_with_its_condition()
    {
        var (isNew, other) = (WriteCondition.IfNew, WriteCondition.IfNew);
        _proxy.Choose = request => request.Method == "PUT" ? new() { LoseAnswer = true } : null;
        await IsUpstreamAsync(502, () => PutAsync(_store, "a", "one"u8.ToArray(), isNew));
        _proxy.Choose = _ => null;

        Assert.Null(await PutAsync(_store, "a", "one"u8.ToArray(), other));
        var eTag = await PutAsync(_store, "a", "one"u8.ToArray(), isNew);

        Assert.Equal((await _direct.HeadAsync("a", Token))!.ETag, eTag);
        Assert.NotNull(await PutAsync(_direct, "a", "another's"u8.ToArray(), WriteCondition.IfUnchanged(eTag!)));
        Assert.Null(await PutAsync(_store, "a", "one"u8.ToArray(), isNew)); // by now it is another's
    }

    [Fact(Timeout = Limit)]
    public async Task A_write_overtaken_between_its_attempts_has_lost_even_with_the_same_content()
    {
        _proxy.Choose = request =>
        {
            if (request.Method != "PUT" || request.Number > 0)
                return null;
            // The first attempt fails; before the second one, somebody else writes.
            PutAsync(_direct, "a", "same"u8.ToArray(), WriteCondition.IfNew).GetAwaiter().GetResult();
            return Fault.S3Error(500, "InternalError");
        };

        Assert.Null(await PutAsync(_store, "a", "same"u8.ToArray(), WriteCondition.IfNew));
    }

    [Fact(Timeout = Limit)]
    public async Task Writes_that_meet_are_tried_again()
    {
        _proxy.Inject(Fault.S3Error(409, "ConditionalRequestConflict"), times: 5, "PUT");

        Assert.NotNull(await PutAsync(_store, "a", "x"u8.ToArray(), WriteCondition.IfNew));
        Assert.Equal(6, _proxy.Requests.Count);
    }

    [Fact(Timeout = Limit)]
    public async Task Content_changed_on_the_way_is_noticed()
    {
        var content = RandomBytes(300_000);
        await PutAsync(_direct, "a", content, WriteCondition.None);
        _proxy.Choose = _ => new() { CorruptAnswerAt = 150_000 };
        await IsUpstreamAsync(502, () => GetAsync(_store, "a"));

        // Also by those who read exactly as much as there is.
        await using (var stored = await _store.GetAsync("a", range: null, unlessETag: null, Token))
            await IsUpstreamAsync(502, () => stored!.Content.ReadExactlyAsync(new byte[content.Length], Token).AsTask());

        _proxy.Choose = _ => new() { CorruptRequestAt = 150_000 };
        await IsUpstreamAsync(502, () => PutAsync(_store, "b", content, WriteCondition.IfNew));
        Assert.Null(await _direct.HeadAsync("b", Token));
    }

    [Fact(Timeout = Limit)]
    public async Task A_truncated_list_is_a_store_error()
    {
        await PutAsync(_direct, "a", "x"u8.ToArray(), WriteCondition.None);
        _proxy.Choose = _ => new() { CutAnswerAfter = 100 };
        await IsUpstreamAsync(502, () => KeysAsync(_store));
        _proxy.Choose = _ => null;
        Assert.Equal(["a"], await KeysAsync(_store));
    }

    [Fact(Timeout = Limit)]
    public async Task A_server_that_crashes_is_a_bad_gateway_and_keeps_what_it_has_acknowledged()
    {
        await using var own = new CephRgw();
        var store = (await own.CreateBucketAsync()).CreateStore(s_patience);
        var eTag = await PutAsync(store, "a", "one"u8.ToArray(), WriteCondition.IfNew);

        await own.KillAsync();
        await IsUpstreamAsync(502, () => GetAsync(store, "a"));
        await IsUpstreamAsync(502, () => PutAsync(store, "a", "two"u8.ToArray(), WriteCondition.IfUnchanged(eTag!)));
        await own.RestartAsync();

        Assert.Equal("one"u8.ToArray(), await GetAsync(store, "a"));
        Assert.NotNull(await PutAsync(store, "a", "two"u8.ToArray(), WriteCondition.IfUnchanged(eTag!)));
    }

    private static IEnumerable<Func<Task>> Calls(S3ObjectStore store) =>
    [
        () => store.HeadAsync("a", Token),
        () => GetAsync(store, "a"),
        () => PutAsync(store, "a", "x"u8.ToArray(), WriteCondition.None),
        () => PutAsync(store, "a", "x"u8.ToArray(), WriteCondition.IfNew),
        () => store.DeleteAsync(["a"], Token),
        () => KeysAsync(store),
    ];

    private static async Task IsUpstreamAsync(int status, Func<Task> call) =>
        Assert.Equal(status, (await Assert.ThrowsAsync<UpstreamException>(call)).StatusCode);

    private static byte[] RandomBytes(int length)
    {
        var bytes = new byte[length];
        Random.Shared.NextBytes(bytes);
        return bytes;
    }

    private static async Task<string?> PutAsync(S3ObjectStore store, string key, byte[] content, WriteCondition condition)
    {
        using var stream = new MemoryStream(content);
        return await store.PutAsync(key, stream, condition, Token);
    }

    private static async Task<byte[]?> GetAsync(S3ObjectStore store, string key, ByteRange? range = null)
    {
        await using var stored = await store.GetAsync(key, range, unlessETag: null, Token);
        if (stored is null)
            return null;
        using var memory = new MemoryStream();
        await stored.Content.CopyToAsync(memory, Token);
        return memory.ToArray();
    }

    private static async Task<IReadOnlyList<string>> KeysAsync(S3ObjectStore store)
    {
        var keys = new List<string>();
        await foreach (var entry in store.ListAsync("", Token))
            keys.Add(entry.Key);
        return keys;
    }

    private S3ObjectStore Store(TimeSpan timeout) => (_bucket with { Endpoint = _proxy.Address }).CreateStore(timeout);
}
