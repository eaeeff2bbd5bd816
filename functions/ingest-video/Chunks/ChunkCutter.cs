using IngestVideo.Media;
using IngestVideo.Planning;
using IngestVideo.Processes;

namespace IngestVideo.Chunks;

/// <summary>Cuts packets out of a source, without decoding them.</summary>
public sealed class ChunkCutter(Sandbox sandbox, IngestOptions options)
{
    /// <summary>Writes the packets of some chunks into files, in one pass over the source that ends with the last of them.</summary>
    /// <param name="plan">What is made of the source.</param>
    /// <param name="source">The path of the source.</param>
    /// <param name="container">What it is.</param>
    /// <param name="chunks">In order.</param>
    /// <param name="folder">Where the files go: <see cref="FileOf"/>.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="ChunkMismatchException">The packets cannot be cut out.</exception>
    public Task CutAsync(
        TranscodePlan plan, string source, Container container, IReadOnlyList<Chunk> chunks, string folder, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    /// <summary>The name of a chunk's file.</summary>
    public static string FileOf(Chunk chunk) => $"{chunk.Name}.nut";
}
