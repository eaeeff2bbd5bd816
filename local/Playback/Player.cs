using System.Collections.Concurrent;
using System.Globalization;
using FFMpegCore;
using FFMpegCore.Exceptions;

namespace Reelseal.Local.Playback;

/// <summary>What was played.</summary>
/// <param name="Frames">The number of decoded pictures; 0 for a rendition without pictures.</param>
/// <param name="Duration">The duration of pictures and sound.</param>
internal readonly record struct Played(long Frames, TimeSpan Duration);

/// <summary>Plays a stream with ffmpeg: fetches every segment and decodes every frame.</summary>
internal static class Player
{
    private static readonly string[] s_missing = ["HTTP error", "Failed to open segment", "Server returned"];

    /// <exception cref="FFMpegException">Something could not be fetched or decoded.</exception>
    public static async Task<Played> PlayAsync(Uri playlist, CancellationToken cancellationToken)
    {
        var progress = new ConcurrentDictionary<string, string>(StringComparer.Ordinal);
        // The library puts its own log level last, where ffmpeg does not see it after the null output.
        var result = await FFMpegArguments
            .FromUrlInput(playlist, input => input.WithCustomArgument("-hide_banner -v warning -xerror"))
            .OutputToNull(output => output.WithCustomArgument("-map 0 -progress pipe:1"))
            .NotifyOnStandardOutput(line => Read(line, progress))
            .ProcessAsynchronously(true, null, cancellationToken);
        // ffmpeg only warns about a segment that it cannot fetch, skips it and goes on.
        if (result.StandardError.Any(line => s_missing.Any(words => line.Contains(words, StringComparison.Ordinal))))
            throw new FFMpegException(string.Join('\n', result.StandardError), null);
        return new(
            progress.TryGetValue("frame", out var frames) ? long.Parse(frames, CultureInfo.InvariantCulture) : 0,
            progress.TryGetValue("out_time_us", out var time) && long.TryParse(time, CultureInfo.InvariantCulture, out var microseconds)
                ? TimeSpan.FromMicroseconds(microseconds)
                : TimeSpan.Zero);
    }

    /// <summary>Takes in a line <c>key=value</c> of ffmpeg's progress; later values replace earlier ones.</summary>
    private static void Read(string line, ConcurrentDictionary<string, string> progress)
    {
        if (line.Split('=') is [var key, var value])
            progress[key] = value.Trim();
    }
}
