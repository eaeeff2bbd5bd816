using System.Globalization;
using IngestVideo.Media;
using IngestVideo.Planning;
using IngestVideo.Processes;

namespace IngestVideo.Transcoding;

/// <summary>
/// Turns a step of a plan into ffmpeg's arguments: one process, which decodes once and writes every rendition into its own folder of the working directory.
/// </summary>
/// <remarks>
/// Pictures that are needed rarely are taken from what is encoded anyway, as packets. A filter that gives one picture for many would make ffmpeg pull that many
/// through, and keep them for all other outputs in memory meanwhile.
/// </remarks>
public static class FfmpegArguments
{
    /// <summary>The time in seconds of a source's first moment in files that are cut out of it: what comes before it must not be negative there.</summary>
    public const double ClockOfCutFiles = 60;

    /// <summary>A segment that ends with the next keyframe.</summary>
    private static readonly TimeSpan s_everyKeyframe = TimeSpan.FromMilliseconds(1);

    public static IReadOnlyList<string> For(TranscodeStep step, Container container, string source, IngestOptions options) =>
    [
        "-nostdin", "-hide_banner", "-v", "error", "-nostats", "-progress", "pipe:1", "-stats_period", "0.5",
        .. Input(step, container, source, options),
        .. Filters(step),
        // The largest first: it is the one whose pictures ffmpeg counts in its progress.
        .. step.Video.Index().Reverse()
            .SelectMany(rendition => (string[])[.. Video(rendition.Item, rendition.Index, step, options), .. Outputs(rendition.Item, step)]),
        .. step.Audio.SelectMany(rendition => (string[])[.. Audio(rendition, step.Plan, options), .. Outputs(rendition, step)]),
        .. step.Audio.Where(rendition => !rendition.Copied).SelectMany(DecodedSound),
        .. step.Subtitles.SelectMany(Subtitles),
        .. AlsoRead(step),
    ];

    private static IEnumerable<string> Input(TranscodeStep step, Container container, string source, IngestOptions options) =>
    [
        .. UntrustedInput.Arguments(container, options.MaxPixels, options.MaxStreams),
        // The outputs end with the plan. Without one: a tiny file may hold a stream that never ends.
        .. step.Plan.End is null ? ["-t", Number(options.MaxDuration.TotalSeconds)] : (string[])[],
        .. Reconfigured(step.Plan.Source.Video),
        // Time as it is in the whole source. How to turn a picture upright is lost on the way.
        .. step.Chunk is null ? [] : (string[])["-copyts", "-itsoffset", $"-{Number(ClockOfCutFiles)}", "-noautorotate"],
        "-i", source,
    ];

    /// <summary>
    /// Where the size changes on the way, ffmpeg would set up all filters again, and the constant rate would restart at zero. The first filter that looks at
    /// pixels here is <c>scale</c>, which copes with it; the one with which ffmpeg turns pictures upright would not.
    /// </summary>
    private static string[] Reconfigured(VideoTrack? video) =>
        video is { Rotated: false } ? [$"-reinit_filter:{video.StreamIndex.ToString(CultureInfo.InvariantCulture)}", "0"] : [];

    private static string[] Filters(TranscodeStep step)
    {
        var plan = step.Plan;
        var encoded = step.Video.Where(rendition => !rendition.Copied).ToList();
        if (plan.Source.Video is not { } video || encoded is [])
            return [];
        // Newer ffmpegs go by what the pictures say, older ones by the encoder's options: both say BT.709.
        const string tagged = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709";
        var chains = new List<string>();
        var (larger, rate) = ($"[0:{video.StreamIndex}]{string.Join(',', Normalise(step, video, encoded[^1].Size))},{tagged},", plan.FrameRate);
        // Each is made from the next larger one, which takes less than making it from the largest. Lanczos keeps it as sharp; ffmpeg's default would not.
        foreach (var (index, rendition) in encoded.Index().Reverse())
        {
            // Rounding to even sizes leaves pixels that are not quite square.
            var size = $"{rendition.Size.Width}:{rendition.Size.Height}";
            chains.Add($"{larger}{(rendition.FrameRate == rate ? "" : "framestep=2,")}scale={size}:flags=lanczos,setsar=1"
                + (index == 0 ? "[v0]" : $",split[v{index}][s{index}]"));
            (larger, rate) = ($"[s{index}]", rendition.FrameRate);
        }
        return ["-filter_complex", string.Join(';', chains)];
    }

