using System.Threading.Channels;
using Reelseal.Storage;

namespace IngestVideo.Chunks;

/// <summary>
/// Writes what a run makes of a chunk into the store: each file once it is complete, while others are made, and at last the marker. Where another run was
/// faster, that one's counts.
/// </summary>
public sealed class ChunkUpload : IAsyncDisposable
{
    private readonly IObjectStore _store;
    private readonly ChunkStore _chunks;
    private readonly ChunkId _chunk;
    private readonly ChunkJob _job;
    private readonly string _output, _run = ChunkStore.NewRun();
    private readonly bool _isForAnother;
    private readonly CancellationTokenSource _end;
    private readonly HashSet<string> _added = new(StringComparer.Ordinal);
    private readonly Channel<string> _queue = Channel.CreateUnbounded<string>();
    private readonly Task _uploading;
    private FinishedChunk? _finished;

    internal ChunkUpload(
        IObjectStore store, ChunkStore chunks, ChunkId chunk, ChunkJob job, string output, bool isForAnother, CancellationToken cancellationToken)
    {
        (_store, _chunks, _chunk, _job, _output, _isForAnother) = (store, chunks, chunk, job, output, isForAnother);
        _end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _uploading = Parallel.ForEachAsync(_queue.Reader.ReadAllAsync(_end.Token), ChunkStore.Limit(_end.Token), PutAsync);
    }

    private string Folder => $"{_chunk.Folder}{_run}/";

    /// <summary>A file is complete.</summary>
    /// <param name="path">Relative to the folder of the output.</param>
    public void Add(string path)
    {
        if (_added.Add(path))
            _queue.Writer.TryWrite(path);
    }

    /// <summary>Writes what is left, and says that the chunk is encoded.</summary>
    /// <exception cref="IngestRefusedException">409: nobody needs the chunk any more. Nothing of it is left.</exception>
    /// <exception cref="Reelseal.UpstreamException">The store failed.</exception>
    public async Task<FinishedChunk> FinishAsync(ChunkResult result)
    {
        foreach (var path in ChunkStore.FilesOf(result))
            Add(path);
        _queue.Writer.Complete();
        await _uploading;
        var isFirst = await _chunks.TryMarkAsync(_chunk, _run, result, _end.Token);
        if (!_isForAnother || !await _chunks.IsGoneAsync(_chunk, _end.Token))
            _finished = isFirst ? new(Folder, result) : await _chunks.FindAsync(_chunk, _job, _end.Token);
        return _finished ?? throw new IngestRefusedException(StatusCodes.Status409Conflict, "Nobody needs this chunk any more.");
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _uploading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
        // Removing a video's work deletes what is listed at that moment. If the packets are gone, nothing else deletes what this run wrote since.
        if (_isForAnother && _finished is null && await _chunks.IsGoneAsync(_chunk, CancellationToken.None))
            await _store.DeleteAllAsync(_chunk.Folder, CancellationToken.None);
    }

    private async ValueTask PutAsync(string path, CancellationToken cancellationToken)
    {
        await using var content = File.OpenRead(Path.Combine(_output, path));
        await _store.PutAsync(Folder + path, content, WriteCondition.None, cancellationToken);
    }
}
