namespace IngestVideo.Planning;

/// <summary>What one run of ffmpeg makes of a plan: all of it, or the part that needs no picture to be encoded, or the rest.</summary>
public sealed record TranscodeStep
{
    private readonly IReadOnlyList<Rendition> _renditions;

    private TranscodeStep(TranscodePlan plan, IReadOnlyList<Rendition> renditions) => (Plan, _renditions) = (plan, renditions);

    /// <summary>The plan that this is a part of.</summary>
    public TranscodePlan Plan { get; }

    /// <summary>The stretch of the picture that it encodes; null for all of it.</summary>
    public Chunk? Chunk { get; private init; }

    /// <summary>
    /// Segments end with each keyframe. Beside a copy keyframes come as they come, and where ffmpeg cuts depends on all that came before: of a chunk it makes
    /// pieces of segments.
    /// </summary>
    public bool CutsAtKeyframes => Plan.CopiesSource && Chunk is not null;

    /// <summary>How many pieces, as ffmpeg cuts the pictures of a chunk, come before it.</summary>
    public int FirstPiece => (CutsAtKeyframes ? Chunk?.FirstKeyframe : Chunk?.FirstSegment) ?? 0;

    /// <summary>The picture that each piece of a chunk begins with.</summary>
    public IReadOnlyList<int> Pieces =>
        [.. (Chunk?.Keyframes ?? []).Where((_, index) => CutsAtKeyframes || index % TranscodePlan.KeyframesPerSegment == 0)];

    /// <summary>It encodes no picture, and what it makes is enough to watch: the other step only adds qualities.</summary>
    public bool IsQuick => Video.Any(rendition => rendition.Copied);

    /// <summary>From the smallest to the largest.</summary>
    public IEnumerable<VideoRendition> Video => _renditions.OfType<VideoRendition>();

    public IEnumerable<AudioRendition> Audio => _renditions.OfType<AudioRendition>();

    public IEnumerable<SubtitleRendition> Subtitles => _renditions.OfType<SubtitleRendition>();

    public IFrameRendition? IFrames => _renditions.OfType<IFrameRendition>().FirstOrDefault();

    /// <summary>Everything that ffmpeg cuts into segments.</summary>
    public IEnumerable<Rendition> Segmented => _renditions.Where(rendition => rendition is not SubtitleRendition);

    /// <summary>
    /// Streams of which this step makes nothing, but which it must read as well: in a transport stream ffmpeg's time begins where the first stream that it
    /// reads begins, and time must be the same in all steps.
    /// </summary>
    public IEnumerable<int> AlsoRead => StreamsOf(Plan.Renditions).Except(StreamsOf(_renditions));

    /// <summary>The steps of a plan, in the order in which viewers need them. Each can run at any time, also beside the others.</summary>
    public static IReadOnlyList<TranscodeStep> Of(TranscodePlan plan)
    {
        if (!plan.CopiesSource)
            return [new(plan, [.. plan.Renditions])];
        var isFirst = plan.Renditions.ToLookup(
            rendition => rendition is VideoRendition { Copied: true } or AudioRendition or IFrameRendition { Of.Copied: true });
        return [new(plan, [.. isFirst[true]]), new(plan, [.. isFirst[false]])];
    }

    /// <summary>What a chunk is made into: the pictures that are encoded, and what is made of these.</summary>
    public static TranscodeStep Of(TranscodePlan plan, Chunk chunk) => new(plan, [.. plan.Renditions.Where(IsMadeOfChunks)]) { Chunk = chunk };

    /// <summary>
    /// The steps that are left of a plan whose pictures are encoded in chunks; none where there is nothing else. A copied sound is decoded by the step that
    /// does not copy it, also where that has nothing to make.
    /// </summary>
    public static IReadOnlyList<TranscodeStep> BesideChunks(TranscodePlan plan) =>
    [
        .. Of(plan).Select(step => new TranscodeStep(plan, [.. step._renditions.Where(rendition => !IsMadeOfChunks(rendition))]))
            .Where(step => step._renditions is not [] || plan.Audio.Any(sound => sound.Copied)),
    ];

    private static bool IsMadeOfChunks(Rendition rendition) => rendition is VideoRendition { Copied: false } or IFrameRendition { Of.Copied: false };

    private IEnumerable<int> StreamsOf(IEnumerable<Rendition> renditions) => renditions.Select(rendition => rendition switch
    {
        AudioRendition audio => audio.Track.StreamIndex,
        SubtitleRendition subtitles => subtitles.Track.StreamIndex,
        _ => Plan.Source.Video!.StreamIndex,
    });
}
