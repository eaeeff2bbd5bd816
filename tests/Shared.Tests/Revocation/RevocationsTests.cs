using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Reelseal.Revocation;
using Reelseal.Storage;
using Reelseal.Testing;

namespace Reelseal.Tests.Revocation;

public sealed class RevocationsTests : IDisposable
{
    private const int Limit = 60_000;
    private static readonly VideoId s_video = VideoId.Parse("0f8fad5b-d9cb-469f-a165-70867728950e", provider: null);
    private static readonly string[] s_names =
    [
        " ", "/", "../../videos/x", "a/b", "a\0b", "é", "\ud800", "auth0|1", "jemand@example.org", "latest",
        new('x', 128), new('x', 129), new('x', 16_000),
    ];
    private readonly FakeTimeProvider _clock = new(new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));
    private readonly TemporaryDirectory _folder = new();
    private readonly ConcurrentQueue<string> _log = new();
    private readonly WatchedStore _store;

    public RevocationsTests() => _store = new(new DirectoryObjectStore(_folder.Path, TimeSpan.FromSeconds(5)));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _store.Stop();
        _folder.Dispose();
    }

    [Fact(Timeout = Limit)]
    public async Task A_raised_epoch_is_in_force_at_once_here_within_two_seconds_elsewhere_and_after_a_restart()
    {
        var (here, elsewhere) = (Replica(), Replica());
        Assert.Equal((0, 0), (await here.EpochOfAsync(s_video, Token), await elsewhere.EpochOfAsync(s_video, Token)));

        await here.RaiseEpochAsync(s_video, Token);
        Assert.Equal(1, await here.EpochOfAsync(s_video, Token));
        _clock.Advance(Revocations.Freshness);
        Assert.Equal(1, await elsewhere.EpochOfAsync(s_video, Token));

        await elsewhere.RaiseEpochAsync(s_video, Token);
        _clock.Advance(Revocations.Freshness);
        Assert.Equal(
            (2, 2, 0),
            (await here.EpochOfAsync(s_video, Token), await Replica().EpochOfAsync(s_video, Token), await here.EpochOfAsync(VideoId.New(), Token)));
    }

    [Theory(Timeout = Limit)]
    [InlineData(RevocationKind.Token)]
    [InlineData(RevocationKind.Subject)]
    public async Task A_token_is_refused_by_its_id_or_subject_until_it_is_accepted_again(RevocationKind kind)
    {
        var (here, elsewhere) = (Replica(), Replica());
        async Task<bool> RefusedAsync(Revocations replica) =>
            kind == RevocationKind.Token
                ? await replica.IsRefusedAsync("a", "x", Token)
                : await replica.IsRefusedAsync("x", "a", Token);

        Assert.False(await RefusedAsync(elsewhere));
        await here.RefuseAsync(kind, "a", refused: true, Token);
        _clock.Advance(Revocations.Freshness);
        Assert.True(await RefusedAsync(elsewhere));
        var otherKind = kind == RevocationKind.Token ? elsewhere.IsRefusedAsync(null, "a", Token) : elsewhere.IsRefusedAsync("a", null, Token);
        Assert.False(await otherKind);

        await elsewhere.RefuseAsync(kind, "a", refused: false, Token);
        _clock.Advance(Revocations.Freshness);
        Assert.False(await RefusedAsync(here));
    }

    [Fact(Timeout = Limit)]
    public async Task Any_text_that_an_issuer_chose_names_an_object_of_its_own()
    {
        for (var refused = 0; refused < s_names.Length; refused++)
        {
            await Replica().RefuseAsync(RevocationKind.Subject, s_names[refused], refused: true, Token);
            var replica = Replica();
            for (var other = 0; other < s_names.Length; other++)
                Assert.Equal(other <= refused, await replica.IsRefusedAsync(tokenId: null, s_names[other], Token));
        }
        Assert.All(_store.Writes, key => Assert.Matches("^revocations/(latest|subjects/[0-9a-f]{64})[.]json$", key));
    }

    [Fact(Timeout = Limit)]
    public async Task The_store_is_asked_once_a_second_however_many_videos_and_tokens_are_known()
    {
        var replica = Replica();
        var videos = Enumerable.Range(0, 50).Select(_ => VideoId.New()).ToList();
        async Task AskAsync()
        {
            foreach (var video in videos)
            {
                Assert.Equal(0, await replica.EpochOfAsync(video, Token));
                Assert.False(await replica.IsRefusedAsync($"id of {video}", $"subject of {video}", Token));
            }
        }

        await AskAsync();
        for (var second = 0; second < 10; second++)
        {
            var before = _store.Reads.Count;
            await AskAsync();
            Assert.Equal(before, _store.Reads.Count);
            _clock.Advance(TimeSpan.FromSeconds(1));
            await AskAsync();
            Assert.Equal([ObjectKeys.LatestRevocation], _store.Reads.Skip(before));
        }
    }

    [Fact(Timeout = Limit)]
    public async Task While_the_store_cannot_be_read_the_last_known_answers_count_with_one_line_in_the_log_and_one_never_known_is_a_failure()
    {
        var replica = Replica();
        await replica.RaiseEpochAsync(s_video, Token);
        await replica.RefuseAsync(RevocationKind.Token, "refused", refused: true, Token);
        async Task AssertKnownAsync()
        {
            Assert.Equal(1, await replica.EpochOfAsync(s_video, Token));
            Assert.True(await replica.IsRefusedAsync("refused", null, Token));
            Assert.False(await replica.IsRefusedAsync("good", null, Token));
        }

        await AssertKnownAsync();

        _store.Failure = new("The object store answered 403 AccessDenied.", timedOut: false);
        for (var hour = 0; hour < 48; hour++)
        {
            _clock.Advance(TimeSpan.FromSeconds(3));
            await AssertKnownAsync();
        }
        await Assert.ThrowsAsync<UpstreamException>(async () => await replica.EpochOfAsync(VideoId.New(), Token));
        await Assert.ThrowsAsync<UpstreamException>(async () => await Replica().EpochOfAsync(s_video, Token));
        await Assert.ThrowsAsync<UpstreamException>(() => replica.RaiseEpochAsync(s_video, Token));
        Assert.Contains("403 AccessDenied", Assert.Single(_log), StringComparison.Ordinal);

        _store.Failure = null;
        await Replica().RaiseEpochAsync(s_video, Token);
        while (await replica.EpochOfAsync(s_video, Token) != 2) // it looks in the background while the last look failed
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(5, Token);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task A_store_that_hangs_makes_one_request_wait_and_the_others_get_the_last_known_answer()
    {
        var replica = Replica();
        Assert.Equal(0, await replica.EpochOfAsync(s_video, Token));
        _store.Failure = new("The object store did not answer in time.", timedOut: true);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(0, await replica.EpochOfAsync(s_video, Token));

        var held = _store.Hold();
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(0, await replica.EpochOfAsync(s_video, Token)); // while the store still has not answered
        held.SetResult();
    }

    [Fact(Timeout = Limit)]
    public async Task An_object_that_is_gone_damaged_or_too_long_undoes_no_revocation()
    {
        var replica = Replica();
        await replica.RaiseEpochAsync(s_video, Token);
        Assert.Equal(1, await replica.EpochOfAsync(s_video, Token));
        foreach (var damage in (string[])["", "null", "[]", "{\"epoch\":\"1\"}", "{\"epoch\":", "{\"epoch\":" + new string(' ', 5000) + "1}"])
        {
            Assert.NotNull(await _store.PutAsync(
                ObjectKeys.Revocation(s_video), new MemoryStream(System.Text.Encoding.UTF8.GetBytes(damage)),
                WriteCondition.None, Token));
            _clock.Advance(TimeSpan.FromMinutes(2));
            Assert.Equal(1, await replica.EpochOfAsync(s_video, Token));
            await Assert.ThrowsAsync<UnreadableObjectException>(async () => await Replica().EpochOfAsync(s_video, Token));
        }
    }

    [Fact(Timeout = Limit)]
    public async Task Each_of_many_revocations_at_the_same_time_counts()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Replica().RaiseEpochAsync(s_video, Token)));
        Assert.Equal(8, await Replica().EpochOfAsync(s_video, Token));
    }

    [Fact(Timeout = Limit)]
    public async Task A_revocation_whose_writer_died_before_it_marked_it_is_noticed_within_a_minute()
    {
        var replica = Replica();
        Assert.Equal(0, await replica.EpochOfAsync(s_video, Token));
        Assert.NotNull(await _store.PutAsync(ObjectKeys.Revocation(s_video), new MemoryStream("{\"epoch\":7}"u8.ToArray()), WriteCondition.None, Token));
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(7, await replica.EpochOfAsync(s_video, Token));
    }

    [Fact(Timeout = Limit)]
    public async Task A_read_that_began_before_a_revocation_does_not_answer_a_request_that_came_after_it()
    {
        var replica = Replica();
        Assert.Equal(0, await replica.EpochOfAsync(VideoId.New(), Token));
        var held = _store.HoldAfterReading(ObjectKeys.Revocation(s_video));
        var early = replica.EpochOfAsync(s_video, Token).AsTask();
        await _store.IsHeld;

        await Replica().RaiseEpochAsync(s_video, Token);
        _clock.Advance(Revocations.Freshness);
        Assert.Equal(1, await replica.EpochOfAsync(s_video, Token));
        held.SetResult();
        Assert.Equal(0, await early);
        Assert.Equal(1, await replica.EpochOfAsync(s_video, Token));
    }

    [Fact(Timeout = Limit)]
    public async Task The_known_revocations_are_bounded()
    {
        var replica = Replica();
        for (var i = 0; i < 21_000; i++)
            Assert.False(await replica.IsRefusedAsync($"{i}", null, Token));
        Assert.InRange(replica.KnownCount, 10_000, 20_000);
    }

    private Revocations Replica() => new(_store, new(_clock, new QueueLogger(_log)), _clock);

    private sealed class QueueLogger(ConcurrentQueue<string> lines) : ILogger<OutageLog>
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue(formatter(state, exception));
    }
}
