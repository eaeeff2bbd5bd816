using System.Globalization;
using IngestVideo.Media;

namespace IngestVideo.Planning;

/// <summary>All that ffmpeg will be asked to do for one source, decided before it starts.</summary>
public sealed record TranscodePlan
{
    /// <summary>Apple's authoring rules: an IDR every two seconds, three of these a segment.</summary>
    private const double KeyframeSeconds = 2;
    internal const int KeyframesPerSegment = 3;

    /// <summary>Beside a copy, whose keyframes come as they come: the next one after this ends a segment.</summary>
    private const double LongestCopiedSegment = 8;

    /// <summary>Keyframes of a copy must come at least this often, or segments would become too long.</summary>
    private static readonly TimeSpan s_longestGap = TimeSpan.FromSeconds(4);

    /// <summary>Each keyframe becomes a segment of the I-frames, and a picture of the storyboard: they must not come all the time.</summary>
    private static readonly TimeSpan s_shortestMeanGap = TimeSpan.FromSeconds(0.8);

    /// <summary>How much more than the ladder's cap a copy may need.</summary>
    private const double BitRateAllowance = 1.5;

    private const long MostCopiedAudioBitsPerSecond = 256_000;
    private const double AacFrameSamples = 1024;

    /// <summary>Three frames of AAC at 44.1 kHz.</summary>
    private static readonly TimeSpan s_longestPriming = TimeSpan.FromSeconds(-0.07);

    /// <summary>
    /// How much text a track of subtitles may have. A film of three hours has about 200 kB; compressed in its container, a megabyte may be a gigabyte.
    /// </summary>
    public const int MaxSubtitleBytes = 8 << 20;

    /// <summary>
    /// By how much a sound may be longer than its picture without the picture standing still for it: an encoder's last frame, which is filled up.
    /// </summary>
    private static readonly TimeSpan s_padding = TimeSpan.FromSeconds(0.03);
    private static readonly Size s_tile = new(160, 90);
    private static readonly TimeSpan s_latestPoster = TimeSpan.FromSeconds(10);

    public required MediaInfo Source { get; init; }

    /// <summary>From the smallest to the largest; empty where there is only sound.</summary>
    public required IReadOnlyList<VideoRendition> Video { get; init; }

    public required IReadOnlyList<AudioRendition> Audio { get; init; }

    public required IReadOnlyList<SubtitleRendition> Subtitles { get; init; }

    /// <summary>null where there is only sound, as are poster and storyboard.</summary>
    public IFrameRendition? IFrames { get; init; }

    public Poster? Poster { get; init; }

    public Storyboard? Storyboard { get; init; }

    public required SegmentFormat SegmentFormat { get; init; }

    /// <summary>The rate that the picture is brought to before it is split up.</summary>
    public FrameRate FrameRate { get; init; } = new(25, 1);

    /// <summary>From one IDR to the next where all is encoded: two seconds, or as near as whole frames come. Beside a copy, the longest time.</summary>
    public required TimeSpan KeyframeDuration { get; init; }

    /// <summary>The same in pictures of the full rate.</summary>
    public int KeyframeInterval => (int)Math.Round(KeyframeDuration.TotalSeconds * FrameRate.PerSecond);

    /// <summary>A last segment that is shorter is joined to the one before it: players stall on such tails, or never reach them.</summary>
    public const double ShortestSegmentSeconds = 0.5;

    /// <summary>A segment ends with the first keyframe after this.</summary>
    public required TimeSpan SegmentDuration { get; init; }

    /// <summary>
    /// The presentation time of the source's first moment in every segment of every rendition, in both formats: late enough that nothing before it (an
    /// encoder's delay) is negative, and such that the first picture has a whole number of pictures before it, because ffmpeg rounds its time to their unit
    /// when it encodes, and since version 7 not when it copies. Ten seconds, or 10.01 at rates such as 29.97, and up to a picture more beside a copy.
    /// </summary>
    public TimeSpan ClockStart
    {
        get
        {
            var start = Math.Ceiling(Math.Round(10 * FrameRate.Half.PerSecond, 6)) / FrameRate.Half.PerSecond;
            // Where all is encoded, the picture is moved to the beginning.
            var late = CopiesSource ? PictureIsLate.TotalSeconds : 0;
            return TimeSpan.FromSeconds(start + Math.Ceiling(Math.Round(late * FrameRate.PerSecond, 3)) / FrameRate.PerSecond - late);
        }
    }

