using System.Text.Json.Serialization;

namespace IngestVideo.Probing;

/// <summary>What ffprobe prints, as it prints it.</summary>
internal sealed record ProbeOutput(IReadOnlyList<ProbeStream>? Streams, ProbeFormat? Format, IReadOnlyList<ProbeChapter>? Chapters = null);

internal sealed record ProbeChapter(string? StartTime, IReadOnlyDictionary<string, string>? Tags);

internal sealed record ProbeFormat(string? Duration, string? StartTime, string? FormatName, IReadOnlyDictionary<string, string>? Tags);

internal sealed record ProbeStream
{
    public int Index { get; init; }
    public string? CodecType { get; init; }
    public string? CodecName { get; init; }
    public string? CodecTagString { get; init; }
    public string? Profile { get; init; }
    public int Width { get; init; }
    public int Height { get; init; }
    public string? SampleAspectRatio { get; init; }
    public string? PixFmt { get; init; }
    public int HasBFrames { get; init; }
    public string? FieldOrder { get; init; }
    public string? ColorRange { get; init; }
    public string? ColorSpace { get; init; }
    public string? ColorTransfer { get; init; }
    public string? ColorPrimaries { get; init; }
    public string? RFrameRate { get; init; }
    public string? AvgFrameRate { get; init; }
    public string? NbFrames { get; init; }
    public string? Duration { get; init; }
    public long? DurationTs { get; init; }
    public string? StartTime { get; init; }
    public string? BitRate { get; init; }
    public int Channels { get; init; }
    public string? SampleRate { get; init; }
    public ProbeDisposition? Disposition { get; init; }
    public IReadOnlyDictionary<string, string>? Tags { get; init; }
    public IReadOnlyList<ProbeSideData>? SideDataList { get; init; }
}

internal sealed record ProbeDisposition(int Default, int AttachedPic, int StillImage, int Forced, int HearingImpaired, int VisualImpaired);

internal sealed record ProbeSideData(string? SideDataType, double? Rotation, string? Displaymatrix);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ProbeOutput))]
internal sealed partial class ProbeJson : JsonSerializerContext;
