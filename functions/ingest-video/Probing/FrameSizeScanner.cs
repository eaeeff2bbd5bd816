using System.Globalization;
using IngestVideo.Media;
using IngestVideo.Processes;

namespace IngestVideo.Probing;

/// <summary>Finds the sizes of a picture that changes its size on the way: a shared screen that grows, a phone that is turned, a broadcast.</summary>
public sealed class FrameSizeScanner(Sandbox sandbox, IngestOptions options)
{
    private const int MostSizes = 64;

    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(2);

    /// <summary>By codec, the units that hold sequence headers: the size changes with these only. Others are looked at picture by picture.</summary>
    private static readonly Dictionary<string, string?> s_headers = new(StringComparer.Ordinal)
    {
        ["h264"] = "7", ["hevc"] = "33", ["mpeg2video"] = "179", ["av1"] = "1", ["vp8"] = null, ["vp9"] = null,
        ["mpeg4"] = null, ["flv1"] = null, ["h263"] = null,
    };

    /// <returns>The same, in a frame that holds all sizes.</returns>
    public async Task<VideoTrack> ScanAsync(VideoTrack video, string source, Container container, CancellationToken cancellationToken)
    {
        if (video.Rotated || !s_headers.TryGetValue(video.Codec, out var header)
            || (container.Demuxer == "mov" && StatesOneSize(video, source, cancellationToken))
            || (header is not null && !await HeadersChangeAsync(video, header, source, container, cancellationToken)))
            return video;
        var sizes = new HashSet<Size>();
        await ReadAsync(
            "ffprobe",
            [
                "-v", "error", .. UntrustedInput.Arguments(container, options.MaxPixels, options.MaxStreams), "-skip_frame", "nokey",
                "-select_streams", Index(video), "-show_entries", "frame=width,height,sample_aspect_ratio", "-print_format", "csv=print_section=0",
                "-i", source,
            ],
            line =>
            {
                if (sizes.Count < MostSizes && SizeOf(line) is { } size)
                    sizes.Add(size);
            },
            cancellationToken);
        return Holding(video, sizes);
    }

    /// <summary>A frame that holds all sizes, each as large as it fits.</summary>
    internal static VideoTrack Holding(VideoTrack video, IReadOnlySet<Size> sizes)
    {
        if (sizes.Count < 2)
            return video;
        var largest = sizes.MaxBy(size => (long)size.Width * size.Height);
        // Only the resolution changes, apart from rounding.
        if (sizes.All(size => Math.Abs(size.AspectRatio / largest.AspectRatio - 1) < 0.02))
            return video with { Display = largest, SizeChanges = true };
        return video with { Display = new(sizes.Max(size => size.Width), sizes.Max(size => size.Height)), ShapeChanges = true, SizeChanges = true };
    }

    /// <summary>Whether an MP4 has one description for all pictures, and none of them brings its own.</summary>
    private static bool StatesOneSize(VideoTrack video, string source, CancellationToken cancellationToken)
    {
        string[] open = ["avc3", "hev1", "av01", "vp08", "vp09"];
        using var file = File.OpenRead(source);
        var entries = IsoBoxes.SampleEntries(file, cancellationToken).Where(entry => entry.Track == video.StreamIndex).ToList();
        return entries is [var only] && !open.Contains(only.Type, StringComparer.Ordinal);
    }

    private async Task<bool> HeadersChangeAsync(VideoTrack video, string header, string source, Container container, CancellationToken cancellationToken)
    {
        var headers = new HashSet<string>(StringComparer.Ordinal);
        await ReadAsync(
            "ffmpeg",
            [
                "-nostdin", "-v", "error", .. UntrustedInput.Arguments(container, options.MaxPixels, options.MaxStreams), "-i", source,
                "-map", $"0:{Index(video)}", "-c", "copy", "-bsf:v", $"filter_units=pass_types={header}", "-f", "framehash", "-hash", "crc32", "-",
            ],
            line =>
            {
                // Stream, dts, pts, duration, size, hash; then side data, which may hold another header.
                if (!line.StartsWith('#') && line.Split(',', 6) is [_, _, _, _, _, var content] && headers.Count < 2)
                    headers.Add(content);
            },
            cancellationToken);
        return headers.Count > 1;
    }

    /// <summary>Where the program takes too long, what was found until then counts.</summary>
    private Task<ProcessResult?> ReadAsync(string program, string[] arguments, Action<string> onLine, CancellationToken cancellationToken) =>
        sandbox.RunInTimeAsync(program, arguments, new(options.FfmpegMemoryBytes, s_longest, FileBytes: 0), onLine, cancellationToken);

    private static string Index(VideoTrack video) => video.StreamIndex.ToString(CultureInfo.InvariantCulture);

    /// <param name="line">Width, height and the shape of pixels.</param>
    private static Size? SizeOf(string line) =>
        line.Split(',') is [var width, var height, var pixel, ..]
        && int.TryParse(width, CultureInfo.InvariantCulture, out var w) && int.TryParse(height, CultureInfo.InvariantCulture, out var h) && w > 0 && h > 0
            ? Prober.DisplaySize(w, h, pixel) : null;
}
