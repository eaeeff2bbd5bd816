using System.Globalization;
using FFMpegCore;
using FFMpegCore.Enums;

namespace Reelseal.Local.Playback;

/// <summary>Makes short real clips: a moving picture with a running clock, and a sound.</summary>
internal static class Clip
{
    /// <exception cref="FFMpegCore.Exceptions.FFMpegException">ffmpeg failed; the message holds its errors.</exception>
    public static Task CreateAsync(string path, TimeSpan duration, int width, int height, CancellationToken cancellationToken)
    {
        var seconds = duration.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        return FFMpegArguments
            .FromFileInput($"testsrc2=size={width}x{height}:rate=30:duration={seconds}", false, input => input.WithCustomArgument("-f lavfi"))
            .AddFileInput($"sine=frequency=440:beep_factor=4:duration={seconds}", false, input => input.WithCustomArgument("-f lavfi"))
            .OutputToFile(path, true, output => output.WithCustomArgument("-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 60 -c:a aac").WithFastStart())
            .WithLogLevel(FFMpegLogLevel.Warning)
            .ProcessAsynchronously(true, null, cancellationToken);
    }
}
