using System.Globalization;

namespace Reelseal.Local.Playback;

/// <summary>Makes short real clips: a moving picture with a running clock, and a sound.</summary>
internal static class Clip
{
    public static Task CreateAsync(string path, TimeSpan duration, int width, int height, CancellationToken cancellationToken)
    {
        var seconds = duration.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        return Ffmpeg.RunAsync(
        [
            "-f", "lavfi", "-i", $"testsrc2=size={width}x{height}:rate=30:duration={seconds}",
            "-f", "lavfi", "-i", $"sine=frequency=440:beep_factor=4:duration={seconds}",
            "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "60", "-c:a", "aac", "-movflags", "+faststart", "-y", path,
        ], cancellationToken);
    }
}
