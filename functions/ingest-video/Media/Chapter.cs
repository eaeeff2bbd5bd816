namespace IngestVideo.Media;

/// <summary>A chapter of a source.</summary>
/// <param name="Start">When it begins, in seconds from the beginning of the video.</param>
/// <param name="Title">What the file calls it, or null.</param>
public sealed record Chapter(double Start, string? Title);
