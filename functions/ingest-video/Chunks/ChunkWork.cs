using IngestVideo.Media;
using IngestVideo.Planning;
using Reelseal;

namespace IngestVideo.Chunks;

/// <summary>A video's picture that will be encoded in chunks.</summary>
/// <param name="Video">The video.</param>
/// <param name="Hash">Of everything on which the result depends.</param>
/// <param name="Plan">What is made of the source.</param>
/// <param name="Chunks">How it can be divided.</param>
/// <param name="Container">What the source is.</param>
/// <param name="Workspace">Where it is.</param>
public sealed record ChunkWork(VideoId Video, string Hash, TranscodePlan Plan, ChunkPlan Chunks, Container Container, Workspace Workspace)
{
    public ChunkId IdOf(Chunk chunk) => new(Video, Hash, chunk.Name);

    /// <summary>How long a chunk plays.</summary>
    public TimeSpan LengthOf(Chunk chunk) => TimeSpan.FromSeconds((chunk.End - chunk.First) / Plan.FrameRate.PerSecond);

    /// <summary>The halves of a chunk of two segments or more: always the same, so that a later attempt finds what an earlier one has finished.</summary>
    public IReadOnlyList<Chunk> Halve(Chunk chunk)
    {
        var (first, end) = (chunk.FirstSegment, chunk.FirstSegment + chunk.Segments);
        var middle = first + ((chunk.Segments + 1) / 2);
        return [Chunks.Between(first, middle), Chunks.Between(middle, end)];
    }
}
