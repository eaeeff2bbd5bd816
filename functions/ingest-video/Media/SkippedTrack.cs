namespace IngestVideo.Media;

/// <summary>A track of the source that is not in the published video.</summary>
/// <param name="Kind"><c>video</c>, <c>audio</c> or <c>subtitles</c>.</param>
/// <param name="Stream">Its index in the file, from 0.</param>
/// <param name="Codec">ffmpeg's name of the codec, or the file's; null when neither is known.</param>
/// <param name="Language">A language tag (RFC 5646), or null when it is not known.</param>
/// <param name="Reason">Why it was left out, in a sentence.</param>
public sealed record SkippedTrack(string Kind, int Stream, string? Codec, string? Language, string Reason);
