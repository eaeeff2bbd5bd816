using System.Diagnostics;
using IngestVideo.Status;
using Reelseal;
using Reelseal.Storage;
using Reelseal.Testing;

namespace IngestVideo.Tests.Status;

/// <summary>The list of videos, however many there are: the newest first, in pages, for all of them or for those that a token names.</summary>
public sealed class ListTests(CephRgw s3)
{
    private const int Limit = 60_000;
    private static readonly DateTimeOffset s_begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task Pages_hold_the_newest_first_and_end_with_the_oldest()
    {
        using var folder = new TemporaryDirectory();
        var store = new DirectoryObjectStore(folder.Path, TimeSpan.FromSeconds(5));
        var videos = await FillAsync(store, 25);

        Assert.Equal(videos, await WalkAsync(store, videos: null, limit: 10));
        Assert.Equal(videos, await WalkAsync(store, videos: null, limit: 25));
        Assert.Equal([videos[3], videos[8], videos[20]],
            await WalkAsync(store, new HashSet<VideoId> { videos[20], videos[3], videos[8], VideoId.New() }, limit: 2));
        Assert.Empty(await WalkAsync(store, new HashSet<VideoId>(), limit: 2));
    }

    [Fact(Timeout = Limit)]
    public async Task A_new_video_or_a_deleted_one_moves_no_other_from_its_page()
    {
        using var folder = new TemporaryDirectory();
        var store = new DirectoryObjectStore(folder.Path, TimeSpan.FromSeconds(5));
        var statuses = new StatusStore(store);
        var videos = await FillAsync(store, 10);
        var first = await statuses.ListAsync(videos: null, after: null, limit: 4, Token);

        await AddAsync(statuses, VideoId.New(), s_begin.AddYears(1));
        await statuses.DeleteAsync(first.Videos[^1], Token);
        await statuses.DeleteAsync((await statuses.ReadAsync(videos[5], Token))!.Status, Token);

        var second = await statuses.ListAsync(videos: null, first.Next, limit: 4, Token);
        Assert.Equal([videos[4], videos[6], videos[7], videos[8]], second.Videos.Select(IdOf));
        Assert.Equal([videos[9]], (await statuses.ListAsync(videos: null, second.Next, limit: 4, Token)).Videos.Select(IdOf));
    }

    [Fact(Timeout = Limit)]
    public async Task Places_of_attempts_that_lost_and_documents_that_are_damaged_do_not_count()
    {
        using var folder = new TemporaryDirectory();
        var store = new DirectoryObjectStore(folder.Path, TimeSpan.FromSeconds(5));
        var statuses = new StatusStore(store);
        var videos = await FillAsync(store, 5);
        for (var second = 100; second < 120; second++)
            await statuses.AnnounceAsync(videos[0], s_begin.AddSeconds(second), Token);
        await store.PutAsync(ObjectKeys.ListingPrefix + "x", new MemoryStream(), WriteCondition.None, Token);
        await store.PutAsync(ObjectKeys.Status(videos[2]), new MemoryStream("{"u8.ToArray()), WriteCondition.None, Token);

        Assert.Equal([videos[0], videos[1], videos[3], videos[4]], await WalkAsync(store, videos: null, limit: 2));
    }

