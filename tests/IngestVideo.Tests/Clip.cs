using System.Collections.Concurrent;
using Reelseal.Testing;

namespace IngestVideo.Tests;

/// <summary>Makes small real videos with ffmpeg, once each.</summary>
internal static class Clip
{
    private static readonly ConcurrentDictionary<string, Lazy<Task<string>>> s_clips = new(StringComparer.Ordinal);
    private static readonly string s_folder = Directory.CreateTempSubdirectory("reelseal-clips-").FullName;

    static Clip() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(s_folder, recursive: true);

    /// <summary>A clip of the arguments, split at spaces; its path comes last.</summary>
    public static Task<string> MakeAsync(string name, string arguments) => s_clips.GetOrAdd($"{name} {arguments}", _ => new(async () =>
    {
        var path = Path.Combine(Directory.CreateDirectory(Path.Combine(s_folder, $"{Guid.NewGuid():N}")).FullName, name); // two tests may use a name
        await Ffmpeg.RunAsync([.. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries), path]);
        return path;
    })).Value;

    /// <summary>A moving picture with a tone.</summary>
    public static Task<string> SimpleAsync(string size = "320x180", int seconds = 3, int rate = 25) => MakeAsync(
        $"simple-{size}-{seconds}-{rate}.mp4",
        $"-f lavfi -i testsrc2=s={size}:r={rate}:d={seconds} -f lavfi -i sine=f=440:d={seconds} -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac");

    /// <summary>The hash of all decoded pictures.</summary>
    public static Task<string> PicturesHashAsync(string source) =>
        Ffmpeg.RunAsync("-i", source, "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "md5", "-");
}
