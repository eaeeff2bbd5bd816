using IngestVideo.Receiving;
using Microsoft.Extensions.Logging.Abstractions;
using Reelseal;
using Reelseal.Storage;
using Reelseal.Testing;

namespace IngestVideo.Tests.Receiving;

/// <summary>An upload on its way from the store into the workspace, over a connection that breaks.</summary>
public sealed class FetchTests(CephRgw s3)
{
    private const int Limit = 60_000;
    private const int Size = 2_000_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task A_fetch_that_breaks_off_is_continued_where_it_was()
    {
        var (bucket, video, content) = (await s3.CreateBucketAsync(), VideoId.New(), Bytes());
        await bucket.CreateStore(TimeSpan.FromSeconds(5)).PutAsync(ObjectKeys.Upload(video), new MemoryStream(content), WriteCondition.None, Token);
        await using var proxy = new FaultProxy(bucket.Endpoint);
        proxy.Choose = request => request.Method == "GET" ? new() { CutAnswerAfter = 300_000 } : null;

        var fetched = await FetchAsync((bucket with { Endpoint = proxy.Address }).CreateStore(TimeSpan.FromSeconds(5)), video);

        Assert.Equal(content, fetched);
        Assert.InRange(proxy.Requests.Count, Size / 300_000, 20); // each brings something, and none begins again
    }

    [Fact(Timeout = Limit)]
    public async Task An_upload_that_is_replaced_meanwhile_comes_whole_and_unmixed()
    {
        using var folder = new TemporaryDirectory();
        var (real, video, content) = (new DirectoryObjectStore(folder.Path, TimeSpan.FromSeconds(5)), VideoId.New(), Bytes());
        await real.PutAsync(ObjectKeys.Upload(video), new MemoryStream(Bytes()), WriteCondition.None, Token);
        var store = new BreakingStore(real, async () => await real.PutAsync(ObjectKeys.Upload(video), new MemoryStream(content), WriteCondition.None, Token));

        Assert.Equal(content, await FetchAsync(store, video));
    }

    [Fact(Timeout = Limit)]
    public async Task A_store_that_sends_nothing_any_more_is_given_up()
    {
        using var folder = new TemporaryDirectory();
        var store = new BreakingStore(new DirectoryObjectStore(folder.Path, TimeSpan.FromSeconds(5)), afterFirst: null);

        await Assert.ThrowsAsync<UpstreamException>(() => FetchAsync(store, VideoId.New()));

        Assert.InRange(store.Reads, 2, 10);
    }

    private static async Task<byte[]> FetchAsync(IObjectStore store, VideoId video)
    {
        using var folder = new TemporaryDirectory();
        using var workspace = Workspace.Create(folder.Path);
        await new SourceFetcher(store, new(), new ImpatientClock(), NullLogger<SourceFetcher>.Instance).FetchAsync(video, workspace, Token);
        return await File.ReadAllBytesAsync(workspace.Source, Token);
    }

    private static byte[] Bytes()
    {
        var bytes = new byte[Size];
        Random.Shared.NextBytes(bytes);
        return bytes;
    }

    /// <summary>A store whose first answer breaks off in the middle; without <paramref name="afterFirst"/> nothing ever comes.</summary>
    private sealed class BreakingStore(IObjectStore store, Func<Task>? afterFirst) : IObjectStore
    {
        public int Reads { get; private set; }

        public async Task<StoredObject?> GetAsync(string key, ByteRange? range, string? unlessETag, CancellationToken cancellationToken)
        {
            if (afterFirst is null)
            {
                Reads++;
                throw new UpstreamException("The object store cannot be reached.", timedOut: false);
            }
            var stored = await store.GetAsync(key, range, unlessETag, cancellationToken);
            return ++Reads > 1 ? stored : new(stored!.Entry, new BreakingStream(stored.Content, afterFirst));
        }

        public Task<ObjectEntry?> HeadAsync(string key, CancellationToken cancellationToken) => store.HeadAsync(key, cancellationToken);

        public Task<string?> PutAsync(string key, Stream content, WriteCondition condition, CancellationToken cancellationToken) =>
            store.PutAsync(key, content, condition, cancellationToken);

        public Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken) => store.DeleteAsync(keys, cancellationToken);

        public Task<bool> CopyAsync(string from, string to, CancellationToken cancellationToken) => store.CopyAsync(from, to, cancellationToken);

        public IAsyncEnumerable<ObjectEntry> ListAsync(string prefix, string? startAfter, CancellationToken cancellationToken) =>
            store.ListAsync(prefix, startAfter, cancellationToken);
    }

    private sealed class BreakingStream(Stream content, Func<Task> whenItBreaks) : MemoryStream
    {
        public override async Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
        {
            var half = new byte[Size / 2];
            await content.ReadExactlyAsync(half, cancellationToken);
            await destination.WriteAsync(half, cancellationToken);
            await whenItBreaks();
            throw new UpstreamException("The object store broke off.", timedOut: false);
        }
    }

    /// <summary>A clock by which every wait is over at once.</summary>
    private sealed class ImpatientClock : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
