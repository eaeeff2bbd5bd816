using IngestVideo.Transcoding;

namespace IngestVideo.Chunks;

/// <summary>Encodes a chunk and puts it into the store; the lead of a video uses it for its own share as well.</summary>
public sealed class ChunkWorker(ChunkStore chunks, ChunkTranscoder transcoder, IngestOptions options)
{
    /// <param name="chunk">The chunk.</param>
    /// <param name="job">What to make.</param>
    /// <param name="cutFile">Its packets, where this replica has cut them out itself; null to fetch them from the store.</param>
    /// <param name="onProgress">Receives the progress, twice a second.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>What was made, now or before.</returns>
    /// <exception cref="ChunkMismatchException">It cannot be encoded by itself, or comes out otherwise than in the whole.</exception>
    /// <exception cref="IngestRefusedException">409: nobody needs the chunk any more; 422: it is beyond this machine's limits.</exception>
    /// <exception cref="Reelseal.UpstreamException">The store failed.</exception>
    public async Task<FinishedChunk> EncodeAsync(
        ChunkId chunk, ChunkJob job, string? cutFile, Action<TranscodeProgress> onProgress, CancellationToken cancellationToken)
    {
        // A call whose answer was lost is repeated.
        if (await chunks.FindAsync(chunk, job, cancellationToken) is { } before)
            return before;
        using var workspace = Workspace.Create(options.WorkDirectory);
        if (cutFile is null)
            await chunks.FetchCutAsync(chunk, workspace.Source, cancellationToken);
        Directory.CreateDirectory(workspace.Output);
        await using var upload = chunks.Begin(chunk, job, workspace.Output, hasOwnPackets: cutFile is not null, cancellationToken);
        return await upload.FinishAsync(
            await TranscodeAsync(job, cutFile ?? workspace.Source, workspace.Output, onProgress, upload.Add, cancellationToken));
    }

    private async Task<ChunkResult> TranscodeAsync(
        ChunkJob job, string cutFile, string output, Action<TranscodeProgress> onProgress, Action<string> onComplete, CancellationToken cancellationToken)
    {
        try
        {
            return await transcoder.TranscodeAsync(job, cutFile, output, onProgress, onComplete, cancellationToken);
        }
        catch (IngestRefusedException e) when (e.StatusCode == StatusCodes.Status422UnprocessableEntity && !e.IsLimit)
        {
            // Damage that is a small part of a video may be all of a chunk.
            throw new ChunkMismatchException($"Chunk {job.Chunk.Name} cannot be decoded by itself: {e.Message}");
        }
    }
}
