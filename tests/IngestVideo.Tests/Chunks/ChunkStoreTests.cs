using IngestVideo.Chunks;
using IngestVideo.Planning;
using Reelseal;
using Reelseal.Storage;
using Reelseal.Testing;

namespace IngestVideo.Tests.Chunks;

/// <summary>What replicas hand to each other in the store.</summary>
public sealed class ChunkStoreTests : IClassFixture<ChunkStoreTests.OneChunk>, IDisposable
{
    private const int Limit = 60_000;
    private readonly TemporaryDirectory _folder = new();
    private readonly ChunkedVideo _video;
    private readonly DirectoryObjectStore _objects;
    private readonly ChunkStore _chunks;

    public ChunkStoreTests(OneChunk encoded)
    {
        _video = encoded.Video;
        _objects = new(_folder.Path, TimeSpan.FromSeconds(5));
        _chunks = new(_objects);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static ChunkId Id { get; } = new(VideoId.New(), new('0', ChunkId.PlanLength), "00000-00001");

    private ChunkJob Job => _video.Chunks[0].Job;

    [Fact(Timeout = Limit)]
    public async Task Of_two_who_encode_a_chunk_the_first_counts()
    {
        await PutCutAsync();

        var first = await PutAsync();
        var second = await PutAsync();

        Assert.Equal(first.Folder, second.Folder);
        Assert.Equal(first.Folder, (await _chunks.FindAsync(Id, Job, Token))!.Folder);
        Assert.Equal([Id.Name], await _chunks.ListFinishedAsync(Id.Video, Id.Plan, Token));
    }

    [Fact(Timeout = Limit)]
    public async Task One_who_has_encoded_a_chunk_that_nobody_needs_any_more_leaves_nothing()
    {
        await PutCutAsync();
        await PutAsync();
        await _objects.DeleteAllAsync(ObjectKeys.Work(Id.Video), Token);

        var refused = await Assert.ThrowsAsync<IngestRefusedException>(PutAsync);

        Assert.Equal(StatusCodes.Status409Conflict, refused.StatusCode);
        Assert.Empty(await _objects.ListAsync("", Token).ToListAsync(Token));
    }

    [Theory(Timeout = Limit)]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{\"run\":\"0123456789abcdef0123456789abcdef\"}")]
    [InlineData("{\"run\":\"../../../../videos\",\"result\":{}}")]
    [InlineData("{\"run\":\"0123456789abcdef0123456789abcdef\",\"result\":{\"renditions\":[],\"stills\":[]}}")]
    public async Task A_marker_that_cannot_be_read_means_that_the_picture_is_encoded_as_a_whole(string marker)
    {
        await _objects.PutAsync(Id.Folder + "done.json", new MemoryStream(System.Text.Encoding.UTF8.GetBytes(marker)), WriteCondition.None, Token);
        await Assert.ThrowsAsync<ChunkMismatchException>(() => _chunks.FindAsync(Id, Job, Token));
    }

    public void Dispose() => _folder.Dispose();

    private Task PutCutAsync() => _chunks.PutCutAsync(Id, _video.CutFile(Job.Chunk), Token);

    private async Task<FinishedChunk> PutAsync()
    {
        await using var upload = _chunks.Begin(Id, Job, _video.FolderOf(Job.Chunk), isForAnother: true, Token);
        return await upload.FinishAsync(_video.Chunks[0].Result);
    }

    /// <summary>A video of which one chunk is encoded.</summary>
    public sealed class OneChunk : IAsyncLifetime
    {
        internal ChunkedVideo Video { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Video = await ChunkedVideo.OfAsync(await ChunkCluster.FilmAsync(), new() { X264Preset = "ultrafast", CopySource = false });
            await Video.TranscodeChunksAsync([ChunkPlan.For(Video.Plan, Video.Points).Between(0, 1)]);
        }

        public ValueTask DisposeAsync()
        {
            Video.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
