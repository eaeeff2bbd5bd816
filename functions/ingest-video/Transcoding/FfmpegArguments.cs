using System.Globalization;
using IngestVideo.Planning;
using IngestVideo.Probing;
using IngestVideo.Processes;

namespace IngestVideo.Transcoding;

/// <summary>Turns a plan into ffmpeg's arguments: one process, which decodes once and writes every rendition into its own folder.</summary>
public static class FfmpegArguments
{
    /// <summary>The presentation time of the source's first moment in every transport stream, so that nothing before it (an encoder's delay) is negative.</summary>
    public static readonly TimeSpan TransportStreamStart = TimeSpan.FromSeconds(10);

    /// <summary>What ffmpeg calls a rendition's playlist. It is read for the durations of the segments and not published.</summary>
    public const string PlaylistName = "playlist.m3u8";

    /// <summary>Still pictures beside the folders of the renditions.</summary>
    public const string PosterName = "poster.jpg";

    private static readonly string[] s_color = ["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv"];

    /// <summary>Every picture a keyframe, good enough to find one's way.</summary>
    private static readonly string[] s_iFrames =
        ["-map", "[iframes]", "-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-crf", "28", "-g", "1", "-bf", "0", "-fps_mode", "passthrough", .. s_color];

    public static IReadOnlyList<string> For(TranscodePlan plan, Container container, string source, string output, IngestOptions options) =>
    [
        "-nostdin", "-hide_banner", "-v", "error", "-nostats", "-progress", "pipe:1", "-stats_period", "0.5",
        .. Input(plan, container, source, options),
        .. Filters(plan),
        // The largest first: it is the one whose pictures ffmpeg counts in its progress.
        .. plan.Video.Index().Reverse().SelectMany(rendition => (IEnumerable<string>)[.. Video(rendition.Item, rendition.Index, options), .. Hls(rendition.Item, plan, output)]),
        .. plan.Audio.SelectMany(rendition => (IEnumerable<string>)[.. Audio(rendition, options), .. Hls(rendition, plan, output)]),
        .. plan.Subtitles.SelectMany(rendition => Subtitles(rendition, output)),
        .. plan.IFrames is { } frames ? [.. s_iFrames, .. Hls(frames, plan, output)] : (string[])[],
        .. plan.Poster is null ? [] : Stills("[poster]", "3", ["-frames:v", "1", "-update", "1", Path.Combine(output, PosterName)]),
        .. plan.Storyboard is null ? [] : Stills("[storyboard]", "5", ["-start_number", "0", Path.Combine(output, "storyboard-%03d.jpg")]),
    ];

    private static IEnumerable<string> Input(TranscodePlan plan, Container container, string source, IngestOptions options) =>
    [
        .. UntrustedInput.Arguments(container, options.MaxPixels, options.MaxStreams),
        // A tiny file may hold a stream that never ends.
        "-t", Number(plan.Source.Duration is { } duration ? Math.Min(duration.TotalSeconds * 1.5 + 60, options.MaxDuration.TotalSeconds) : options.MaxDuration.TotalSeconds),
        "-i", source,
    ];

    private static string[] Filters(TranscodePlan plan)
    {
        if (plan.Source.Video is not { } video)
            return [];
        var chains = plan.Video.Select((rendition, index) =>
            // Rounding to even sizes leaves pixels that are not quite square.
            $"{(rendition.FrameRate == plan.FrameRate ? "" : "framestep=2,")}scale={rendition.Size.Width}:{rendition.Size.Height},setsar=1[v{index}]").ToList();
        if (plan.IFrames is { } frames)
            chains.Add($"framestep={plan.FramesPerKeyframe},scale={frames.Size.Width}:{frames.Size.Height},setsar=1[iframes]");
        // A JPEG is BT.601 in full range (JFIF 1.02).
        const string jpeg = "in_color_matrix=bt709:out_color_matrix=bt601:in_range=tv:out_range=full,format=yuvj420p,setsar=1";
        if (plan.Poster is { } poster)
            chains.Add($"trim=start={Number(poster.At.TotalSeconds)},scale={poster.Size.Width}:{poster.Size.Height}:{jpeg}[poster]");
        if (plan.Storyboard is { } board)
            chains.Add($"framestep={plan.FramesPerKeyframe * board.KeyframesPerTile},scale={board.Tile.Width}:{board.Tile.Height}:{jpeg},tile={Storyboard.Columns}x{Storyboard.Rows}[storyboard]");
        var splits = string.Concat(Enumerable.Range(0, chains.Count).Select(index => $"[s{index}]"));
        var common = $"[0:{video.StreamIndex}]{string.Join(',', Normalise(plan, video))},split={chains.Count}{splits}";
        return ["-filter_complex", string.Join(';', chains.Select((chain, index) => $"[s{index}]{chain}").Prepend(common))];
    }

