using System.Text.Json.Serialization;

namespace SignPlaylist;

/// <summary>What a client needs to play a video through CloudFront.</summary>
/// <param name="Url">The signed URL of the multivariant playlist.</param>
/// <param name="Query">What opens every other object of the video: poster, storyboard, sprites. Null where each URL is signed by itself.</param>
/// <param name="Expires">When both end, in seconds since the epoch.</param>
internal sealed record Ticket(string Url, string? Query, long Expires);

/// <summary>What a share link consists of: <c>GET /videos/{video}?until=…&amp;share=…</c> gives a ticket for it, without a token.</summary>
/// <param name="Video">The video's id.</param>
/// <param name="Until">When the link ends, in seconds since the epoch.</param>
/// <param name="Share">The link's secret.</param>
internal sealed record ShareLink(string Video, long Until, string Share);

/// <summary>A file to keep, and what opens it.</summary>
/// <param name="Url">The signed URL of that one file.</param>
/// <param name="Rendition">The quality's name.</param>
/// <param name="Size">The file's size in bytes.</param>
/// <param name="Expires">When a download can no longer be begun, in seconds since the epoch.</param>
internal sealed record DownloadTicket(string Url, string Rendition, long Size, long Expires);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Ticket))]
[JsonSerializable(typeof(ShareLink))]
[JsonSerializable(typeof(DownloadTicket))]
internal sealed partial class TicketJson : JsonSerializerContext;
