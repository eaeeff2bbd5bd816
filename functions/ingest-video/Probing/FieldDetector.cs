using System.Globalization;
using System.Text.RegularExpressions;
using IngestVideo.Media;
using IngestVideo.Processes;

namespace IngestVideo.Probing;

/// <summary>Looks at a few seconds of a picture that does not say whether it is interlaced: what is captured from tape often does not.</summary>
public sealed partial class FieldDetector(Sandbox sandbox, IngestOptions options)
{
    /// <summary>Half pictures are stored in pairs: 25 or 30 of them a second.</summary>
    private const double HighestRate = 31;
    private const int MostLines = 1088;

    /// <summary>So many pictures must move for a verdict.</summary>
    private const int LeastPictures = 4;

    /// <summary>Sharp patterns may look like half pictures here and there: nearly all must, and in the same order.</summary>
    private const double LeastShare = 0.9;

    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_looked = TimeSpan.FromSeconds(6);

    /// <summary>Codecs that hold interlaced pictures, and of which the container or the decoder knows only sometimes.</summary>
    private static readonly string[] s_codecs =
    [
        "mjpeg", "ffv1", "huffyuv", "ffvhuff", "utvideo", "rawvideo", "v210", "v308", "v410", "lagarith", "magicyuv", "cfhd", "jpeg2000", "dnxhd", "prores",
        "mpeg2video", "mpeg4", "h264", "vc1", "wmv3", "qtrle", "png",
    ];

    /// <returns>The same, with what was found out.</returns>
    public async Task<VideoTrack> DetectAsync(VideoTrack video, TimeSpan? duration, string source, Container container, CancellationToken cancellationToken)
    {
        if (video.Interlaced || video.Progressive || !s_codecs.Contains(video.Codec, StringComparer.Ordinal)
            || video.FrameRate > HighestRate || video.Display.Height > MostLines)
            return video;
        // A recording often begins with a black or a still picture.
        var later = duration is { } length && length > 3 * s_looked ? length / 3 : TimeSpan.Zero;
        var found = await LookAsync(video, later, source, container, cancellationToken);
        if (found.Pictures < LeastPictures && later > TimeSpan.Zero)
            found = await LookAsync(video, TimeSpan.Zero, source, container, cancellationToken);
        var most = Math.Max(found.TopFirst, found.BottomFirst);
        return found.Pictures >= LeastPictures && most >= LeastShare * found.Pictures
            ? video with { Interlaced = true, BottomFieldFirst = found.BottomFirst > found.TopFirst } : video;
    }

    private async Task<Fields> LookAsync(VideoTrack video, TimeSpan start, string source, Container container, CancellationToken cancellationToken)
    {
        string[] arguments =
        [
            "-nostdin", "-hide_banner", "-nostats", "-v", "info", .. UntrustedInput.Arguments(container, options.MaxPixels, options.MaxStreams),
            "-ss", Number(start), "-t", Number(s_looked), "-i", source,
            "-map", $"0:{video.StreamIndex.ToString(CultureInfo.InvariantCulture)}", "-vf", "idet", "-f", "null", "-",
        ];
        var limits = new ProcessLimits(options.FfmpegMemoryBytes, s_longest, FileBytes: 0);
        var result = await sandbox.RunInTimeAsync("ffmpeg", arguments, limits, _ => { }, cancellationToken);
        return (result?.LastErrors ?? []).Select(line => Verdict().Match(line)).Where(match => match.Success)
            .Select(match => new Fields(Count(match, "top"), Count(match, "bottom"), Count(match, "progressive"))).LastOrDefault();
    }

    private static int Count(Match match, string group) => int.TryParse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture, out var count) ? count : 0;

    private static string Number(TimeSpan time) => time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);

    [GeneratedRegex(
        @"Multi frame detection: TFF:\s*(?<top>\d+) BFF:\s*(?<bottom>\d+) Progressive:\s*(?<progressive>\d+)",
        RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Verdict();

    private readonly record struct Fields(int TopFirst, int BottomFirst, int Progressive)
    {
        public int Pictures => TopFirst + BottomFirst + Progressive;
    }
}
