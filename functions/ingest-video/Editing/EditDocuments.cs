using System.Text.Json.Serialization;

namespace IngestVideo.Editing;

/// <summary>Changes what users own of a video.</summary>
/// <param name="Title">What to call it.</param>
public sealed record VideoEdit(string? Title);

/// <summary>Chooses a poster.</summary>
/// <param name="Time">The moment of the video that it shows, in seconds.</param>
public sealed record PosterChoice(double? Time);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectRequiredConstructorParameters = false)]
[JsonSerializable(typeof(VideoEdit))]
[JsonSerializable(typeof(PosterChoice))]
internal sealed partial class EditJson : JsonSerializerContext;