    /// <summary>When the last stream of the source ends; null where that could not be measured.</summary>
    public TimeSpan? SourceEnd => Source.Timeline is not { } timeline ? null
        : timeline.Streams.Where(stream => stream.Key != Source.Video?.StreamIndex).Select(stream => stream.Value.End).Append(PictureEnd ?? default).Max();

    /// <summary>
    /// How many pictures each rendition of the full rate has, at least one: until the last stream of the source ends, apart from less than a frame of padding.
    /// null where there is no picture, or where that could not be measured.
    /// </summary>
    public int? FrameCount => SourceEnd is { } end && PictureCount is { } pictures
        ? Math.Max(Math.Max(1, pictures), (int)Math.Ceiling((end - PictureIsLate - s_padding).TotalSeconds * FrameRate.PerSecond)) : null;

    /// <summary>How long every rendition plays: whole pictures, or until the last sound ends. null where that could not be measured.</summary>
    public TimeSpan? End => FrameCount is { } frames ? TimeSpan.FromSeconds(frames / FrameRate.PerSecond) : SourceEnd;

    /// <summary>How many pictures the source's own picture gives.</summary>
    public int? PictureCount => PictureEnd is { } end ? (int)Math.Round(end.TotalSeconds * FrameRate.PerSecond) : null;

    /// <summary>
    /// How often the last picture is repeated at most: as long as a sound goes on, and in the place of as many as may be missing. More are damage, which must
    /// be seen. null as <see cref="FrameCount"/>.
    /// </summary>
    public int? MaxRepeatedFrames => FrameCount is { } frames && PictureEnd is { } end
        ? frames - (int)Math.Floor((end - Tolerance).TotalSeconds * FrameRate.PerSecond) : null;

    /// <summary>When the picture of the source ends, counted from where it is made to begin; null where that could not be measured.</summary>
    public TimeSpan? PictureEnd =>
        Source.Video is { } video && Source.Timeline?.Streams.TryGetValue(video.StreamIndex, out var span) == true ? span.End - PictureIsLate : null;

    /// <summary>A picture that begins this much after the sound, less than a frame, is not late: rounding would show the first one twice.</summary>
    public TimeSpan PictureIsLate => Source.Video is { } video && video.BeginsAfter.TotalSeconds * FrameRate.PerSecond < 1 ? video.BeginsAfter : TimeSpan.Zero;

    /// <summary>When a picture of the full rate is seen in the source, where one is seen at that time.</summary>
    public TimeSpan TimeOf(double picture) => TimeSpan.FromSeconds(picture / FrameRate.PerSecond)
        + (CopiesSource ? Source.Timeline!.Streams[Source.Video!.StreamIndex].Start : PictureIsLate);

    /// <summary>How much less than <see cref="End"/> may turn out to be decodable: a few damaged pictures make no video unplayable.</summary>
    public TimeSpan Tolerance => Allowance(End ?? TimeSpan.Zero);

    /// <summary>How far a video may fall short of a length.</summary>
    public static TimeSpan Allowance(TimeSpan length) => TimeSpan.FromSeconds(Math.Max(1, length.TotalSeconds * 0.03));

    /// <summary>The largest rendition is copied, and all others have their keyframes where the source has them.</summary>
    public bool CopiesSource => Video is [.., { Copied: true }];

    /// <summary>Whether the source may be its own largest rendition, as far as its metadata shows, without looking at its packets.</summary>
    public bool MayCopySource =>
        Source.Video is
        {
            Codec: "h264", PixelFormat: "yuv420p", Progressive: true, Rotated: false, SquarePixels: true,
            FullRange: false, DynamicRange: DynamicRange.Standard, ColorPrimaries: not "bt2020", ConstantFrameRate: true, ShapeChanges: false,
        } source
        // One is encoded always: so every picture of the source is decoded once, and what is broken is found out.
        && Video is [_, .., var largest] && largest.Size == source.Display && largest.FrameRate == FrameRate
        && Math.Abs(FrameRate.PerSecond / source.FrameRate - 1) < 0.0004 && source.BeginsAfter.TotalSeconds * source.FrameRate < 1;

    /// <summary>Whether there are renditions of every second picture: a copy then needs its keyframes among those.</summary>
    public bool HalvesFrameRate => Video.Any(rendition => rendition.FrameRate != FrameRate);

    /// <summary>Whether a rendition has every picture of the source, and so all of the captions that pictures carry.</summary>
    public bool CarriesCaptions(VideoRendition rendition) => rendition.FrameRate == FrameRate;

