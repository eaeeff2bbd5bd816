using IngestVideo.Media;

namespace IngestVideo.Planning;

/// <summary>
/// The segments of a plan's encoded renditions, known before anything is encoded, and the chunks that they can be grouped into: encoded one by one and put
/// together, these show the same pictures at the same times as the whole.
/// </summary>
public sealed class ChunkPlan
{
    /// <summary>How long before a chunk's first picture decoding begins, unless that is a closed keyframe: filters need what comes before.</summary>
    private const double LeadSeconds = 1;

    /// <summary>How far a keyframe's time may be from that of a picture that it is, in pictures: times are rounded.</summary>
    private const double MostRounded = 0.25;

    /// <summary>How long after a chunk's last picture the packets go on, which are not in the order in which they are seen.</summary>
    private const double TailSeconds = 0.5;

    private readonly TranscodePlan _plan;
    private readonly CutPoints _points;
    private readonly List<int> _keyframes;
    private readonly List<int> _cuts;

    private ChunkPlan(TranscodePlan plan, CutPoints points, List<int> keyframes, List<int> cuts) =>
        (_plan, _points, _keyframes, _cuts) = (plan, points, keyframes, cuts);

    /// <summary>How many segments each encoded rendition has.</summary>
    public int Segments => _cuts.Count - 1;

    /// <summary>Why a picture cannot be encoded in chunks of a length, in a sentence for the log; null where it can.</summary>
    public static string? FindObstacle(TranscodePlan plan, CutPoints points, TimeSpan length)
    {
        if (plan.Video.All(rendition => rendition.Copied) || plan.Source.Video is not { } video)
            return "There is no picture to encode.";
        if (plan.FrameCount is not { } frames || plan.Source.Timeline is not { } timeline || !timeline.Streams.TryGetValue(video.StreamIndex, out var span))
            return "The picture could not be measured.";
        if (timeline.IsIncomplete || timeline.RepeatedFrom is not null)
            return "The source is damaged.";
        if (!span.HasPresentationTimes)
            return "Packets do not say when they are shown.";
        if (video.SizeChanges)
            return "The size of the picture changes.";
        if (video.Turn is Turn.Other)
            return "The picture is mirrored, or turned by an odd angle.";
        if (points.Obstacle is { } obstacle)
            return obstacle;
        if (plan.CopiesSource && points.Pictures != frames)
            return "Pictures are missing.";
        if (points.LongestDistance > length / 2)
            return Late("pictures", points.LongestDistance, length);
        if (LongestGap(points, span.End) is var gap && gap > length / 2)
            return Late("keyframes", gap, length);
        return frames / plan.FrameRate.PerSecond < 2 * length.TotalSeconds ? "The video is shorter than two chunks." : null;
    }

    /// <summary>Plans for a picture without an obstacle.</summary>
    public static ChunkPlan For(TranscodePlan plan, CutPoints points)
    {
        var keyframes = KeyframesOf(plan, points);
        return new(plan, points, keyframes, CutsOf(plan, keyframes));
    }

    /// <summary>
    /// All chunks, of about that length; a shorter one first, so that there is something to play early, and ever shorter ones last, so that all replicas end
    /// together.
    /// </summary>
    /// <param name="length">The length of most.</param>
    /// <param name="replicas">How many encode them at once.</param>
    public IReadOnlyList<Chunk> Of(TimeSpan length, int replicas)
    {
        var chunks = new List<Chunk>();
        var most = Math.Max(1, (int)Math.Round(length.TotalSeconds * _plan.FrameRate.PerSecond * Segments / _cuts[^1]));
        for (var first = 0; first < Segments;)
        {
            var share = (Segments - first + replicas - 1) / replicas; // of what is left (guided self-scheduling)
            var count = Math.Min(share, first == 0 ? (most + 1) / 2 : most);
            chunks.Add(Between(first, first += count));
        }
        return chunks;
    }

