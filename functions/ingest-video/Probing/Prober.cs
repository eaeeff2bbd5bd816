using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using IngestVideo.Media;
using IngestVideo.Processes;
using IngestVideo.Receiving;

namespace IngestVideo.Probing;

/// <summary>Asks ffprobe what a source is, and tames its answers: what comes out is checked and in our own words.</summary>
public sealed partial class Prober(Sandbox sandbox, IngestOptions options)
{
    /// <summary>Each stream is a line, with all its tags.</summary>
    private const int LongestLine = 1 << 20; // characters

    private const double MostPlausibleRate = 240;

    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(60);

    /// <exception cref="IngestRefusedException">422: there is nothing to play in it, or it is beyond a limit.</exception>
    /// <exception cref="DecoderNotOpenedException">A stream's decoder does not open.</exception>
    public async Task<MediaInfo> ProbeAsync(string path, Container container, CancellationToken cancellationToken)
    {
        var (result, output) = await RunAsync(path, container, "error", cancellationToken);
        if (result is { ExitCode: not 0, LastErrors: [] }) // that a decoder does not open is a warning only
            (result, output) = await RunAsync(path, container, "warning", cancellationToken);
        if (result.ExitCode != 0)
        {
            var reason = FfmpegErrors.Reason(result, path);
            var refusal = IngestRefusedException.Undecodable($"The video cannot be read: {reason}.");
            throw result.LastErrors.Select(line => Unopened().Match(line)).FirstOrDefault(match => match.Success) is { } unopened
                ? new DecoderNotOpenedException(int.Parse(unopened.Groups["stream"].ValueSpan, CultureInfo.InvariantCulture), reason, refusal) : refusal;
        }
        if (result.LastErrors.Any(line => line.Contains("Unsupported encoding type", StringComparison.Ordinal))) // Matroska's encryption without a key's name
            throw Encrypted();
        return Understand(output);
    }

    private async Task<(ProcessResult Result, string Output)> RunAsync(string path, Container container, string level, CancellationToken cancellationToken)
    {
        var output = new StringBuilder();
        var result = await sandbox.RunInTimeAsync(
            "ffprobe",
            [
                "-v", level, "-hide_banner", "-print_format", "json=compact=1", "-show_streams", "-show_format", "-show_chapters",
                .. UntrustedInput.Arguments(container, options.MaxPixels, options.MaxStreams),
                "-i", path,
            ],
            new(options.FfmpegMemoryBytes, s_longest, FileBytes: 0),
            line => output.Append(line), cancellationToken, LongestLine);
        return (result ?? throw IngestRefusedException.Undecodable($"The video could not be examined within {s_longest.ToText()}."), output.ToString());
    }

    /// <summary>422: the source is encrypted.</summary>
    internal static IngestRefusedException Encrypted() =>
        IngestRefusedException.Undecodable("The video is encrypted (copy protection, DRM or conditional access). Send it without encryption.");

    /// <exception cref="IngestRefusedException">422: there is nothing to play in it, it is beyond a limit, or what is said of it is no JSON.</exception>
    internal MediaInfo Understand(string json)
    {
        try
        {
            return Understand(JsonSerializer.Deserialize(json, ProbeJson.Default.ProbeOutput) ?? throw new JsonException("null"));
        }
        catch (JsonException e)
        {
            // What it says comes from the source, and lines that are too long are cut.
            throw IngestRefusedException.Undecodable("The video cannot be read: what is written in it about its streams is too long, or damaged.", e);
        }
    }

