using System.Text.Json.Serialization;

namespace IngestVideo.Editing;

/// <summary>Changes what users own of a video.</summary>
/// <param name="Title">What to call it.</param>
public sealed record VideoEdit(string? Title);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectRequiredConstructorParameters = false)]
[JsonSerializable(typeof(VideoEdit))]
internal sealed partial class EditJson : JsonSerializerContext;
