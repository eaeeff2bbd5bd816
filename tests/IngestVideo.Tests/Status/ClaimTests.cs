using System.Text;
using IngestVideo.Status;
using Microsoft.Extensions.Logging.Abstractions;
using Reelseal;
using Reelseal.Storage;
using Reelseal.Testing;

namespace IngestVideo.Tests.Status;

/// <summary>Who has a video, and for how long: a worker that lives keeps it, one that is gone loses it, whatever the clocks say.</summary>
public sealed class ClaimTests : IDisposable
{
    private const int Limit = 60_000;

    private static readonly IngestOptions s_options = new() { StoreTimeout = TimeSpan.FromSeconds(2), HeartbeatInterval = TimeSpan.FromMilliseconds(200) };

    private readonly TemporaryDirectory _folder = new();
    private readonly VideoId _video = VideoId.New();
    private readonly DirectoryObjectStore _store;

    public ClaimTests() => _store = new(_folder.Path, s_options.StoreTimeout);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = Limit)]
    public async Task A_worker_keeps_its_claim_while_one_write_takes_longer_than_the_store_may_take()
    {
        var (slow, slowed) = (s_options.StoreTimeout * 1.2, new TaskCompletionSource());
        var writes = 0;
        await using var claim = await TakenAsync(new ChangedStore(_store, async key =>
        {
            if (key != ObjectKeys.Status(_video) || Interlocked.Increment(ref writes) != 3)
                return;
            await Task.Delay(slow, Token);
            slowed.SetResult();
        }));

        while (!slowed.Task.IsCompleted)
        {
            Assert.Null((await TakeAsync(_store)).Claim);
            await Task.Delay(50, Token);
        }

        Assert.True(await claim.FlushAsync(Token));
    }

    [Theory(Timeout = Limit)]
    [InlineData(30)]
    [InlineData(-30)]
    [InlineData(3600)]
    [InlineData(-3600)]
    public async Task Nobody_takes_the_video_of_a_worker_that_lives_however_far_apart_the_clocks_are(int ahead)
    {
        await using var claim = await TakenAsync(_store);

        Assert.Null((await TakeAsync(_store, new ShiftedClock(TimeSpan.FromSeconds(ahead)))).Claim);
    }

    [Theory(Timeout = Limit)]
    [InlineData(30)]
    [InlineData(-30)]
    [InlineData(-3600)]
    public async Task The_video_of_a_worker_that_is_gone_is_taken_over_when_its_claim_has_run_out(int ahead)
    {
        VideoStatus before;
        await using (var claim = await TakenAsync(_store))
        {
            claim.Update(status => status with { Title = "A title" });
            Assert.True(await claim.FlushAsync(Token));
            await claim.StopAsync();
            before = claim.Status;
        }
        var clock = new ShiftedClock(TimeSpan.FromSeconds(ahead));
        Assert.Null((await TakeAsync(_store, clock)).Claim);
        await Task.Delay(s_options.ClaimLifetime + TimeSpan.FromMilliseconds(500), Token); // timers may be early

        var (taken, existing) = await TakeAsync(_store, clock);

        Assert.NotNull(taken);
        Assert.Equal(before.Attempt, existing!.Attempt);
        Assert.NotEqual(before.Attempt, taken.Attempt);
        Assert.Equal((before.Created, "A title"), (taken.Status.Created, taken.Status.Title));
        await taken.DisposeAsync();
        Assert.Single(await _store.ListAsync(ObjectKeys.ListingPrefix, Token).ToListAsync(Token));
    }

    /// <summary>A write that takes as long as the store may take, the heartbeat after it, two more that fail, and a second,
    /// because S3 counts in whole ones.</summary>
    [Fact(Timeout = Limit)]
    public async Task A_claim_outlives_a_slow_write_and_two_missed_heartbeats_and_not_a_moment_more()
    {
        var lifetime = s_options.StoreTimeout + 3 * s_options.HeartbeatInterval + TimeSpan.FromSeconds(1);
        await (await TakenAsync(_store)).DisposeAsync();

        Assert.Null((await TakeAsync(new AgedStore(_store, lifetime))).Claim);
        await using var taken = (await TakeAsync(new AgedStore(_store, lifetime + TimeSpan.FromMilliseconds(1)))).Claim;

        Assert.NotNull(taken);
    }

    [Fact(Timeout = Limit)]
    public async Task Only_one_of_several_takes_over_and_its_predecessor_notices()
    {
        var lifetime = s_options.ClaimLifetime;
        await using var before = await TakenAsync(_store);
        await before.StopAsync();

        var store = ReadByAllBeforeOneWrites(new AgedStore(_store, lifetime + TimeSpan.FromSeconds(1), before.Attempt), count: 8);
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => TakeAsync(store)));

        await using var taken = Assert.Single(results, result => result.Claim is not null).Claim!;
        Assert.False(before.Lost.IsCancellationRequested);
        Assert.False(await before.FlushAsync(Token));
        Assert.True(before.Lost.IsCancellationRequested);
        Assert.Equal(taken.Attempt, (await new StatusStore(_store).ReadAsync(_video, Token))!.Status.Attempt);
    }

    [Fact(Timeout = Limit)]
    public async Task A_heartbeat_that_finds_a_damaged_document_is_followed_by_others()
    {
        await using var claim = await TakenAsync(_store);
        var text = Encoding.UTF8.GetBytes("{ damaged");
        await _store.PutAsync(ObjectKeys.Status(_video), new MemoryStream(text), WriteCondition.None, Token);
        await Task.Delay(s_options.HeartbeatInterval * 5, Token);

        await new StatusStore(_store).WriteAsync(_video, claim.Status, WriteCondition.None, Token);
        var repaired = await _store.HeadAsync(ObjectKeys.Status(_video), Token);

        ObjectEntry? next;
        do
        {
            await Task.Delay(20, Token);
            next = await _store.HeadAsync(ObjectKeys.Status(_video), Token);
        }
        while (next!.ETag == repaired!.ETag);
        Assert.False(claim.Lost.IsCancellationRequested);
    }

    [Fact(Timeout = Limit)]
    public async Task A_heartbeat_that_is_cancelled_by_the_store_is_followed_by_others()
    {
        var (writes, next) = (0, new TaskCompletionSource());
        await using var claim = await TakenAsync(new ChangedStore(_store, key =>
        {
            if (key != ObjectKeys.Status(_video))
                return Task.CompletedTask;
            var write = Interlocked.Increment(ref writes);
            if (write >= 4)
                next.TrySetResult();
            return write is 2 or 3 ? throw new TaskCanceledException("Somebody else's timeout.") : Task.CompletedTask;
        }));

        await next.Task.WaitAsync(Token);

        Assert.False(claim.Lost.IsCancellationRequested);
    }

    [Fact(Timeout = Limit)]
    public async Task A_heartbeat_that_fails_while_it_is_ended_harms_nothing()
    {
        var (writes, begun, failing) = (0, new TaskCompletionSource(), new TaskCompletionSource());
        await using var claim = await TakenAsync(new ChangedStore(_store, async key =>
        {
            if (key != ObjectKeys.Status(_video) || Interlocked.Increment(ref writes) != 2)
                return;
            begun.SetResult();
            await failing.Task;
            throw new UpstreamException("The store failed.", timedOut: false);
        }));
        await begun.Task.WaitAsync(Token);

        var stopping = claim.StopAsync();
        failing.SetResult();
        await stopping;

        Assert.True(await claim.FlushAsync(Token));
    }

    [Fact(Timeout = Limit)]
    public async Task Only_one_of_several_gets_the_claim_and_the_others_leave_no_place_in_the_list()
    {
        var store = ReadByAllBeforeOneWrites(_store, count: 8);
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(number => TakeAsync(store, new ShiftedClock(TimeSpan.FromSeconds(number)))));

        var claim = Assert.Single(results, result => result.Claim is not null).Claim!;
        await claim.DisposeAsync();
        var listed = Assert.Single(await _store.ListAsync(ObjectKeys.ListingPrefix, Token).ToListAsync(Token));
        Assert.Equal(ObjectKeys.Listing(_video, claim.Status.Created), listed.Key);
    }

    private async Task<VideoClaim> TakenAsync(IObjectStore store) => (await TakeAsync(store)).Claim!;

    private Task<ClaimResult> TakeAsync(IObjectStore store, TimeProvider? clock = null)
    {
        var statuses = new StatusStore(store);
        return VideoClaim.TakeAsync(statuses, statuses, _video, clock ?? TimeProvider.System, s_options, NullLogger.Instance, Token);
    }

    private ChangedStore ReadByAllBeforeOneWrites(IObjectStore store, int count)
    {
        var (writers, all) = (0, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        return new(store, key =>
        {
            if (key != ObjectKeys.Status(_video))
                return Task.CompletedTask;
            if (Interlocked.Increment(ref writers) == count)
                all.SetResult();
            return all.Task;
        });
    }

    /// <summary>A store by whose clock everything that holds a text was written a certain time ago.</summary>
    private sealed class AgedStore(IObjectStore store, TimeSpan age, string text = "") : IObjectStore
    {
        public Task<ObjectEntry?> HeadAsync(string key, CancellationToken cancellationToken) => store.HeadAsync(key, cancellationToken);

        public async Task<StoredObject?> GetAsync(string key, ByteRange? range, string? unlessETag, CancellationToken cancellationToken)
        {
            await using var stored = await store.GetAsync(key, range, unlessETag, cancellationToken);
            if (stored is null)
                return null;
            var content = new MemoryStream();
            await stored.Content.CopyToAsync(content, cancellationToken);
            content.Position = 0;
            var isOld = Encoding.UTF8.GetString(content.ToArray()).Contains(text, StringComparison.Ordinal);
            return new(isOld ? stored.Entry with { Age = age } : stored.Entry, content);
        }

        public Task<string?> PutAsync(string key, Stream content, WriteCondition condition, CancellationToken cancellationToken) =>
            store.PutAsync(key, content, condition, cancellationToken);

        public Task<bool> CopyAsync(string from, string to, CancellationToken cancellationToken) => store.CopyAsync(from, to, cancellationToken);

        public Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken) => store.DeleteAsync(keys, cancellationToken);

        public IAsyncEnumerable<ObjectEntry> ListAsync(string prefix, string? startAfter, CancellationToken cancellationToken) =>
            store.ListAsync(prefix, startAfter, cancellationToken);
    }

    /// <summary>The clock of a machine that is ahead of, or behind, the store's.</summary>
    private sealed class ShiftedClock(TimeSpan ahead) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + ahead;
    }
}
