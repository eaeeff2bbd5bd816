using System.Collections.Immutable;

namespace Reelseal.Infra;

/// <summary>The bucket's own rules: lifecycle and CORS.</summary>
public static class BucketRules
{
    /// <summary>Parts of an upload that nobody completed cost money, and no listing of objects shows them.</summary>
    public static readonly LifecycleRule AbandonedParts = new("abandoned-parts", Prefix: "", AbortUploadsAfterDays: 1);

    /// <summary>A source is removed once it is ingested; one that is still there after a week never will be.</summary>
    public static readonly LifecycleRule ForgottenUploads = new("forgotten-uploads", Prefix: "uploads/", ExpireAfterDays: 7);

    /// <summary>Pieces of a source on their way between replicas are removed at the end; a day outlives every ingest.</summary>
    public static readonly LifecycleRule ForgottenWork = new("forgotten-work", Prefix: "work/", ExpireAfterDays: 1);

    /// <summary>A callback is delivered or given up within hours, unless no replica runs; a day later nobody wants to know.</summary>
    public static readonly LifecycleRule ForgottenCallbacks = new("forgotten-callbacks", Prefix: "callbacks/", ExpireAfterDays: 1);

    /// <summary>
    /// All rules. <c>videos/</c> and <c>downloads/</c> never expire: they go when their video is deleted. <c>revocations/</c> must not expire either.
    /// </summary>
    public static readonly ImmutableArray<LifecycleRule> Lifecycle = [AbandonedParts, ForgottenUploads, ForgottenWork, ForgottenCallbacks];

    /// <summary>Lets pages of these origins send parts to presigned URLs, and read the ETag that completes the upload.</summary>
    public static CorsRule Uploads(IEnumerable<string> origins) => new(
        AllowedMethods: ["PUT"],
        AllowedOrigins: [.. origins.Distinct(StringComparer.Ordinal)],
        AllowedHeaders: ["*"],
        ExposeHeaders: ["ETag"],
        MaxAge: TimeSpan.FromHours(1));

    /// <summary>
    /// Answers preflights of pages that play: CloudFront passes OPTIONS on to the bucket, which refuses it without a rule. The headers of GET and HEAD come
    /// from the distribution all the same (<see cref="PlaybackCors"/>).
    /// </summary>
    public static CorsRule Playback(PlaybackCors cors) => new(
        AllowedMethods: ["GET", "HEAD"],
        AllowedOrigins: cors.Origins,
        AllowedHeaders: ["*"],
        ExposeHeaders: PlaybackCors.ExposedHeaders,
        MaxAge: PlaybackCors.MaxAge);
}

/// <summary>Something that S3 does to objects as they age.</summary>
/// <param name="Id">The rule's name.</param>
/// <param name="Prefix">The keys that it applies to; empty for all.</param>
/// <param name="AbortUploadsAfterDays">When unfinished multipart uploads are aborted, or null.</param>
/// <param name="ExpireAfterDays">When objects are deleted, or null.</param>
public sealed record LifecycleRule(string Id, string Prefix, int? AbortUploadsAfterDays = null, int? ExpireAfterDays = null);

/// <summary>Which pages may send what (S3 User Guide, "Using cross-origin resource sharing").</summary>
public sealed record CorsRule(
    ImmutableArray<string> AllowedMethods,
    ImmutableArray<string> AllowedOrigins,
    ImmutableArray<string> AllowedHeaders,
    ImmutableArray<string> ExposeHeaders,
    TimeSpan MaxAge);

/// <summary>The CORS headers that the distribution puts on every answer, in place of the origin's.</summary>
/// <param name="Origins">The pages that may read answers; <c>*</c> for any.</param>
/// <param name="Credentials">Whether they may send cookies, which needs the origins to be named (Fetch Standard, "CORS protocol and credentials").</param>
public sealed record PlaybackCors(ImmutableArray<string> Origins, bool Credentials)
{
    public static readonly ImmutableArray<string> Methods = ["GET", "HEAD", "OPTIONS"];

    public static readonly ImmutableArray<string> ExposedHeaders = ["Content-Length", "Content-Range", "Date", "ETag"];

    public static readonly TimeSpan MaxAge = TimeSpan.FromDays(1);

    public static PlaybackCors For(ImmutableArray<string> origins) => origins is [] ? new(["*"], Credentials: false) : new(origins, Credentials: true);
}