    /// <summary>Whether a source that <see cref="MayCopySource"/> is its own largest rendition, by its packets.</summary>
    /// <param name="packets">Those of its picture.</param>
    /// <param name="container">What the source is.</param>
    public bool AcceptsCopy(PacketScan packets, Container container) =>
        // What is copied cannot be made longer: nothing may go on when its last picture has been seen. Nor repaired.
        FrameCount == PictureCount && Source.Timeline is not { IsIncomplete: true }
        && packets is { Complete: true, Regular: true, ConstantParameters: true } && packets.LongestGap <= s_longestGap && packets.MeanGap >= s_shortestMeanGap
        // In fragmented MP4 each I-frame has to say how long it stands, in exact units of time.
        && (SegmentFormat == SegmentFormat.MpegTs || (packets.KeyframesAreRegular && container.Demuxer == "mov"))
        && (packets.KeyframesAreEven || !HalvesFrameRate)
        && packets.BitsPerSecond <= BitRateAllowance * Video[^1].MaxBitsPerSecond;

    /// <summary>The same with the source as its own largest rendition.</summary>
    /// <param name="gap">The longest time from one of its keyframes to the next.</param>
    /// <param name="copiedSounds">The streams of the sounds that are copied too: of <see cref="CopyableSounds"/>.</param>
    public TranscodePlan WithCopy(TimeSpan gap, IReadOnlySet<int> copiedSounds) =>
        (this with
        {
            Video = [.. Video.SkipLast(1), Video[^1] with { Copied = true }],
            Audio = [.. Audio.Select(rendition => rendition with { Copied = copiedSounds.Contains(rendition.Track.StreamIndex) })],
            KeyframeDuration = gap,
            SegmentDuration = TimeSpan.FromSeconds(Math.Min(KeyframesPerSegment * KeyframeSeconds, LongestCopiedSegment - gap.TotalSeconds)),
        }).WithStills(Source.Video!);

    /// <summary>
    /// The sounds whose packets can be copied beside the picture's if one description fits all of them: every player knows AAC-LC in mono or stereo, and these
    /// last from the first picture to the last without a gap.
    /// </summary>
    public IEnumerable<AudioTrack> CopyableSounds => Audio.Select(rendition => rendition.Track).Where(MayCopy);

    private bool MayCopy(AudioTrack track) =>
        track is { Codec: "aac", Profile: "LC", Channels: 1 or 2, SampleRate: 44_100 or 48_000, BitsPerSecond: > 0 and <= MostCopiedAudioBitsPerSecond }
        && Source.Timeline?.Streams.GetValueOrDefault(track.StreamIndex) is { IsContinuous: true } span
        && TimeSpan.FromSeconds(Math.Max(1 / FrameRate.PerSecond, AacFrameSamples / track.SampleRate)) is var frame
        // What comes before the first picture is the encoder's own delay, which decoders leave out.
        && span.Start > s_longestPriming && span.Start < frame && span.End > End - frame;

    /// <summary>Everything that ffmpeg makes, apart from stills.</summary>
    public IEnumerable<Rendition> Renditions => [.. Video, .. Audio, .. IFrames is null ? (Rendition[])[] : [IFrames], .. Subtitles];

    public static TranscodePlan For(MediaInfo source, Ladder ladder, SegmentFormat format)
    {
        var rate = FrameRate.For(source.Video?.FrameRate ?? 25);
        // Counted in frames of the half rate, so that renditions of both rates have their keyframes at the same times.
        var halfRateFrames = Math.Max(1, (int)Math.Round(KeyframeSeconds * rate.Half.PerSecond));
        var keyframes = TimeSpan.FromSeconds(2.0 * halfRateFrames * rate.Denominator / rate.Numerator);
        var plan = new TranscodePlan
        {
            Source = source,
            Video = source.Video is { } video ? Videos(video, ladder, rate, halfRateFrames) : [],
            Audio = Audios(source.Audio),
            Subtitles = source.Video is null ? [] : Texts(source.Subtitles, DefaultOf(source.Audio)),
            SegmentFormat = format,
            FrameRate = rate,
            KeyframeDuration = keyframes,
            SegmentDuration = keyframes * KeyframesPerSegment,
        };
        return source.Video is { } picture ? plan.WithStills(picture) : plan;
    }

    private TranscodePlan WithStills(VideoTrack source)
    {
        var frames = Video.LastOrDefault(rendition => rendition.Size.ShortSide <= 360) ?? Video[0];
        var poster = Video.LastOrDefault(rendition => rendition.Size.ShortSide <= 720) ?? Video[0];
        return this with
        {
            IFrames = new($"iframes-{frames.Name}", frames),
            // Not the very first picture, which is often black.
            Poster = new(poster, (Source.Duration ?? default) * 0.1 is var tenth && tenth < s_latestPoster ? tenth : s_latestPoster),
            // A hundred pictures or fewer for minutes, one in ten seconds for hours.
            Storyboard = new(Video[0], source.Display.FittedInto(s_tile),
                (Source.Duration ?? TimeSpan.MaxValue).TotalMinutes switch { <= 3 => 1, <= 8 => 2, _ => 5 }),
        };
    }

