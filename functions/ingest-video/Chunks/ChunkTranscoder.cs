using IngestVideo.Processes;
using IngestVideo.Transcoding;

namespace IngestVideo.Chunks;

/// <summary>Encodes a chunk, within the limits of a whole video.</summary>
public sealed class ChunkTranscoder(Sandbox sandbox, IngestOptions options, TimeProvider clock, ILogger<Transcoder> logger)
{
    /// <param name="job">What to make.</param>
    /// <param name="cutFile">What <see cref="ChunkCutter"/> wrote.</param>
    /// <param name="folder">Where the result goes; it exists, and is empty.</param>
    /// <param name="onProgress">Receives the progress, twice a second.</param>
    /// <param name="onStarted">Is given the process, to stop it while something else comes first.</param>
    /// <param name="cancellationToken">Kills ffmpeg.</param>
    /// <exception cref="ChunkMismatchException">The pictures are not the ones that the chunk should have.</exception>
    /// <exception cref="IngestRefusedException">As of <see cref="Transcoder"/>.</exception>
    /// <exception cref="Planning.CopyFailedException">As of <see cref="Transcoder"/>, beside a copy.</exception>
    public Task<ChunkResult> TranscodeAsync(
        ChunkJob job, string cutFile, string folder, Action<TranscodeProgress> onProgress, Action<ChildProcess> onStarted,
        CancellationToken cancellationToken) => throw new NotImplementedException();
}
