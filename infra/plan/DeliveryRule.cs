using System.Collections.Immutable;

namespace Reelseal.Infra;

/// <summary>Where the distribution gets what it serves.</summary>
public enum DeliveryOrigin
{
    /// <summary>The bucket, through origin access control.</summary>
    Bucket,

    /// <summary>sign-playlist, behind the function gateway.</summary>
    SignPlaylist,
}

/// <summary>A cache behaviour: which requests it takes, where they go, and whether they need a signature. The first that matches counts.</summary>
/// <param name="PathPattern">A path in which <c>*</c> is any run of characters, slashes too, and <c>?</c> one; case counts.</param>
/// <param name="Origin">Where the requests go.</param>
/// <param name="NeedsSignature">Whether a URL or cookie signed with a key of the key group is needed.</param>
/// <param name="Cache">What may be kept, and for whom.</param>
public sealed record DeliveryRule(string PathPattern, DeliveryOrigin Origin, bool NeedsSignature, CacheRule Cache)
{
    /// <summary>Playlists go through the function, which signs what they name.</summary>
    public static readonly DeliveryRule Playlists = new("videos/*.m3u8", DeliveryOrigin.SignPlaylist, NeedsSignature: true, CacheRule.Playlists);

    /// <summary>The page, which anyone may load: it holds nothing.</summary>
    public static readonly DeliveryRule Page = new("site/*", DeliveryOrigin.Bucket, NeedsSignature: false, CacheRule.Objects);

    /// <summary>The bare address, which leads to the page.</summary>
    public static readonly DeliveryRule Root = new("/", DeliveryOrigin.Bucket, NeedsSignature: false, CacheRule.Objects);

    /// <summary>Segments, posters, storyboards, and whatever else is asked for: the default is the closed door.</summary>
    public static readonly DeliveryRule Everything = new("*", DeliveryOrigin.Bucket, NeedsSignature: true, CacheRule.Objects);

    /// <summary>The rules before the default, in the order in which they are tried.</summary>
    public static readonly ImmutableArray<DeliveryRule> Ordered = [Playlists, Page, Root];
}

/// <summary>A cache policy: what tells copies apart, and how long they live.</summary>
/// <remarks>
/// The origin's <c>Cache-Control</c> decides; with a least time of 0 a <c>no-cache</c> or <c>private</c> is obeyed. gzip and br are kept apart, and what a viewer
/// accepts is passed on in that normal form. The policy's parameters are also all that the origin is told of the viewer's request.
/// </remarks>
/// <param name="Name">A name for the resource.</param>
/// <param name="QueryParameters">The query parameters that tell copies apart and reach the origin. CloudFront's own are never among them.</param>
/// <param name="Otherwise">How long a copy lives whose origin did not say.</param>
/// <param name="AtMost">How long one lives whatever the origin says. It must not be zero: CloudFront then would keep no compressed copies.</param>
public sealed record CacheRule(string Name, ImmutableArray<string> QueryParameters, TimeSpan Otherwise, TimeSpan AtMost)
{
    /// <summary>A playlist's signature ends at <c>until</c>, which <c>proof</c> vouches for: two tickets with the same end share a copy, others never.</summary>
    public static readonly CacheRule Playlists = new("playlists", ["until", "proof"], Otherwise: TimeSpan.Zero, AtMost: TimeSpan.FromDays(7));

    /// <summary>An object's headers say how long it lives (ObjectHeaders): a segment for ever, the page not at all without asking.</summary>
    public static readonly CacheRule Objects = new("objects", [], Otherwise: TimeSpan.Zero, AtMost: TimeSpan.FromDays(365));
}

/// <summary>How long the distribution keeps errors.</summary>
public static class ErrorCaching
{
    /// <summary>Every error whose keeping can be set, with the time (CloudFront Developer Guide, "HTTP 4xx and 5xx status codes that CloudFront caches").</summary>
    /// <remarks>
    /// A missing video may appear any moment, so a 404 lives 5 seconds at most: enough to keep a player that insists off the function. A fault of the origin is asked
    /// again at once. Without these, CloudFront keeps each for 10 seconds.
    /// </remarks>
    public static readonly ImmutableSortedDictionary<int, TimeSpan> Times = ImmutableSortedDictionary.CreateRange(
        new[] { 400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504 }
            .Select(status => KeyValuePair.Create(status, status < 500 ? TimeSpan.FromSeconds(5) : TimeSpan.Zero)));
}
