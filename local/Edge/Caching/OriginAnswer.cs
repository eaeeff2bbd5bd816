using Microsoft.Net.Http.Headers;

namespace Reelseal.Local.Edge.Caching;

/// <summary>An answer of the origin, whole.</summary>
/// <param name="Status">The status code.</param>
/// <param name="Headers">The headers, without those of the connection.</param>
/// <param name="Body">The body, in the encoding that the headers name.</param>
internal sealed record OriginAnswer(int Status, IReadOnlyList<KeyValuePair<string, string[]>> Headers, byte[] Body)
{
    /// <summary>How long CloudFront keeps an error that does not mention caching: the <c>ErrorCachingMinTTL</c> that <c>infra</c> sets.</summary>
    public static readonly TimeSpan ErrorFreshness = TimeSpan.FromSeconds(5);

    public string? ETag => Header(HeaderNames.ETag);

    /// <summary>How long it may be served again without asking the origin (min TTL 0, default TTL 0).</summary>
    /// <remarks>
    /// <see href="https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html"/>: 404 and 414 are kept for a while unless they
    /// forbid it, other 4xx only when they say so; for 5xx <c>infra</c> sets no time.
    /// </remarks>
    public TimeSpan Freshness => Status switch
    {
        404 or 414 => ForbidsKeeping ? TimeSpan.Zero : StatedFreshness > ErrorFreshness ? StatedFreshness : ErrorFreshness,
        >= 500 => TimeSpan.Zero,
        _ => ForbidsKeeping ? TimeSpan.Zero : StatedFreshness,
    };

    private CacheControlHeaderValue Control =>
        CacheControlHeaderValue.TryParse(Header(HeaderNames.CacheControl) ?? "", out var control) && control is not null ? control : new();

    private bool ForbidsKeeping => Control is { NoStore: true } or { NoCache: true } or { Private: true };

    private TimeSpan StatedFreshness => Control.SharedMaxAge ?? Control.MaxAge ?? TimeSpan.Zero;

    private string? Header(string name) =>
        Headers.FirstOrDefault(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value is { } values ? string.Join(", ", values) : null;
}
