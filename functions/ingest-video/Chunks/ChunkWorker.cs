using IngestVideo.Transcoding;

namespace IngestVideo.Chunks;

/// <summary>Encodes a chunk from and to the store; the lead of a video uses it for its own share as well.</summary>
public sealed class ChunkWorker(ChunkStore chunks, ChunkTranscoder transcoder, IngestOptions options)
{
    /// <returns>What was made, now or before.</returns>
    /// <exception cref="ChunkMismatchException">As of <see cref="ChunkTranscoder"/>, as are those of an encoder that gives up.</exception>
    /// <exception cref="IngestRefusedException">409: nobody needs the chunk any more.</exception>
    /// <exception cref="Reelseal.UpstreamException">The store failed.</exception>
    public async Task<FinishedChunk> EncodeAsync(ChunkId chunk, ChunkJob job, Action<TranscodeProgress> onProgress, CancellationToken cancellationToken)
    {
        // A call whose answer was lost is repeated.
        if (await chunks.FindAsync(chunk, job, cancellationToken) is { } before)
            return before;
        using var workspace = Workspace.Create(options.WorkDirectory);
        await chunks.FetchCutAsync(chunk, workspace.Source, cancellationToken);
        Directory.CreateDirectory(workspace.Output);
        var result = await transcoder.TranscodeAsync(job, workspace.Source, workspace.Output, onProgress, onStarted: _ => { }, cancellationToken);
        return await chunks.PutAsync(chunk, job, result, workspace.Output, cancellationToken);
    }
}