    /// <summary>
    /// What every rendition needs, done once: progressive, constant rate, square pixels, 8-bit 4:2:0, BT.709. ffmpeg has turned it upright before.
    /// </summary>
    private static IEnumerable<string> Normalise(TranscodeStep step, VideoTrack video, Size size)
    {
        var plan = step.Plan;
        if (step.Chunk is not null && video.Turn is not Turn.None)
            yield return video.Turn switch { Turn.Clockwise => "transpose=clock", Turn.Counterclockwise => "transpose=cclock", _ => "hflip,vflip" };
        if (video.ShapeChanges)
        {
            // Each as large as fits, by its own shape, with bars around it; at even positions, or half pictures would change places.
            yield return $@"scale=w=trunc(min({size.Width}\,{size.Height}*dar)/2)*2:h=trunc(min({size.Height}\,{size.Width}/dar)/2)*2:interl=-1:eval=frame";
            yield return $"pad={size.Width}:{size.Height}:trunc((ow-iw)/4)*2:trunc((oh-ih)/4)*2:eval=frame,setsar=1";
        }
        // To the size of the first picture, which nearly always all have: then nothing is done.
        if (video.Interlaced || video.DynamicRange != DynamicRange.Standard)
            yield return "scale=interl=-1";
        if (video.Interlaced)
            yield return $"bwdif=mode=send_frame:deint=all:parity={video.BottomFieldFirst switch { true => "bff", false => "tff", null => "auto" }}";
        // Beside a copy there is nothing to repair, and each picture must stay the one that it is in the source.
        if (!plan.CopiesSource)
        {
            // A picture that only says when it is decoded comes out of the decoder as much later as the decoder holds it back.
            var hasTimes = plan.Source.Timeline?.Streams.TryGetValue(video.StreamIndex, out var span) != true || span.HasPresentationTimes;
            var heldBack = hasTimes ? 0 : video.ReorderedFrames / video.FrameRate;
            if (plan.PictureIsLate.TotalSeconds + heldBack is > 0 and var late)
                yield return $"setpts=PTS-{Number(late)}/TB";
            // From the very beginning: a picture that starts after the sound is shown from the start, and renditions stay aligned.
            yield return $"fps={plan.FrameRate}{(step.Chunk is null or { First: 0 } ? ":start_time=0" : "")}";
            // The last picture stands until the sound has ended.
            if ((step.Chunk is null || step.Chunk.End >= plan.PictureCount) && plan.MaxRepeatedFrames is { } most)
                yield return string.Create(CultureInfo.InvariantCulture, $"tpad=stop_mode=clone:stop={most}");
            if (step.Chunk is { } chunk)
                yield return string.Create(CultureInfo.InvariantCulture, $"trim=start_pts={chunk.First}:end_pts={chunk.End}");
            else if (plan.FrameCount is { } frames)
                yield return string.Create(CultureInfo.InvariantCulture, $"trim=end_frame={frames}");
        }
        else if (step.Chunk is { } chunk)
        {
            // Half a picture earlier, because containers round times.
            yield return $"trim=start={Number(plan.TimeOf(chunk.First - 0.5).TotalSeconds)}"
                + (chunk.IsLast ? "" : $":end={Number(plan.TimeOf(chunk.End - 0.5).TotalSeconds)}");
        }
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
            var range = video.FullRange ? "full" : "tv";
            yield return $"scale={size.Width}:{size.Height}:in_color_matrix={matrix}:out_color_matrix=bt709:in_range={range}:out_range=tv";
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

    /// <summary>With the tag of MP4: one of transport streams is refused by the other muxers.</summary>
    private static IEnumerable<string> Copy(TranscodePlan plan) => ["-map", $"0:{plan.Source.Video!.StreamIndex}", "-c:v", "copy", "-tag:v", "avc1"];

    private static IEnumerable<string> Video(VideoRendition rendition, int index, TranscodeStep step, IngestOptions options) =>
        rendition.Copied ? Copy(step.Plan) : ["-map", $"[v{index}]", .. Encoder(rendition, step.Plan, options), .. Buffer(step.Chunk)];

    /// <summary>
    /// The encoder begins with a buffer that is 90 % full, which is for a video's first picture. Where the cap is reached all the time it keeps its buffer half
    /// full: if a chunk began with more, chunk after chunk would take more than the one before has left, until a player's buffer runs empty.
    /// </summary>
    private static string[] Buffer(Chunk? chunk) => chunk is { First: > 0 } ? ["-x264-params", "vbv-init=0.5"] : [];

    /// <summary>How the pictures of a rendition are encoded.</summary>
    public static IReadOnlyList<string> Encoder(VideoRendition rendition, TranscodePlan plan, IngestOptions options) =>
    [
        "-c:v", "libx264", "-preset", options.X264Preset, "-profile:v", "high",
        // As x264 itself counts, but for the processors of the container (UntrustedInput.Processors): three for two, each with at least 32 rows of pixels.
        "-threads", Number(Math.Min(Environment.ProcessorCount * 3 / 2, Math.Max(1, (rendition.Size.Height + 15) / 16 / 2))),
        // Quality, capped: a slide show costs little, an action scene no more than the ladder says.
        "-crf", Number(options.Ladder.ConstantRateFactor), "-maxrate", Number(rendition.MaxBitsPerSecond), "-bufsize", Number(2 * rendition.MaxBitsPerSecond),
        // Keyframes at the same frames in every rendition, whatever the picture shows.
        .. plan.CopiesSource
            ? ["-force_key_frames", "source", "-g", "1000", "-keyint_min", "1"]
            : (string[])["-g", Number(rendition.KeyframeInterval), "-keyint_min", Number(rendition.KeyframeInterval)],
        "-sc_threshold", "0", "-flags", "+cgop+global_header",
        // Closed captions ride on pictures: of every second one there would be half of a sentence.
        "-a53cc", plan.CarriesCaptions(rendition) ? "1" : "0",
        "-fps_mode", "passthrough",
        "-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv",
    ];

    private static IEnumerable<string> Audio(AudioRendition rendition, TranscodePlan plan, IngestOptions options) =>
    [
        "-map", $"0:{rendition.Track.StreamIndex}",
        .. rendition.Copied ? ["-c:a", "copy"] : EncodedAudio(rendition, plan, options),
    ];

    private static IEnumerable<string> EncodedAudio(AudioRendition rendition, TranscodePlan plan, IngestOptions options) =>
    [
        "-c:a", "aac", "-b:a", $"{options.Ladder.AudioKilobitsPerSecond}k",
        // One channel goes to both sides at its own level: swresample would lower it by 3 dB. Asked of each part of a sound whose channels change.
        // A downmix is lowered until it cannot clip (for floating point the default would not). Gaps become silence.
        "-af",
        $@"volume=if(eq(nb_channels\,1)\,sqrt(2)\,1),aresample=48000:ochl=stereo:rematrix_maxval=1:async=1"
            + (plan.End is null ? ":first_pts=0" : Silence(rendition.Track, plan)),
    ];

    /// <summary>Silence before a sound that begins late, and after one that ends early.</summary>
    /// <remarks>
    /// Where the channels or the rate of a sound change midway, ffmpeg sets up all these filters again. So none of them may count from its own beginning, as
    /// <c>first_pts</c> and <c>apad=whole_dur</c> do: they would pad a second time. What is here goes by time stamps.
    /// </remarks>
    private static string Silence(AudioTrack track, TranscodePlan plan)
    {
        var span = plan.Source.Timeline!.Streams.GetValueOrDefault(track.StreamIndex);
        var (start, end) = (span.Start.TotalSeconds, plan.End!.Value.TotalSeconds);
        // The first moment of the sound, and only that, is moved to zero and muted; the gap that follows is filled.
        var before = start < 0.001 ? ""
            : $@",asetnsamples=64:p=0,asetpts=if(eq(N\,0)*lt(T\,{Number(start + 0.1)})\,0\,PTS),volume=0:enable=lt(t\,0.001)"
                + ",aresample=async=1:min_hard_comp=0.001";
        return $"{before},apad,atrim=start=0:end={Number(end)}";
    }

    /// <summary>What is published is filled up with silence: this is not.</summary>
    private static IEnumerable<string> DecodedSound(AudioRendition rendition) =>
        ["-map", $"0:{rendition.Track.StreamIndex}", "-ac", "1", "-ar", Number(OutputFiles.DecodedSoundRate), "-c:a", "pcm_u8", "-f", "u8",
            OutputFiles.DecodedSound(rendition)];

    /// <summary>
    /// One file a track: ffmpeg's own segments of WebVTT lack the <c>X-TIMESTAMP-MAP</c>. A file that reaches the limit ends there, and is refused.
    /// </summary>
    private static IEnumerable<string> Subtitles(SubtitleRendition rendition) =>
        ["-map", $"0:{rendition.Track.StreamIndex}", "-c:s", "webvtt", "-fs", Number(TranscodePlan.MaxSubtitleBytes), "-f", "webvtt",
            OutputFiles.SubtitleFile(rendition)];

    /// <summary>
    /// Reads what the step makes nothing of, and throws it away. A sound that another step copies without looking is decoded here: damage must be found.
    /// </summary>
    private static IEnumerable<string> AlsoRead(TranscodeStep step)
    {
        var copied = step.Plan.Audio.Where(rendition => rendition.Copied).Select(rendition => rendition.Track.StreamIndex).ToHashSet();
        return
        [
            .. step.AlsoRead.Where(copied.Contains).SelectMany(stream => (string[])["-map", Stream(stream), "-f", "null", "-"]),
            .. step.AlsoRead.Except(copied).SelectMany(stream => (string[])["-map", Stream(stream), "-c", "copy", "-f", "null", "-"]),
        ];

        static string Stream(int index) => $"0:{index.ToString(CultureInfo.InvariantCulture)}";
    }

    /// <summary>The segments of what was just encoded, and what is made of its keyframes: all get the same packets.</summary>
    private static IEnumerable<string> Outputs(Rendition rendition, TranscodeStep step)
    {
        var (plan, chunk) = (step.Plan, step.Chunk);
        var format = plan.SegmentFormat;
        var segment = step.CutsAtKeyframes ? s_everyKeyframe : plan.SegmentDuration;
        List<string> outputs = [Hls(rendition, segment, format, step.FirstPiece, isEvent: !plan.CopiesSource)];
        if (chunk is not null)
            outputs.Add($"[f=framecrc]{OutputFiles.PacketList(rendition)}");
        const string keyframes = "noise=drop=not(key)";
        var joins = chunk is { First: > 0 } ? "mpegts_flags=+initial_discontinuity:" : "";
        if (plan.IFrames is { } frames && frames.Of == rendition)
        {
            // A fragment has to say how long its one picture stands. setts holds a packet back and loses the last one: it comes first, where that one is
            // not a keyframe. Three parsers read its colon before the one that it is for.
            var lengthened = format == SegmentFormat.MpegTs ? ""
                : $@"setts=ts=PTS\\\:duration=round({Number(plan.KeyframeDuration.TotalSeconds)}/TB),";
            outputs.Add(Hls(frames, plan.CopiesSource ? s_everyKeyframe : plan.KeyframeDuration, format, chunk?.FirstKeyframe ?? 0,
                $"bsfs/v={lengthened}{keyframes}:"));
        }
        if (plan.Poster is { } poster && poster.Of == rendition && poster.PicturesUntil(plan, chunk?.First ?? 0) is > 0 and var pictures)
            outputs.Add($"[f=mpegts:{joins}bsfs/v={keyframes}+floor(n/{Number(pictures)})]{OutputFiles.PosterFrames}");
        if (plan.Storyboard is { } board && board.Of == rendition)
            outputs.Add($"[f=mpegts:{joins}bsfs/v={keyframes}]{OutputFiles.StoryboardFrames}");
        return
        [
            "-map_metadata", "-1", "-map_chapters", "-1",
            // Each output would otherwise be shifted by its own encoder's delay, and the sound would leave the picture.
            "-avoid_negative_ts", "disabled",
            "-output_ts_offset", Number(plan.ClockStart.TotalSeconds),
            "-f", "tee", string.Join('|', outputs),
        ];
    }

    /// <summary>An output of the tee muxer.</summary>
    /// <param name="rendition">The folder.</param>
    /// <param name="segment">How long a segment is at least.</param>
    /// <param name="format">The format.</param>
    /// <param name="start">How many segments come before.</param>
    /// <param name="more">More options, each with a colon after it.</param>
    /// <param name="isEvent">The playlist is written with each segment, and not only at the end.</param>
    private static string Hls(Rendition rendition, TimeSpan segment, SegmentFormat format, int start, string more = "", bool isEvent = false)
    {
        // What continues others that another process wrote goes on counting, or says that it cannot: packets of a transport stream are counted to 15.
        var options = format == SegmentFormat.MpegTs
            ? "max_delay=0" + (start == 0 ? "" : ":hls_segment_options=mpegts_flags=+initial_discontinuity")
            // Times as they are, in each fragment's own box. An edit list would move them for some players and not for others. With negative offsets a fragment
            // begins when its first picture is seen, where browsers let time begin; without, it begins earlier by as much as B-frames need, and they show it
            // that much later.
            // Two parsers take a backslash each from what the third one splits.
            : $"hls_segment_type=fmp4:hls_fmp4_init_filename={OutputFiles.InitSection}:"
                + @"hls_segment_options=movflags=+frag_discont+negative_cts_offsets\\:use_editlist=0\\:avoid_negative_ts=disabled"
                + (start == 0 ? "" : $@"\\:fragment_index={Number(start + 1)}");
        // temp_file: a segment has its name when it is complete.
        return $"[f=hls:avoid_negative_ts=disabled:{options}:{more}hls_time={Number(segment.TotalSeconds)}"
            + (start == 0 ? "" : $":start_number={Number(start)}")
            + $":hls_playlist_type={(isEvent ? "event" : "vod")}:hls_flags=temp_file"
            + $":hls_segment_filename={OutputFiles.SegmentPattern(rendition, format)}]{rendition.Name}/{OutputFiles.Playlist}";
    }

    private static string Number(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);
}
