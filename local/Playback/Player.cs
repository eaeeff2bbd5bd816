using System.Globalization;

namespace Reelseal.Local.Playback;

/// <summary>What was played.</summary>
/// <param name="Frames">The number of decoded pictures; 0 for a rendition without pictures.</param>
/// <param name="Duration">The duration of pictures and sound.</param>
internal readonly record struct Played(long Frames, TimeSpan Duration);

/// <summary>Plays a stream with ffmpeg: fetches every segment and decodes every frame.</summary>
internal static class Player
{
    private static readonly string[] s_missing = ["HTTP error", "Failed to open segment", "Server returned"];

    /// <exception cref="FfmpegException">Something could not be fetched or decoded.</exception>
    public static async Task<Played> PlayAsync(Uri playlist, CancellationToken cancellationToken)
    {
        var (progress, complaints) = await Ffmpeg.RunAsync(["-xerror", "-i", playlist.AbsoluteUri, "-map", "0", "-f", "null", "-progress", "pipe:1", "-"], cancellationToken);
        // ffmpeg only warns about a segment that it cannot fetch, skips it and goes on.
        if (s_missing.Any(said => complaints.Contains(said, StringComparison.Ordinal)))
            throw new FfmpegException(complaints);
        var last = progress.Split('\n').Select(line => line.Split('=')).Where(pair => pair.Length == 2)
            .GroupBy(pair => pair[0], pair => pair[1].Trim(), StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Last(), StringComparer.Ordinal);
        return new(
            last.TryGetValue("frame", out var frames) ? long.Parse(frames, CultureInfo.InvariantCulture) : 0,
            last.TryGetValue("out_time_us", out var time) && long.TryParse(time, CultureInfo.InvariantCulture, out var microseconds) ? TimeSpan.FromMicroseconds(microseconds) : TimeSpan.Zero);
    }
}
