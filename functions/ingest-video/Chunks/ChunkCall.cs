using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;
using Reelseal;

namespace IngestVideo.Chunks;

/// <summary>The body of <c>POST /chunks</c>.</summary>
/// <param name="Video">The video.</param>
/// <param name="Plan">The plan's hash.</param>
/// <param name="Image">The image of the replica that calls.</param>
/// <param name="Caller">Its id.</param>
/// <param name="Job">What to make.</param>
/// <remarks>It names no object: where packets are and results go follows from the video, the plan and the chunk.</remarks>
internal sealed record ChunkCall(VideoId Video, string Plan, string Image, string Caller, ChunkJob Job)
{
    /// <summary>The longest body, in bytes; that of a video with very many keyframes is a few kilobytes.</summary>
    public const int MaxBytes = 256 * 1024;

    private const int LongestText = 200;
    private static readonly SearchValues<char> s_hexadecimal = SearchValues.Create("0123456789abcdef");

    public ChunkId Id => new(Video, Plan, Job.Chunk.Name);

    /// <summary>Reads a call, as a stranger's.</summary>
    /// <exception cref="FormatException">It is not a call; the message says why.</exception>
    public static ChunkCall Read(ReadOnlySpan<byte> json)
    {
        ChunkCallDocument? document;
        try
        {
            document = JsonSerializer.Deserialize(json, CallJson.Default.ChunkCallDocument);
        }
        catch (JsonException e)
        {
            throw new FormatException("The body is not the JSON document that this route takes.", e);
        }
        if (!VideoId.TryParse(document?.Video, provider: null, out var video))
            throw new FormatException("video must be a UUID in lower case with hyphens.");
        if (document.Plan is not { Length: ChunkId.PlanLength } plan || plan.AsSpan().ContainsAnyExcept(s_hexadecimal))
            throw new FormatException($"plan must be a hash of {ChunkId.PlanLength} hexadecimal digits.");
        if (document is not { Image: { Length: <= LongestText } image, Caller: { Length: <= LongestText } caller }
            || document.Job.ValueKind != JsonValueKind.Object)
            throw new FormatException("image, caller and job must be there.");
        return new(video, plan, image, caller, ChunkJob.Read(JsonSerializer.SerializeToUtf8Bytes(document.Job, CallJson.Default.JsonElement)));
    }

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(
        new(Video.ToString(), Plan, Image, Caller, JsonSerializer.Deserialize(Job.ToJson(), CallJson.Default.JsonElement)), CallJson.Default.ChunkCallDocument);
}

/// <summary>A <see cref="ChunkCall"/> as JSON.</summary>
internal sealed record ChunkCallDocument(string? Video, string? Plan, string? Image, string? Caller, JsonElement Job);

/// <summary>A replica's own answer to a call. What does not end with it was not said by a replica, or not to its end.</summary>
/// <param name="Plan">The plan's hash.</param>
/// <param name="Chunk">The chunk's name.</param>
/// <param name="Failure">Why it cannot be encoded; null where it is.</param>
internal sealed record ChunkAnswer(string? Plan, string? Chunk, string? Failure)
{
    private const string Marker = "reelseal";

    /// <summary>The last property.</summary>
    [JsonPropertyOrder(1)]
    public string? End { get; init; } = Marker;

    /// <summary>Whether it is whole, and about that chunk.</summary>
    public bool IsAbout(ChunkId chunk) => Plan == chunk.Plan && Chunk == chunk.Name && End == Marker;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectRequiredConstructorParameters = false, AllowDuplicateProperties = false,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ChunkCallDocument))]
[JsonSerializable(typeof(ChunkAnswer))]
[JsonSerializable(typeof(ChunkMarker))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class CallJson : JsonSerializerContext;