    /// <summary>The chunk of some segments, such as a half of one that takes too long.</summary>
    /// <param name="first">The number of the first.</param>
    /// <param name="end">The number after the last.</param>
    public Chunk Between(int first, int end)
    {
        var (from, to) = (_cuts[first], _cuts[end]);
        var isLast = end == Segments;
        var cutFrom = first == 0 ? null : FindStart(from);
        var cutTo = isLast ? (double?)null : _plan.TimeOf(to).TotalSeconds + _points.LongestDistance.TotalSeconds + TailSeconds;
        var keyframes = _keyframes.FindAll(keyframe => keyframe >= from && keyframe < to);
        return new(first, _keyframes.FindIndex(keyframe => keyframe >= from), _cuts[first..(end + 1)], keyframes, isLast, cutFrom, cutTo);
    }

    /// <summary>Where decoding begins so that it gives a picture and all after it as the whole has them; null for the beginning.</summary>
    private int? FindStart(int picture)
    {
        var time = _plan.TimeOf(picture).TotalSeconds;
        return _points.Keyframes.Where(point => point.Shown <= time - LeadSeconds || IsStartAt(point, time)).Select(point => (int?)point.Packet).Max();
    }

    /// <summary>A keyframe is the very picture, and neither it nor a filter needs what comes before.</summary>
    private bool IsStartAt(CutPoint point, double time) =>
        point.IsClosed && !_plan.Source.Video!.Interlaced && Math.Abs(point.Shown - time) * _plan.FrameRate.PerSecond < MostRounded;

    private static string Late(string what, TimeSpan gap, TimeSpan length) => FormattableString.Invariant(
        $"From one of its {what} to the next it takes up to {gap.TotalSeconds:0.0} s, more than half of a chunk of {length.TotalSeconds:0} s.");

    private static TimeSpan LongestGap(CutPoints points, TimeSpan end)
    {
        var (longest, before) = (0.0, 0.0);
        foreach (var shown in points.Keyframes.Select(point => point.Shown).Append(end.TotalSeconds))
            (longest, before) = (Math.Max(longest, shown - before), shown);
        return TimeSpan.FromSeconds(longest);
    }

    /// <summary>The keyframes of the encoded renditions: those of the source beside a copy, otherwise at even distances.</summary>
    private static List<int> KeyframesOf(TranscodePlan plan, CutPoints points)
    {
        if (plan.CopiesSource)
            return [.. points.Keyframes.Select(point => (int)Math.Round((point.Shown - plan.TimeOf(0).TotalSeconds) * plan.FrameRate.PerSecond))];
        var interval = plan.KeyframeInterval;
        return [.. Enumerable.Range(0, (plan.FrameCount!.Value + interval - 1) / interval).Select(number => number * interval)];
    }

    /// <summary>
    /// Cuts as ffmpeg does: segment n ends with the first keyframe at n times the length of a segment, or after that. Then a short tail is joined.
    /// </summary>
    private static List<int> CutsOf(TranscodePlan plan, List<int> keyframes)
    {
        var microseconds = (Int128)Math.Round(plan.SegmentDuration.TotalMicroseconds);
        var cuts = new List<int> { 0 };
        foreach (var keyframe in keyframes.Skip(1))
        {
            if ((Int128)keyframe * plan.FrameRate.Denominator * 1_000_000 >= microseconds * cuts.Count * plan.FrameRate.Numerator)
                cuts.Add(keyframe);
        }
        var frames = plan.FrameCount!.Value;
        // What a copy has is as long as the picture of the full rate.
        var tails = plan.CopiesSource ? [(frames - cuts[^1]) / plan.FrameRate.PerSecond]
            : plan.Video.Select(rendition => rendition.Pictures(plan, cuts[^1], frames) / rendition.FrameRate.PerSecond);
        if (cuts.Count > 1 && tails.Min() < TranscodePlan.ShortestSegmentSeconds)
            cuts.RemoveAt(cuts.Count - 1);
        return [.. cuts, frames];
    }
}
