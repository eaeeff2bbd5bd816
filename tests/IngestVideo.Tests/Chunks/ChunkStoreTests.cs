using IngestVideo.Chunks;
using IngestVideo.Planning;
using Microsoft.Extensions.Logging.Abstractions;
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
        _chunks = new(_objects, NullLogger<ChunkStore>.Instance);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static ChunkId Id { get; } = new(VideoId.New(), new('0', ChunkId.PlanLength), "00000-00001");

    private ChunkJob Job => _video.Chunks[0].Job;

    private string First => ChunkStore.FilesOf(_video.Chunks[0].Result).First();

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

    [Fact(Timeout = Limit)]
    public async Task One_who_comes_too_late_leaves_alone_what_the_next_lead_has_made()
    {
        var made = await PutAsync(_chunks, hasOwnPackets: true);
        var before = await KeysAsync();

        await Assert.ThrowsAsync<IngestRefusedException>(PutAsync);

        Assert.Equal(before, await KeysAsync());
        Assert.Equal(made.Folder, (await _chunks.FindAsync(Id, Job, Token))!.Folder);
    }

    [Fact(Timeout = Limit)]
    public async Task What_is_not_finished_is_removed()
    {
        await PutCutAsync();
        var before = await KeysAsync();
        foreach (var hasOwnPackets in (bool[])[false, true])
        {
            await using var upload = _chunks.Begin(Id, Job, _video.FolderOf(Job.Chunk), hasOwnPackets, Token);
            upload.Add(First);
            while ((await KeysAsync()).Count == before.Count)
                await Task.Delay(10, Token);
        }
        Assert.Equal(before, await KeysAsync());
    }

    [Fact(Timeout = Limit)]
    public async Task A_file_that_cannot_be_written_early_is_written_at_the_end()
    {
        var failures = 0;
        var failing = new ChangedStore(_objects, beforePut: _ => Interlocked.Increment(ref failures) == 1
            ? Task.FromException(new UpstreamException("The object store is away.", timedOut: false)) : Task.CompletedTask);

        var made = await PutAsync(new(failing, NullLogger<ChunkStore>.Instance), hasOwnPackets: true);

        var files = ChunkStore.FilesOf(_video.Chunks[0].Result).Select(path => made.Folder + path);
        Assert.Empty(files.Except(await KeysAsync()));
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

    private Task<FinishedChunk> PutAsync() => PutAsync(_chunks, hasOwnPackets: false);

    private async Task<FinishedChunk> PutAsync(ChunkStore chunks, bool hasOwnPackets)
    {
        await using var upload = chunks.Begin(Id, Job, _video.FolderOf(Job.Chunk), hasOwnPackets, Token);
        upload.Add(First);
        return await upload.FinishAsync(_video.Chunks[0].Result);
    }

    private async Task<List<string>> KeysAsync() => await _objects.ListAsync("", Token).Select(entry => entry.Key).ToListAsync(Token);

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
