using System.Text.Json;
using System.Text.RegularExpressions;
using IngestVideo.Media;
using IngestVideo.Planning;

namespace IngestVideo.Chunks;

/// <summary>What came of a chunk: files in a folder.</summary>
/// <param name="Renditions">The encoded renditions of the plan, and its I-frames where they are made of one of these.</param>
/// <param name="Stills">Files of keyframes for poster and storyboard, in the folder itself: those of all chunks, one after the other, are what the
/// whole encode puts aside.</param>
public sealed partial record ChunkResult(IReadOnlyList<ChunkRendition> Renditions, IReadOnlyList<ChunkFile> Stills)
{
    private const long LargestFile = 1L << 30;

    /// <summary>Reads a result, as a stranger's.</summary>
    /// <exception cref="FormatException">It does not belong to the job.</exception>
    public static ChunkResult Read(ReadOnlySpan<byte> json, ChunkJob job)
    {
        var result = ChunkJson.Read(json, ChunkJson.Default.ChunkResult);
        return result.Fits(job) ? result : throw new FormatException("The result is not one of that chunk.");
    }

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, ChunkJson.Default.ChunkResult);

    private bool Fits(ChunkJob job)
    {
        var plan = job.Source.ToPlan();
        var planned = TranscodeStep.Of(plan, job.Chunk).Segmented.Select(rendition => ChunkRendition.Planned(rendition, plan, job.Chunk)).ToList();
        return Renditions.Count == planned.Count && Renditions.Zip(planned).All(pair => pair.First is not null && pair.First.Fits(pair.Second))
            && Stills.All(still => still is { Name: OutputFiles.PosterFrames or OutputFiles.StoryboardFrames, Bytes: >= 0 and <= LargestFile })
            && Stills.DistinctBy(still => still.Name).Count() == Stills.Count;
    }
}

/// <summary>A rendition's part of a chunk; its files are in the folder of its name.</summary>
/// <param name="Name">The rendition's name.</param>
/// <param name="Codecs">As in <c>CODECS</c>.</param>
/// <param name="Frames">How many pictures.</param>
/// <param name="Captions">The closed captions inside the picture, by <c>INSTREAM-ID</c>.</param>
/// <param name="InitSection">The init section of fragmented MP4, the same in every chunk; null for transport streams.</param>
/// <param name="Segments">In order, under the names that they have in the whole.</param>
public sealed partial record ChunkRendition(
    string Name, string Codecs, int Frames, IReadOnlyList<string> Captions, ChunkFile? InitSection, IReadOnlyList<ChunkSegment> Segments)
{
    private const long LargestSegment = 256 << 20;

    /// <summary>Four channels of CEA-608 and 63 services of CEA-708.</summary>
    private const int MostCaptions = 67;

    /// <summary>What a rendition must have of a chunk, apart from what only the files say.</summary>
    internal static ChunkRendition Planned(Rendition rendition, TranscodePlan plan, Chunk chunk)
    {
        var of = rendition as VideoRendition ?? ((IFrameRendition)rendition).Of;
        var init = OutputFiles.InitSectionOf(plan.SegmentFormat) is { } name ? new ChunkFile(name, 0) : null;
        IReadOnlyList<int> starts = rendition is IFrameRendition ? chunk.Keyframes : [.. chunk.Cuts.SkipLast(1)];
        var first = rendition is IFrameRendition ? chunk.FirstKeyframe : chunk.FirstSegment;
        // ffmpeg loses the very last picture where that is a keyframe, as it does in the whole.
        if (rendition is IFrameRendition && plan.SegmentFormat == SegmentFormat.FragmentedMp4 && of.Pictures(plan, starts[^1], chunk.End) == 1)
            starts = [.. starts.SkipLast(1)];
        var segments = starts.Zip(starts.Skip(1).Append(chunk.End), (start, end) => of.Pictures(plan, start, end) / of.FrameRate.PerSecond)
            .Select((seconds, index) => new ChunkSegment(OutputFiles.Segment(first + index, plan.SegmentFormat), seconds, 0));
        var frames = rendition is IFrameRendition ? starts.Count : of.Pictures(plan, chunk.First, chunk.End);
        return new(rendition.Name, "", frames, [], init, [.. segments]);
    }

    internal bool Fits(ChunkRendition planned) =>
        Name == planned.Name && Frames == planned.Frames && H264().IsMatch(Codecs)
        && Captions.Count <= MostCaptions && Captions.All(caption => caption is not null && Caption().IsMatch(caption))
        && InitSection?.Name == planned.InitSection?.Name && InitSection?.Bytes is null or (> 0 and < LargestSegment)
        && Segments.Count == planned.Segments.Count
        && Segments.Zip(planned.Segments).All(pair =>
            pair.First is { Bytes: > 0 and <= LargestSegment } && pair.First with { Bytes = 0 } == pair.Second);

    [GeneratedRegex(@"^avc1\.[0-9a-f]{6}\z", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex H264();

    [GeneratedRegex(@"^(CC[1-4]|SERVICE[1-9][0-9]?)\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Caption();
}

/// <summary>A segment; how long it plays follows from the plan.</summary>
public sealed record ChunkSegment(string Name, double Seconds, long Bytes);

/// <summary>A file.</summary>
public sealed record ChunkFile(string Name, long Bytes);
