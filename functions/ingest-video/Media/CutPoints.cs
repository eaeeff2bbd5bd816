namespace IngestVideo.Media;

/// <summary>Where the picture of a source can be cut without decoding it.</summary>
/// <param name="Keyframes">Those that say when they are decoded, in that order.</param>
/// <param name="Pictures">How many packets there are.</param>
/// <param name="LongestDistance">The longest time from one picture to the next.</param>
/// <param name="Obstacle">Why it must not be cut, in a sentence; null where it may be.</param>
public sealed record CutPoints(IReadOnlyList<CutPoint> Keyframes, int Pictures, TimeSpan LongestDistance, string? Obstacle);

/// <summary>A keyframe's times in seconds, on the clock that ffmpeg decodes the whole source by.</summary>
/// <param name="Decoded">When it is decoded: everything that is decoded from then on needs nothing from before, but for what is shown before it.</param>
/// <param name="Shown">When it is shown.</param>
public readonly record struct CutPoint(double Decoded, double Shown);
