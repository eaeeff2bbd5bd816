using System.Text.Json;
using System.Text.Json.Serialization;
using IngestVideo.Media;
using IngestVideo.Planning;

namespace IngestVideo.Chunks;

/// <summary>
/// Everything that a worker needs beside the packets to encode a chunk. It describes the source and how to encode it; the worker derives the plan from that
/// again.
/// </summary>
/// <param name="Source">The same for all chunks of a plan.</param>
/// <param name="Chunk">Which of them.</param>
public sealed record ChunkJob(ChunkSource Source, Chunk Chunk)
{
    private const int MostSegments = 1000, MostKeyframes = 10_000;

    public static ChunkJob Of(TranscodePlan plan, Chunk chunk, IngestOptions options) => new(ChunkSource.Of(plan, options), chunk);

    /// <summary>Reads a job, as a stranger's.</summary>
    /// <exception cref="FormatException">It is not a job that a lead would send; the message says why.</exception>
    public static ChunkJob Read(ReadOnlySpan<byte> json)
    {
        var job = ChunkJson.Read(json, ChunkJson.Default.ChunkJob);
        return job.FindFault() is { } fault ? throw new FormatException(fault) : job;
    }

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, ChunkJson.Default.ChunkJob);

    private string? FindFault()
    {
        if (Source.FindFault() is { } fault)
            return fault;
        if (Chunk is not { Cuts: [var first, _, ..] cuts, Keyframes: [var keyframe, ..] keyframes })
            return "The chunk is incomplete.";
        if (cuts.Count > MostSegments + 1 || keyframes.Count > MostKeyframes)
            return "The chunk has too many segments, or too many keyframes.";
        var plan = Source.ToPlan();
        if (plan.Video.All(rendition => rendition.Copied))
            return "There is no picture to encode.";
        if (first < 0 || keyframe != first || !IsAscending(cuts) || !IsAscending(keyframes) || keyframes[^1] >= Chunk.End
            || cuts.SkipLast(1).Except(keyframes).Any()
            || (!plan.CopiesSource && keyframes.Index().Any(other => other.Item != (Chunk.FirstKeyframe + other.Index) * plan.KeyframeInterval)))
            return "Segments of the chunk do not begin with its keyframes.";
        if (plan.FrameCount is not { } frames || Chunk.End > frames || Chunk.IsLast != (Chunk.End == frames)
            || (plan.HalvesFrameRate && (first % 2 != 0 || (Chunk.End % 2 != 0 && !Chunk.IsLast))))
            return "The chunk does not end where it may.";
        // Names are made of these.
        return Chunk.FirstSegment < 0 || Chunk.FirstKeyframe < Chunk.FirstSegment || Chunk.FirstKeyframe > first
            || (Chunk.FirstSegment == 0) != (first == 0) ? "The chunk's segments are numbered wrongly." : null;
    }

    private static bool IsAscending(IReadOnlyList<int> numbers) => numbers.Zip(numbers.Skip(1)).All(pair => pair.First < pair.Second);
}

/// <summary>What all chunks of a plan have in common.</summary>
/// <param name="Picture">The picture.</param>
/// <param name="Duration">How long the source is.</param>
/// <param name="Start">When its first picture is seen.</param>
/// <param name="PictureEnd">When its last picture ends.</param>
/// <param name="End">When its last stream ends.</param>
/// <param name="Ladder">The qualities.</param>
/// <param name="SegmentFormat">The format.</param>
/// <param name="X264Preset">libx264's preset.</param>
/// <param name="CopiedGap">Beside a copy, the longest time from one of its keyframes to the next.</param>
public sealed record ChunkSource(
    VideoTrack Picture, TimeSpan? Duration, TimeSpan Start, TimeSpan PictureEnd, TimeSpan End, Ladder Ladder, SegmentFormat SegmentFormat, string X264Preset,
    TimeSpan? CopiedGap)
{
    private const double LongestGap = 4; // seconds, as a copy has
    private const int LongestSide = 32_768, MostPicturesPerSecond = 10_000, LongestName = 64;
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(2);

    public static ChunkSource Of(TranscodePlan plan, IngestOptions options)
    {
        var picture = plan.Source.Video!;
        var span = plan.Source.Timeline!.Streams[picture.StreamIndex];
        return new(
            picture with { StreamIndex = 0 }, plan.Source.Duration, span.Start, span.End, plan.SourceEnd!.Value, options.Ladder, plan.SegmentFormat,
            options.X264Preset, plan.CopiesSource ? plan.KeyframeDuration : null);
    }

    /// <summary>As JSON: the same bytes for the same values.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, ChunkJson.Default.ChunkSource);

    /// <summary>The plan, without what is not made of the picture.</summary>
    public TranscodePlan ToPlan()
    {
        // Whatever else there was counts with its end only.
        var streams = new Dictionary<int, StreamSpan>
        {
            [Picture.StreamIndex] = new(Start, PictureEnd, HasPresentationTimes: true), [Picture.StreamIndex + 1] = new(TimeSpan.Zero, End, true),
        };
        var plan = TranscodePlan.For(new(Duration, Picture, [], []) { Timeline = new(streams) }, Ladder, SegmentFormat);
        return CopiedGap is { } gap ? plan.WithCopy(gap, copiedSounds: new HashSet<int>()) : plan;
    }

    internal string? FindFault()
    {
        if (Picture is not { StreamIndex: 0, Display: { Width: >= 1 and <= LongestSide, Height: >= 1 and <= LongestSide }, ReorderedFrames: >= 0 and <= 16 }
            || Picture.FrameRate is not (> 0.001 and <= MostPicturesPerSecond) || Picture.SizeChanges || Picture.ShapeChanges
            || !Enum.IsDefined(Picture.Turn) || Picture.Turn is Turn.Other || !Enum.IsDefined(Picture.DynamicRange) || !IsTime(Picture.BeginsAfter))
            return "The picture cannot be encoded in chunks.";
        string?[] names = [Picture.Codec, Picture.PixelFormat, Picture.ColorMatrix, Picture.ColorPrimaries];
        if (names.Any(name => name is { Length: > LongestName }))
            return "A name is too long.";
        TimeSpan[] times = [Duration ?? default, Start.Duration(), PictureEnd, End, CopiedGap ?? default];
        if (!times.All(IsTime) || CopiedGap is { TotalSeconds: <= 0 or > LongestGap })
            return "A time is out of range.";
        if (Ladder.Rungs.Contains(null!) || Ladder.FindFault() is not null)
            return "The ladder is invalid.";
        return Enum.IsDefined(SegmentFormat) && IngestOptions.X264Presets.Contains(X264Preset) ? null : "The format or the preset is unknown.";
    }

    private static bool IsTime(TimeSpan time) => time >= TimeSpan.Zero && time <= s_longest;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, IgnoreReadOnlyProperties = true,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ChunkJob))]
[JsonSerializable(typeof(ChunkResult))]
internal sealed partial class ChunkJson : JsonSerializerContext
{
    /// <exception cref="FormatException">The document is malformed.</exception>
    public static T Read<T>(ReadOnlySpan<byte> json, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(json, type) ?? throw new FormatException("The document is null.");
        }
        catch (JsonException e)
        {
            throw new FormatException($"The document cannot be read: {e.Message}", e);
        }
    }
}