    private MediaInfo Understand(ProbeOutput output)
    {
        var streams = output.Streams ?? [];
        if (streams.Count > options.MaxStreams)
            throw IngestRefusedException.Undecodable($"The video has {streams.Count} streams; at most {options.MaxStreams} are accepted here.");
        // ffmpeg's name for the ContentEncKeyID of Matroska (RFC 9559, 5.1.4.1.31.10).
        if (streams.Any(stream => stream.Tags?.ContainsKey("enc_key_id") == true))
            throw Encrypted();
        var picture = streams.Where(stream => stream.CodecType == "video" && stream.Disposition is not { AttachedPic: 1 } && stream.CodecName is not null)
            .OrderByDescending(stream => stream.Disposition?.Default).FirstOrDefault();
        var audio = streams.Where(stream => stream is { CodecType: "audio", Channels: > 0, CodecName: not null }).Take(MediaInfo.MaxTracks)
            .Select(stream => new AudioTrack(stream.Index, Language(stream), Title(stream), stream.Channels, stream.Disposition is { Default: 1 })
            {
                Codec = stream.CodecName!,
                Profile = stream.Profile,
                SampleRate = int.TryParse(stream.SampleRate, CultureInfo.InvariantCulture, out var rate) ? rate : 0,
                BitsPerSecond = long.TryParse(stream.BitRate, CultureInfo.InvariantCulture, out var bits) ? bits : 0,
            }).ToList();
        var subtitles = streams.Where(stream => picture is not null && IsText(stream)).Take(MediaInfo.MaxTracks)
            .Select(stream => new SubtitleTrack(
                stream.Index, Language(stream), Title(stream), stream.Disposition is { Default: 1 }, stream.Disposition is { Forced: 1 })).ToList();
        if (picture is null && audio is [])
            throw IngestRefusedException.Undecodable("There is neither picture nor sound in it that can be decoded.");
        var taken = audio.Select(track => track.StreamIndex).Concat(subtitles.Select(track => track.StreamIndex)).Append(picture?.Index ?? -1).ToHashSet();
        var skipped = streams.Where(stream => !taken.Contains(stream.Index)).Select(Skip).OfType<SkippedTrack>().ToList();

        // A track of subtitles may end after the film.
        var played = streams.Where(stream => stream == picture || (stream.CodecType == "audio" && taken.Contains(stream.Index))).Select(DurationOf).Max();
        var duration = played ?? (streams.Any(HasUnknownDuration) ? null : Seconds(output.Format?.Duration));
        // What Matroska announces is the last time stamp, and the first need not be zero.
        if (output.Format is { FormatName: "matroska,webm" } && Seconds(output.Format.StartTime) is { } start && start < duration)
            duration -= start;
        // Of an AVI without its end ffmpeg says how long the rest is; its header counts all pictures.
        if (output.Format is { FormatName: "avi" } && double.TryParse(picture?.NbFrames, CultureInfo.InvariantCulture, out var frames)
            && Ratio(picture?.RFrameRate, '/') is { } rate && frames / rate < 1e9 && TimeSpan.FromSeconds(frames / rate) is var counted && counted > duration)
            duration = counted;
        // Clocks jump, and recorders guess: of these formats only the packets count.
        if (duration > options.MaxDuration && output.Format?.FormatName is not ("mpegts" or "mpeg" or "flv" or "avi"))
        {
            throw IngestRefusedException.Undecodable(
                $"The video says that it is {duration.Value.ToText()} long; at most {options.MaxDuration.ToText()} is accepted here.");
        }
        return new(duration, picture is null ? null : Picture(picture, output.Format), audio, subtitles)
        {
            Title = TitleIn(output.Format?.Tags),
            Chapters = Chapters(output),
            Skipped = skipped,
            HasUnknownSound = streams.Any(stream => stream is { CodecType: "audio", Channels: 0, CodecName: not null }),
        };
    }

    private static string? TitleIn(IReadOnlyDictionary<string, string>? tags) =>
        tags?.FirstOrDefault(tag => tag.Key.Equals("title", StringComparison.OrdinalIgnoreCase)).Value;

    /// <summary>The chapters, if they divide the video.</summary>
    private static List<Chapter> Chapters(ProbeOutput output)
    {
        var begin = Seconds(output.Format?.StartTime)?.TotalSeconds ?? 0;
        var chapters = (output.Chapters ?? [])
            .Select(chapter => new Chapter(
                Math.Max(0, (Seconds(chapter.StartTime)?.TotalSeconds ?? 0) - begin), ReceivedSource.CleanTitle(TitleIn(chapter.Tags))))
            .DistinctBy(chapter => chapter.Start).OrderBy(chapter => chapter.Start).Take(MediaInfo.MaxChapters).ToList();
        return chapters is [_] ? [] : chapters;
    }

