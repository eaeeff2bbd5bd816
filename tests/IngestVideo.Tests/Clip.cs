using System.Buffers.Binary;
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

    /// <summary>A copy of an MP4 that players turn by degrees with the clock: ffmpeg's option for it differs between versions.</summary>
    public static async Task<string> TurnedAsync(string path, int degrees)
    {
        var file = await File.ReadAllBytesAsync(path);
        // The matrix of the track header (ISO/IEC 14496-12, 8.3.2), in 16.16.
        var matrix = file.AsMemory(file.AsSpan().IndexOf("tkhd"u8) + 44);
        var (cosine, sine) = degrees switch { 90 => (0, 1), 180 => (-1, 0), _ => (0, -1) };
        foreach (var (at, value) in ((int, int)[])[(0, cosine), (4, sine), (12, -sine), (16, cosine)])
            BinaryPrimitives.WriteInt32BigEndian(matrix.Span[at..], value << 16);
        var turned = Path.ChangeExtension(path, $"{degrees}.mp4");
        await File.WriteAllBytesAsync(turned, file);
        return turned;
    }

    /// <summary>The hash of all decoded pictures.</summary>
    public static Task<string> PicturesHashAsync(string source) =>
        Ffmpeg.RunAsync("-i", source, "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "md5", "-");
}
