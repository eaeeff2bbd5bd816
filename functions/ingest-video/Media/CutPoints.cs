namespace IngestVideo.Media;

/// <summary>Where the picture of a source can be cut without decoding it.</summary>
/// <param name="Keyframes">In the order of decoding.</param>
/// <param name="Pictures">How many packets there are from the first keyframe on.</param>
/// <param name="LongestDistance">The longest time from one picture to the next.</param>
/// <param name="Obstacle">Why it must not be cut, in a sentence; null where it may be.</param>
public sealed record CutPoints(IReadOnlyList<CutPoint> Keyframes, int Pictures, TimeSpan LongestDistance, string? Obstacle);

/// <summary>A keyframe. What is shown from then on needs nothing that is decoded before it.</summary>
/// <param name="Packet">How many packets come before it, from the first keyframe on.</param>
/// <param name="Shown">When it is shown, in seconds on the clock that ffmpeg decodes the whole source by.</param>
/// <param name="IsClosed">What is decoded before it is shown before it, and what is decoded after it is shown after it.</param>
public readonly record struct CutPoint(int Packet, double Shown, bool IsClosed);