    private VideoTrack Picture(ProbeStream stream, ProbeFormat? format)
    {
        if (stream.Width <= 0 || stream.Height <= 0)
            throw IngestRefusedException.Undecodable("The picture has no size: it cannot be decoded.");
        if ((long)stream.Width * stream.Height > options.MaxPixels)
        {
            throw IngestRefusedException.Undecodable(
                $"The picture of {stream.Width}×{stream.Height} is larger than the {options.MaxPixels:N0} pixels that are accepted here.");
        }
        var rotation = stream.SideDataList?.FirstOrDefault(data => data.SideDataType == "Display Matrix");
        var display = DisplaySize(stream.Width, stream.Height, stream.SampleAspectRatio);
        var sideways = rotation?.Rotation is { } degrees && Math.Abs(Math.Round(degrees / 90) % 2) == 1;
        return new(stream.Index, stream.CodecName!, sideways ? new(display.Height, display.Width) : display, FrameRate(stream))
        {
            PixelFormat = stream.PixFmt ?? "",
            // Of raw streams ffmpeg 7 assumes 25, whatever they say; their packets are as long as they say.
            FrameRateIsAssumed = format?.FormatName is "h264" or "hevc",
            ReorderedFrames = Math.Clamp(stream.HasBFrames, 0, 16),
            // DV always is, except for its high definition of 720 lines; only the decoder knows.
            Interlaced = stream.FieldOrder is "tt" or "bb" or "tb" or "bt" || stream is { CodecName: "dvvideo", Height: not 720 },
            Progressive = stream.FieldOrder == "progressive",
            Rotated = rotation is not null, // a matrix without a rotation may still mirror
            Turn = rotation is null ? Turn.None : TurnOf(rotation.Displaymatrix),
            SquarePixels = PixelShape(stream.SampleAspectRatio) == 1,
            DynamicRange = stream.ColorTransfer switch
            {
                "smpte2084" => DynamicRange.PerceptualQuantizer,
                "arib-std-b67" => DynamicRange.HybridLogGamma,
                _ => DynamicRange.Standard,
            },
            ColorMatrix = Known(stream.ColorSpace),
            ColorPrimaries = Known(stream.ColorPrimaries),
            FullRange = stream.ColorRange == "pc",
            ConstantFrameRate = stream.AvgFrameRate == stream.RFrameRate,
            BeginsAfter = TimeSpan.FromSeconds(Math.Max(0, Moment(stream.StartTime) - Moment(format?.StartTime))),
        };
    }

