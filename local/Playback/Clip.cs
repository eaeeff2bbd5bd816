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
            .FromFileInput($"testsrc2=size={width}x{height}:rate=30:duration={seconds}", verifyExists: false, input => input.ForceFormat("lavfi"))
            .AddFileInput($"sine=frequency=440:beep_factor=4:duration={seconds}", verifyExists: false, input => input.ForceFormat("lavfi"))
            .OutputToFile(path, overwrite: true, output => output
                .WithVideoCodec("libx264").WithSpeedPreset(Speed.UltraFast).ForcePixelFormat("yuv420p").WithCustomArgument("-g 60").WithAudioCodec("aac").WithFastStart())
            .WithLogLevel(FFMpegLogLevel.Warning)
            .CancellableThrough(cancellationToken)
            .ProcessAsynchronously();
    }
}
