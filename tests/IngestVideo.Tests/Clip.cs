using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
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

    /// <summary>The bytes of a clip with zeros in the place of a stream's packets from one second to another.</summary>
    public static async Task<byte[]> DamagedAsync(string source, string stream, double from, double to)
    {
        var file = await File.ReadAllBytesAsync(source);
        var packets = await Ffmpeg.ProbeAsync(
            "-select_streams", stream, "-show_entries", "packet=pts_time,size,pos", "-print_format", "csv=print_section=0", source);
        foreach (var packet in packets.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(',')))
        {
            if (double.Parse(packet[0], CultureInfo.InvariantCulture) is var time && time >= from && time < to)
            {
                var (size, position) = (int.Parse(packet[1], CultureInfo.InvariantCulture), int.Parse(packet[2], CultureInfo.InvariantCulture));
                var own = Path.GetExtension(source).StartsWith(".mk", StringComparison.Ordinal) ? 8 : 0; // a block of Matroska has a header
                file.AsSpan(position + own, size - own).Clear();
            }
        }
        return file;
    }

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