    /// <summary>What every rendition needs, done once: progressive, constant rate, square pixels, 8-bit 4:2:0, BT.709. ffmpeg has turned it upright before.</summary>
    private static IEnumerable<string> Normalise(TranscodePlan plan, VideoTrack video)
    {
        if (video.Interlaced)
            yield return "bwdif=mode=send_frame:deint=all";
        // From the very beginning: a picture that starts after the sound is shown from the start, and renditions stay aligned.
        yield return $"fps={plan.FrameRate}:start_time=0";
        var size = plan.Video[^1].Size;
        if (video.DynamicRange == DynamicRange.Standard)
        {
            // What does not say how it was coded: standard definition is BT.601, the rest BT.709.
            var matrix = video.ColorMatrix switch
            {
                "bt709" or "fcc" or "smpte240m" => video.ColorMatrix,
                "bt2020nc" or "bt2020c" => "bt2020",
                "bt470bg" or "smpte170m" => "bt601",
                _ => video.Display.ShortSide < 720 ? "bt601" : "bt709",
            };
            yield return $"scale={size.Width}:{size.Height}:in_color_matrix={matrix}:out_color_matrix=bt709:in_range={(video.FullRange ? "full" : "tv")}:out_range=tv";
            yield return "format=yuv420p";
        }
        else
        {
            // Scaled first: the mapping works in floating point on every pixel.
            var transfer = video.DynamicRange == DynamicRange.PerceptualQuantizer ? "smpte2084" : "arib-std-b67";
            var range = video.FullRange ? "full" : "limited";
            yield return $"zscale=w={size.Width}:h={size.Height}:tin={transfer}:min=2020_ncl:pin=2020:rin={range}:t=linear:npl=100";
            yield return "format=gbrpf32le,zscale=p=709,tonemap=tonemap=hable:desat=0";
            yield return "zscale=t=709:m=709:r=limited,format=yuv420p";
        }
    }

    private static IEnumerable<string> Video(VideoRendition rendition, int index, IngestOptions options) =>
    [
        "-map", $"[v{index}]", "-c:v", "libx264", "-preset", options.X264Preset, "-profile:v", "high",
        // Quality, capped: a slide show costs little, an action scene no more than the ladder says.
        "-crf", Number(options.Ladder.ConstantRateFactor), "-maxrate", Number(rendition.MaxBitsPerSecond), "-bufsize", Number(2 * rendition.MaxBitsPerSecond),
        // Keyframes at the same frames in every rendition, whatever the picture shows.
        "-g", Number(rendition.KeyframeInterval), "-keyint_min", Number(rendition.KeyframeInterval), "-sc_threshold", "0", "-flags", "+cgop",
        "-fps_mode", "passthrough", .. s_color,
    ];

    private static IEnumerable<string> Audio(AudioRendition rendition, IngestOptions options) =>
    [
        "-map", $"0:{rendition.Track.StreamIndex}", "-c:a", "aac", "-b:a", $"{options.Ladder.AudioKilobitsPerSecond}k",
        // Gaps become silence, from the very beginning; a downmix is lowered until it cannot clip (for floating point the default would not).
        "-af", "aresample=48000:ochl=stereo:rematrix_maxval=1:async=1:first_pts=0",
    ];

    /// <summary>One file a track: ffmpeg's own segments of WebVTT lack the <c>X-TIMESTAMP-MAP</c>.</summary>
    private static IEnumerable<string> Subtitles(SubtitleRendition rendition, string output) =>
        ["-map", $"0:{rendition.Track.StreamIndex}", "-c:s", "webvtt", "-f", "webvtt", Path.Combine(output, rendition.Name + ".vtt")];

    private static IEnumerable<string> Stills(string from, string quality, IEnumerable<string> to) =>
        ["-map", from, "-c:v", "mjpeg", "-q:v", quality, "-fps_mode", "passthrough", "-map_metadata", "-1", "-f", "image2", .. to];

    private static IEnumerable<string> Hls(Rendition rendition, TranscodePlan plan, string output)
    {
        var folder = Path.Combine(output, rendition.Name);
        var transportStream = plan.SegmentFormat == SegmentFormat.MpegTs;
        return
        [
            "-map_metadata", "-1", "-map_chapters", "-1",
            // Each output would otherwise be shifted by its own encoder's delay, and the sound would leave the picture.
            "-avoid_negative_ts", "disabled",
            .. transportStream ? ["-muxdelay", "0", "-muxpreload", "0", "-output_ts_offset", Number(TransportStreamStart.TotalSeconds)] : (string[])[],
            "-f", "hls", "-hls_time", Number((rendition is IFrameRendition ? plan.KeyframeDuration : plan.SegmentDuration).TotalSeconds), "-hls_playlist_type", "vod",
            "-hls_flags", "temp_file", // a segment has its name when it is complete
            .. transportStream ? (string[])[] : ["-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", "init.mp4", "-hls_segment_options", "movflags=+negative_cts_offsets"],
            "-hls_segment_filename", Path.Combine(folder, transportStream ? "%05d.ts" : "%05d.m4s"),
            Path.Combine(folder, PlaylistName),
        ];
    }

    private static string Number(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);
}
