using IngestVideo.Planning;

namespace IngestVideo.Publishing;

/// <summary>A rendition whose segments and playlist are in the store.</summary>
/// <param name="Rendition">What was planned.</param>
/// <param name="Codecs">As in <c>CODECS</c>.</param>
/// <param name="Bandwidth">As measured.</param>
/// <param name="Segments">What it consists of.</param>
public sealed record PublishedRendition(Rendition Rendition, string Codecs, MeasuredBandwidth Bandwidth, IReadOnlyList<MediaSegment> Segments)
{
    /// <summary>The closed captions inside the picture, by <c>INSTREAM-ID</c>.</summary>
    public IReadOnlyList<string> Captions { get; init; } = [];

    /// <summary>How long it plays.</summary>
    public double Seconds => Segments.Sum(segment => segment.Seconds);
}
