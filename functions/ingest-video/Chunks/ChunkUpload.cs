using System.Collections.Concurrent;
using System.Threading.Channels;
using Reelseal;
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
    private readonly bool _hasOwnPackets;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _end;
    private readonly ConcurrentDictionary<string, bool> _written = new(StringComparer.Ordinal);
    private readonly Channel<string> _complete = Channel.CreateUnbounded<string>();
    private readonly Task _writing;
    private bool _mayBeMarked;
    private FinishedChunk? _finished;

    internal ChunkUpload(
        IObjectStore store, ChunkStore chunks, ChunkId chunk, ChunkJob job, string output, bool hasOwnPackets, ILogger logger,
        CancellationToken cancellationToken)
    {
        (_store, _chunks, _chunk, _job, _output, _hasOwnPackets, _logger) = (store, chunks, chunk, job, output, hasOwnPackets, logger);
        _end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _writing = Parallel.ForEachAsync(_complete.Reader.ReadAllAsync(_end.Token), ChunkStore.Limit(_end.Token), TryPutAsync);
    }

    private string Folder => $"{_chunk.Folder}{_run}/";

    /// <summary>A file is complete.</summary>
    /// <param name="path">Relative to the folder of the output.</param>
    public void Add(string path) => _complete.Writer.TryWrite(path);

    /// <summary>Writes what is left, and says that the chunk is encoded.</summary>
    /// <exception cref="IngestRefusedException">409: nobody needs the chunk any more.</exception>
    /// <exception cref="UpstreamException">The store failed.</exception>
    public async Task<FinishedChunk> FinishAsync(ChunkResult result)
    {
        _complete.Writer.Complete();
        await _writing;
        await Parallel.ForEachAsync(ChunkStore.FilesOf(result).Where(path => !_written.ContainsKey(path)), ChunkStore.Limit(_end.Token), PutAsync);
        // Removing a video's work deletes what is listed at that moment: it may have begun before the marker is written, or begin meanwhile.
        if (!await IsGoneAsync(_end.Token))
        {
            _mayBeMarked = true;
            _mayBeMarked = await _chunks.TryMarkAsync(_chunk, _run, result, _end.Token);
            if (!await IsGoneAsync(_end.Token))
                _finished = _mayBeMarked ? new(Folder, result) : await _chunks.FindAsync(_chunk, _job, _end.Token);
        }
        return _finished ?? throw new IngestRefusedException(StatusCodes.Status409Conflict, "Nobody needs this chunk any more.");
    }

    /// <summary>Removes what nobody will use.</summary>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
        if (_finished is { } finished && finished.Folder == Folder)
            return;
        try
        {
            // A marker that may have come through although its answer was lost counts as long as somebody needs the chunk.
            if (_mayBeMarked && !await IsGoneAsync(CancellationToken.None))
                return;
            if (_mayBeMarked)
                await _chunks.RemoveMarkerAsync(_chunk, CancellationToken.None);
            await _store.DeleteAllAsync(Folder, CancellationToken.None);
        }
        catch (UpstreamException e)
        {
            _logger.LogError(e, "What was made of chunk {Chunk} of {Video} could not be removed", _chunk.Name, _chunk.Video);
        }
    }

    /// <summary>The lead, which is another replica, has removed the packets and all else. A lead knows itself whether its own are needed.</summary>
    private async Task<bool> IsGoneAsync(CancellationToken cancellationToken) => !_hasOwnPackets && await _chunks.IsGoneAsync(_chunk, cancellationToken);

    /// <summary>Writes a file. If the store fails, it is written at the end.</summary>
    private async ValueTask TryPutAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            await PutAsync(path, cancellationToken);
            _written[path] = true;
        }
        catch (UpstreamException e)
        {
            _logger.LogWarning("{Path} of chunk {Chunk} of {Video} is written later: {Message}", path, _chunk.Name, _chunk.Video, e.Message);
        }
    }

    private async ValueTask PutAsync(string path, CancellationToken cancellationToken)
    {
        await using var content = File.OpenRead(Path.Combine(_output, path));
        await _store.PutAsync(Folder + path, content, WriteCondition.None, cancellationToken);
    }
}
