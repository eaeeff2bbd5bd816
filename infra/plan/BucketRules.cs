using System.Collections.Immutable;

namespace Reelseal.Infra;

/// <summary>What the bucket does by itself.</summary>
public static class BucketRules
{
    /// <summary>Parts of an upload that nobody completed cost money and are listed nowhere.</summary>
    public static readonly LifecycleRule AbandonedParts = new("abandoned-parts", Prefix: "", AbortUploadsAfterDays: 1);

    /// <summary>A source is removed once it is ingested; what is still there after a week will not be.</summary>
    public static readonly LifecycleRule ForgottenUploads = new("forgotten-uploads", Prefix: "uploads/", ExpireAfterDays: 7);

    public static readonly ImmutableArray<LifecycleRule> Lifecycle = [AbandonedParts, ForgottenUploads];

    /// <summary>Lets pages of these origins send parts to presigned URLs, and read the ETag that completes the upload. Playing needs no rule: it comes through CloudFront.</summary>
    public static CorsRule Uploads(IEnumerable<string> origins) => new(
        AllowedMethods: ["PUT"],
        AllowedOrigins: [.. origins.Distinct(StringComparer.Ordinal)],
        AllowedHeaders: ["*"],
        ExposeHeaders: ["ETag"],
        MaxAge: TimeSpan.FromHours(1));
}

/// <summary>Something that S3 does to objects as they age.</summary>
/// <param name="Id">The rule's name.</param>
/// <param name="Prefix">The keys that it is about; empty for all.</param>
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
