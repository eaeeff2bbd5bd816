namespace IngestVideo.Planning;

/// <summary>A run of segments of every encoded rendition, which can be encoded by itself. Pictures are counted at the rate of the plan.</summary>
/// <param name="FirstSegment">How many segments come before it.</param>
/// <param name="FirstKeyframe">How many keyframes come before it.</param>
/// <param name="Cuts">The picture that each segment begins with, and at last the one that follows.</param>
/// <param name="Keyframes">Its pictures that are keyframes; the first is one.</param>
/// <param name="IsLast">Nothing follows.</param>
/// <param name="CutFrom">How many packets of the source, from the first keyframe on, come before those that it is made of; null: all are needed.</param>
/// <param name="CutTo">When these end, in seconds of the source's time; null: with the source.</param>
public sealed record Chunk(
    int FirstSegment, int FirstKeyframe, IReadOnlyList<int> Cuts, IReadOnlyList<int> Keyframes, bool IsLast, int? CutFrom, double? CutTo)
{
    /// <summary>Its first picture.</summary>
    public int First => Cuts[0];

    /// <summary>The picture after its last one.</summary>
    public int End => Cuts[^1];

    /// <summary>How many segments each rendition has of it.</summary>
    public int Segments => Cuts.Count - 1;

    /// <summary>Names it among all chunks of a plan; fit for a file or a key.</summary>
    public string Name => FormattableString.Invariant($"{FirstSegment:00000}-{FirstSegment + Segments:00000}");
}
