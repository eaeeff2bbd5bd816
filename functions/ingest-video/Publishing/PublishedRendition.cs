using IngestVideo.Planning;

namespace IngestVideo.Publishing;

/// <summary>A rendition whose segments and playlist are in the store.</summary>
/// <param name="Rendition">What was planned.</param>
/// <param name="Codecs">As in <c>CODECS</c>.</param>
/// <param name="Bandwidth">As measured.</param>
/// <param name="Seconds">How long it plays.</param>
public sealed record PublishedRendition(Rendition Rendition, string Codecs, MeasuredBandwidth Bandwidth, double Seconds);
