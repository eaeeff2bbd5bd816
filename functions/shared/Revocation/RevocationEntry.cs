using System.Text.Json.Serialization;

namespace Reelseal.Revocation;

/// <summary>The content of an object under <c>revocations/</c>. An object that is missing means the default: epoch 0, not refused.</summary>
internal sealed record RevocationEntry
{
    public static readonly RevocationEntry None = new();

    /// <summary>Of a video: proofs and share links made for an earlier epoch are worthless.</summary>
    public long Epoch { get; init; }

    /// <summary>Of a token or a subject: whether it is refused.</summary>
    public bool Refused { get; init; }

    /// <summary>When it last changed.</summary>
    public DateTimeOffset Changed { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(RevocationEntry))]
internal sealed partial class RevocationJson : JsonSerializerContext;