    /// <summary>Reads ffprobe's print of a matrix: three rows of three numbers, each after its number and a colon (ISO/IEC 14496-12, 6.2.2).</summary>
    private static Turn TurnOf(string? matrix)
    {
        var rows = (matrix ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(row => row[(row.IndexOf(':', StringComparison.Ordinal) + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(number => int.TryParse(number, CultureInfo.InvariantCulture, out var value) ? Math.Sign(value) : 0).ToArray()).ToList();
        return rows is [[var a, var b, ..], [var c, var d, ..], ..]
            ? (a, b, c, d) switch
            {
                (1, 0, 0, 1) => Turn.None,
                (0, 1, -1, 0) => Turn.Clockwise,
                (-1, 0, 0, -1) => Turn.Half,
                (0, -1, 1, 0) => Turn.Counterclockwise,
                _ => Turn.Other,
            }
            : Turn.Other;
    }

    /// <summary>The size in square pixels. Pixels are widened, never narrowed: detail is kept.</summary>
    internal static Size DisplaySize(int width, int height, string? pixels) => PixelShape(pixels) is var shape && shape >= 1
        ? new((int)Math.Round(width * shape), height) : new(width, (int)Math.Round(height / shape));

    /// <summary>How wide a pixel is for its height.</summary>
    private static double PixelShape(string? pixels) => Ratio(pixels, ':') is { } ratio and > 0.05 and < 20 ? ratio : 1;

    private static bool IsText(ProbeStream stream) =>
        stream is { CodecType: "subtitle", CodecName: "subrip" or "srt" or "ass" or "ssa" or "webvtt" or "mov_text" or "text" };

    /// <summary>Says why a track is left out; null for what nobody misses.</summary>
    private static SkippedTrack? Skip(ProbeStream stream)
    {
        var codec = stream.CodecName ?? (stream.CodecTagString is { } tag && !tag.StartsWith('[') ? tag : null);
        var unknown = stream.CodecName is null;
        (string Kind, string Reason)? why = stream.CodecType switch
        {
            "video" when stream.Disposition is { AttachedPic: 1 } or { StillImage: 1 } => null, // a cover
            "video" => ("video", unknown ? "The codec is unknown." : "A video has one picture, and this is another."),
            "audio" when unknown => ("audio", "The codec is unknown."),
            "audio" => ("audio", stream.Channels > 0 ? $"Only the first {MediaInfo.MaxTracks} sounds are published." : "The sound cannot be decoded."),
            "subtitle" when IsText(stream) => ("subtitles", $"Only the first {MediaInfo.MaxTracks} subtitles are published, and none without a picture."),
            "subtitle" => ("subtitles", unknown ? "The codec is unknown." : "The subtitles are not text: they are pictures, or captions for a television."),
            _ => null,
        };
        return why is { } found ? new(found.Kind, stream.Index, codec, Language(stream), found.Reason) : null;
    }

    private static double FrameRate(ProbeStream stream)
    {
        // The average is honest for a variable rate; the base rate of a still or of a damaged file may be 90,000. Of raw DV, ffmpeg 7 has an average of 60,000.
        var average = Ratio(stream.AvgFrameRate, '/') ?? 0;
        var basic = Ratio(stream.RFrameRate, '/') ?? 0;
        return basic is > 0 and <= MostPlausibleRate && average is <= 0 or > MostPlausibleRate ? basic : average > 0 ? average : 25;
    }

    /// <summary>All ones: what MP4 says of a duration that is not known (ISO/IEC 14496-12, 8.2.2.3), and ffmpeg takes for a number.</summary>
    private static bool HasUnknownDuration(ProbeStream stream) => stream.DurationTs is uint.MaxValue or long.MaxValue or -1;

    private static TimeSpan? DurationOf(ProbeStream stream) => HasUnknownDuration(stream) ? null :
        // Matroska says it in a tag: 00:01:02.345000000.
        Seconds(stream.Duration) ?? (stream.Tags?.GetValueOrDefault("DURATION") is { Length: >= 8 } tag
            && TimeSpan.TryParse(tag.Length > 16 ? tag[..16] : tag, CultureInfo.InvariantCulture, out var duration) && duration > TimeSpan.Zero
                ? duration : null);

    private static TimeSpan? Seconds(string? text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and < 1e9
            ? TimeSpan.FromSeconds(seconds) : null;

    private static double Moment(string? text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && Math.Abs(seconds) < 1e9 ? seconds : 0;

    private static double? Ratio(string? text, char separator) =>
        text?.Split(separator) is [var over, var under]
        && double.TryParse(over, NumberStyles.Float, CultureInfo.InvariantCulture, out var numerator)
        && double.TryParse(under, NumberStyles.Float, CultureInfo.InvariantCulture, out var denominator)
        && numerator > 0 && denominator > 0 && double.IsFinite(numerator / denominator) ? numerator / denominator : null;

    private static string? Known(string? value) => value is null or "unknown" or "unspecified" or "reserved" ? null : value;

    private static string? Language(ProbeStream stream) => LanguageTag.FromIso639(stream.Tags?.GetValueOrDefault("language"));

    [GeneratedRegex(@"^Could not open codec for input stream (?<stream>\d{1,4})\b", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Unopened();

    private static string? Title(ProbeStream stream) => stream.Tags?.GetValueOrDefault("title") is { Length: > 0 } title ? title : null;
}