    [Fact(Timeout = Limit)]
    public async Task The_videos_that_a_token_names_are_read_once_for_a_page()
    {
        using var folder = new TemporaryDirectory();
        var reads = 0;
        var real = new DirectoryObjectStore(folder.Path, TimeSpan.FromSeconds(5));
        var store = new ChangedStore(real, beforePut: _ => Task.CompletedTask, beforeGet: _ => Interlocked.Increment(ref reads));
        var videos = await FillAsync(store, 8);

        var page = await new StatusStore(store).ListAsync(new HashSet<VideoId>(videos[2..7]), after: null, limit: 3, Token);

        Assert.Equal(videos[2..5], page.Videos.Select(IdOf));
        Assert.Equal(5, reads);
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("9999999999999999999.11111111-1111-1111-1111-111111111111")]
    [InlineData("0000000000000000000.11111111-1111-1111-1111-111111111111")]
    [InlineData("-000000000000000001.11111111-1111-1111-1111-111111111111")]
    [InlineData("6155000000000000000.not-an-id-not-an-id-not-an-id-not-an-id-")]
    public async Task A_place_that_was_never_given_out_is_refused(string after)
    {
        using var folder = new TemporaryDirectory();
        var statuses = new StatusStore(new DirectoryObjectStore(folder.Path, TimeSpan.FromSeconds(5)));

        var refused = await Assert.ThrowsAsync<IngestRefusedException>(() => statuses.ListAsync(videos: null, after, limit: 4, Token));

        Assert.Equal(400, refused.StatusCode);
    }

    [Fact(Timeout = 1_200_000)]
    [Trait("Category", "Soak")]
    public async Task A_page_of_fifty_thousand_videos_takes_less_than_300_ms()
    {
        var store = (await s3.CreateBucketAsync()).CreateStore(TimeSpan.FromSeconds(60));
        var videos = await FillAsync(store, 50_000);
        var statuses = new StatusStore(store);
        var some = videos.Where((_, index) => index % 2500 == 7).ToHashSet();
        var middle = (await statuses.ListAsync(new HashSet<VideoId> { videos[25_000], videos[25_001] }, after: null, limit: 1, Token)).Next;

        Assert.Equal(videos[..20], await TimedAsync(null, null));
        Assert.Equal(videos[25_001..25_021], await TimedAsync(null, middle));
        Assert.Equal(videos.Where(some.Contains), await TimedAsync(some, null));

        async Task<IEnumerable<VideoId>> TimedAsync(IReadOnlySet<VideoId>? allowed, string? after)
        {
            var times = new List<double>();
            VideoList page = new([], null);
            for (var round = 0; round < 6; round++)
            {
                var watch = Stopwatch.StartNew();
                page = await statuses.ListAsync(allowed, after, limit: 20, Token);
                times.Add(watch.Elapsed.TotalMilliseconds);
            }
            times.RemoveAt(0); // connections are made
            TestContext.Current.TestOutputHelper?.WriteLine($"{string.Join(", ", times.Select(time => $"{time:0}"))} ms");
            Assert.InRange(times.Order().ElementAt(times.Count / 2), 0, 300);
            return page.Videos.Select(IdOf);
        }
    }

    /// <summary>Videos created a second apart, the newest first.</summary>
    private static async Task<List<VideoId>> FillAsync(IObjectStore store, int count)
    {
        var statuses = new StatusStore(store);
        var videos = Enumerable.Range(0, count).Select(_ => VideoId.New()).ToList();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 32, CancellationToken = Token }, async (index, _) =>
                await AddAsync(statuses, videos[index], s_begin.AddSeconds(count - index)));
        return videos;
    }

    private static async Task AddAsync(StatusStore statuses, VideoId video, DateTimeOffset created)
    {
        await statuses.AnnounceAsync(video, created, Token);
        var status = new VideoStatus { Id = video.ToString(), State = VideoState.Ready, Created = created, Updated = created, Attempt = "0123456789abcdef" };
        await statuses.WriteAsync(video, status, WriteCondition.None, Token);
    }

    private static async Task<List<VideoId>> WalkAsync(IObjectStore store, IReadOnlySet<VideoId>? videos, int limit)
    {
        var (statuses, found) = (new StatusStore(store), new List<VideoId>());
        string? next = null;
        do
        {
            var page = await statuses.ListAsync(videos, next, limit, Token);
            Assert.True(page.Videos.Count <= limit);
            found.AddRange(page.Videos.Select(IdOf));
            next = page.Next;
        }
        while (next is not null);
        return found;
    }

    private static VideoId IdOf(VideoStatus status) => VideoId.Parse(status.Id, provider: null);
}
