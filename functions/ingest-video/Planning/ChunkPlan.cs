using IngestVideo.Media;

namespace IngestVideo.Planning;

/// <summary>
/// The segments of a plan's encoded renditions, known before anything is encoded, and the chunks that they can be grouped into: encoded one by one and put
/// together, these show the same pictures at the same times as the whole.
/// </summary>
public sealed record ChunkPlan
{
    /// <summary>Why the picture cannot be encoded in chunks, in a sentence for the log; null where it can.</summary>
    public string? Obstacle { get; init; }

    /// <summary>How many segments each encoded rendition has.</summary>
    public int Segments => throw new NotImplementedException();

    public static ChunkPlan For(TranscodePlan plan, CutPoints points) => throw new NotImplementedException();

    /// <summary>All chunks, of about that length; shorter ones first, so that there is something to play early, and last, so that all workers end together.</summary>
    public IReadOnlyList<Chunk> Of(TimeSpan length) => throw new NotImplementedException();

    /// <summary>The chunk of some segments, such as a half of one that takes too long.</summary>
    /// <param name="first">The number of the first.</param>
    /// <param name="end">The number after the last.</param>
    public Chunk Between(int first, int end) => throw new NotImplementedException();
}
