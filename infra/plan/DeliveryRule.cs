using System.Collections.Immutable;

namespace Reelseal.Infra;

/// <summary>Where the distribution fetches from.</summary>
public enum DeliveryOrigin
{
    /// <summary>The bucket, through origin access control.</summary>
    Bucket,

    /// <summary>sign-playlist, behind the function gateway.</summary>
    SignPlaylist,
}

/// <summary>A cache behaviour: which requests it takes, where they go, and whether they need a signature. The first match counts.</summary>
/// <param name="PathPattern">A path in which <c>*</c> stands for any characters, slashes included, and <c>?</c> for one; case counts.</param>
/// <param name="Origin">Where the requests go.</param>
/// <param name="NeedsSignature">Whether a URL or cookie signed with a key of the key group is needed.</param>
/// <param name="Cache">The cache policy.</param>
public sealed record DeliveryRule(string PathPattern, DeliveryOrigin Origin, bool NeedsSignature, CacheRule Cache)
{
    /// <summary>Playlists go through the function, which signs what they name.</summary>
    public static readonly DeliveryRule Playlists = new("videos/*.m3u8", DeliveryOrigin.SignPlaylist, NeedsSignature: true, CacheRule.Playlists);

    /// <summary>Files to keep, saved under the name that their URL gives them.</summary>
    public static readonly DeliveryRule Downloads = new("downloads/*", DeliveryOrigin.Bucket, NeedsSignature: true, CacheRule.Downloads);

    /// <summary>The page. Anyone may load it: it holds no secret.</summary>
    public static readonly DeliveryRule Page = new("site/*", DeliveryOrigin.Bucket, NeedsSignature: false, CacheRule.Page);

    /// <summary>The embeddable player: its module, which pages of any origin may load, and its page for a frame.</summary>
    public static readonly DeliveryRule Player = new("site/player/*", DeliveryOrigin.Bucket, NeedsSignature: false, CacheRule.Page);

    /// <summary>The page's address as people type it, without the final slash; redirected to the page.</summary>
    public static readonly DeliveryRule PageWithoutSlash = new("site", DeliveryOrigin.Bucket, NeedsSignature: false, CacheRule.Page);

    /// <summary>The bare address; redirected to the page.</summary>
    public static readonly DeliveryRule Root = new("/", DeliveryOrigin.Bucket, NeedsSignature: false, CacheRule.Page);

    /// <summary>Segments, posters, storyboards, and anything else: closed by default.</summary>
    public static readonly DeliveryRule Everything = new("*", DeliveryOrigin.Bucket, NeedsSignature: true, CacheRule.Media);

    /// <summary>The rules before the default, in the order in which they are tried.</summary>
    public static readonly ImmutableArray<DeliveryRule> Ordered = [Playlists, Downloads, Player, Page, PageWithoutSlash, Root];

    /// <summary>
    /// The origin request policy, or null for none. <c>CORS-S3Origin</c>, one of AWS's own, passes on what makes a request a CORS preflight; without it the
    /// origin answers a bare OPTIONS with an error (CloudFront Developer Guide, "Use managed origin request policies"). The page is read by itself only.
    /// </summary>
    public string? OriginRequestPolicyId => NeedsSignature ? "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf" : null;
}

/// <summary>A cache policy: by what copies differ, and how long they live.</summary>
/// <remarks>
/// The origin's <c>Cache-Control</c> decides; since the minimum is 0, <c>no-cache</c> and <c>private</c> are obeyed. The parameters are also all that the
/// origin learns of the viewer's query.
/// </remarks>
/// <param name="Name">A name for the resource.</param>
/// <param name="QueryParameters">The query parameters by which copies differ and which reach the origin. CloudFront's own are never among them.</param>
/// <param name="IsCompressed">
/// Whether gzip and br are copies of their own. It does nothing but divide the cache where nothing can be compressed: CloudFront compresses text types, and
/// neither video, audio, pictures nor <c>text/vtt</c> (Developer Guide, "File types that CloudFront compresses").
/// </param>
/// <param name="DefaultTtl">How long a copy lives if the origin does not say.</param>
/// <param name="MaxTtl">How long a copy lives whatever the origin says. It must not be zero: CloudFront then would keep no compressed copies.</param>
public sealed record CacheRule(string Name, ImmutableArray<string> QueryParameters, bool IsCompressed, TimeSpan DefaultTtl, TimeSpan MaxTtl)
{
    /// <summary>
    /// <c>until</c> is the end of a playlist's signature, <c>key</c> the key pair that made it, and <c>proof</c> vouches for both: tickets with the same end
    /// and key share a copy, others never do.
    /// </summary>
    public static readonly CacheRule Playlists =
        new("playlists", ["until", "proof", "key"], IsCompressed: true, DefaultTtl: TimeSpan.Zero, MaxTtl: TimeSpan.FromDays(7));

    /// <summary>The page is stored with <c>no-cache</c>: asked for each time, and answered with 304.</summary>
    public static readonly CacheRule Page = new("page", [], IsCompressed: true, DefaultTtl: TimeSpan.Zero, MaxTtl: TimeSpan.FromDays(365));

    /// <summary>An object's own headers say how long it lives (ObjectHeaders): a segment for a year.</summary>
    public static readonly CacheRule Media = new("media", [], IsCompressed: false, DefaultTtl: TimeSpan.Zero, MaxTtl: TimeSpan.FromDays(365));

    /// <summary>
    /// S3 answers with the <c>Content-Disposition</c> that a signed request asks for, and origin access control signs (API Reference, GetObject).
    /// </summary>
    public static readonly CacheRule Downloads = Media with { Name = "downloads", QueryParameters = ["response-content-disposition"] };
}

/// <summary>How long the distribution keeps errors.</summary>
public static class ErrorCaching
{
    /// <summary>
    /// Every status whose caching can be set, with its time (CloudFront Developer Guide, "HTTP 4xx and 5xx status codes that CloudFront caches").
    /// </summary>
    /// <remarks>
    /// A missing video may appear any moment, so a 404 lives 5 seconds at most, enough to shield the function from an insistent player. After an error of the
    /// origin, the next request asks again. Without these, CloudFront keeps each for 10 seconds.
    /// </remarks>
    public static readonly ImmutableSortedDictionary<int, TimeSpan> Times = ImmutableSortedDictionary.CreateRange(
        new[] { 400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504 }
            .Select(status => KeyValuePair.Create(status, status < 500 ? TimeSpan.FromSeconds(5) : TimeSpan.Zero)));
}
