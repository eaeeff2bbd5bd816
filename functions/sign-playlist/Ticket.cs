using System.Text.Json.Serialization;

namespace SignPlaylist;

/// <summary>What a client needs to play a video through CloudFront.</summary>
/// <param name="Url">The signed URL of the multivariant playlist.</param>
/// <param name="Query">What opens every other object of the video: poster, storyboard, sprites. Null where each URL is signed by itself.</param>
/// <param name="Expires">When both end, in seconds since the epoch.</param>
internal sealed record Ticket(string Url, string? Query, long Expires);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Ticket))]
internal sealed partial class TicketJson : JsonSerializerContext;