    private static List<VideoRendition> Videos(VideoTrack source, Ladder ladder, FrameRate rate, int halfRateFrames)
    {
        var renditions = new List<VideoRendition>();
        var names = new UniqueNames();
        foreach (var rung in ladder.Rungs)
        {
            var size = source.Display.FittedInto(rung.Box);
            // Upscaling adds bytes and no detail: the first box that holds the whole source is the last, and is left out where it hardly adds any.
            var holdsAll = rung.Box.LongSide >= source.Display.LongSide && rung.Box.ShortSide >= source.Display.ShortSide;
            if (renditions is not [.., { Size: var below }] || size.LongSide > below.LongSide * 1.1)
            {
                var halved = rate.PerSecond > rung.MaxFrameRate + 0.5;
                renditions.Add(new(names.Take(NameOf(rung, size)), size, halved ? rate.Half : rate, rung.KilobitsPerSecond * 1000L, halved ? halfRateFrames
                    : 2 * halfRateFrames));
            }
            if (holdsAll)
                break;
        }
        return renditions;
    }

    /// <summary>
    /// The rung's name, where its box is filled: a wide film of 1920×804 is 1080p to everybody. What is smaller is called by its own short side.
    /// </summary>
    private static string NameOf(Rung rung, Size size) =>
        size.ShortSide == rung.Box.ShortSide || size.LongSide == rung.Box.LongSide ? rung.Name
            : string.Create(CultureInfo.InvariantCulture, $"{size.ShortSide}p");

    private static List<AudioRendition> Audios(IReadOnlyList<AudioTrack> tracks)
    {
        var names = new UniqueNames();
        var labels = new UniqueNames();
        var byDefault = DefaultOf(tracks);
        return [.. tracks.Take(MediaInfo.MaxTracks).Select(track => new AudioRendition(
            names.Take("audio-" + Folder(track.Language)), labels.Take(LabelOf(track.Title, track.Language, "Audio")), track, track == byDefault))];
    }

    private static AudioTrack? DefaultOf(IReadOnlyList<AudioTrack> tracks) =>
        tracks.FirstOrDefault(track => track.Default) ?? (tracks is [var first, ..] ? first : null);

    /// <summary>
    /// Whether a default track is meant to be seen by everybody. Muxers mark the first one of each kind, whatever it holds: over sound in its own language,
    /// or in one that is not known, that means nothing.
    /// </summary>
    private static bool IsWanted(SubtitleTrack track, SubtitleTrack first, AudioTrack? heard) =>
        track != first || track.Forced || heard is null || (heard.Language is not null && track.Language is not null && track.Language != heard.Language);

    private static List<SubtitleRendition> Texts(IReadOnlyList<SubtitleTrack> tracks, AudioTrack? heard)
    {
        var names = new UniqueNames();
        var labels = new UniqueNames();
        var byDefault = tracks.FirstOrDefault(track => track.Default && IsWanted(track, tracks[0], heard));
        return [.. tracks.Take(MediaInfo.MaxTracks).Select(track => new SubtitleRendition(
            names.Take("subtitles-" + Folder(track.Language)), labels.Take(LabelOf(track.Title, track.Language, "Subtitles")), track, track == byDefault))];
    }

    private static string Folder(string? language) => language ?? "und";

    /// <summary>A name for a player's menu that cannot break out of its attribute (RFC 8216, 4.2: no quotes, no line ends).</summary>
    internal static string LabelOf(string? title, string? language, string otherwise)
    {
        var label = new string([.. (title ?? "").Where(c => !char.IsControl(c) && c is not ('"' or '\u2028' or '\u2029') && !char.IsSurrogate(c)).Take(80)])
            .Trim();
        return label.Length > 0 ? label : language is null ? otherwise : LanguageTag.NameOf(language);
    }

    /// <summary>Gives each name once; the next that wants it gets a number.</summary>
    private sealed class UniqueNames
    {
        private readonly HashSet<string> _taken = new(StringComparer.Ordinal);

        public string Take(string name)
        {
            var unique = name;
            for (var number = 2; !_taken.Add(unique); number++)
                unique = $"{name}-{number}";
            return unique;
        }
    }
}
