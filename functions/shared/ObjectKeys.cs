using System.Globalization;

namespace Reelseal;

/// <summary>Names the objects in the store. It is the contract between the functions, in which a key is a URL's path as well.</summary>
public static class ObjectKeys
{
    /// <summary>Everything that a signed URL can open.</summary>
    public const string VideosPrefix = "videos/";

    public const string StatusPrefix = "status/";

    /// <summary>The order of the videos: an empty object for each.</summary>
    public const string ListingPrefix = "listing/";

    /// <summary>Sources on their way in.</summary>
    public const string UploadsPrefix = "uploads/";

    /// <summary>Callbacks that are not delivered yet.</summary>
    public const string CallbacksPrefix = "callbacks/";

    /// <summary>Files to keep. A viewer's signature, which covers <see cref="VideosPrefix"/>, does not open them.</summary>
    public const string DownloadsPrefix = "downloads/";

    /// <summary>What replicas that work on one video hand to each other.</summary>
    public const string WorkPrefix = "work/";

    /// <summary>Which tickets and tokens are no longer accepted.</summary>
    public const string RevocationsPrefix = "revocations/";

    /// <summary>The manifest of an attempt, in its folder.</summary>
    public const string ManifestName = "manifest.json";

    /// <summary>A playlist that always exists and that every function may read: while it cannot be read, nothing that S3 denies counts as missing.</summary>
    public const string HealthCheck = VideosPrefix + "health.m3u8";

    /// <summary>Rewritten after each revocation, so that replicas notice; also what always exists beside the other revocations.</summary>
    public const string LatestRevocation = RevocationsPrefix + "latest.json";

    /// <summary>The folder of everything that players can see of a video.</summary>
    public static string Video(VideoId video) => $"{VideosPrefix}{video}/";

    /// <summary>The playlist whose appearance makes a video exist.</summary>
    public static string Multivariant(VideoId video) => $"{VideosPrefix}{video}/multivariant.m3u8";

    /// <summary>The folder of everything that one attempt at a video writes.</summary>
    public static string Attempt(VideoId video, string attempt) => $"{VideosPrefix}{video}/{attempt}/";

    /// <summary>Lists what a complete attempt consists of.</summary>
    public static string Manifest(VideoId video, string attempt) => Attempt(video, attempt) + ManifestName;

    /// <summary>The state and progress of a video.</summary>
    public static string Status(VideoId video) => $"{StatusPrefix}{video}.json";

    /// <summary>The place of a video in the list of all: the time, counted backwards so that the newest comes first, and the id.</summary>
    public static string Listing(VideoId video, DateTimeOffset created) =>
        string.Create(CultureInfo.InvariantCulture, $"{ListingPrefix}{long.MaxValue - created.UtcTicks:d19}.{video}");

    /// <summary>A source that was uploaded straight to the store.</summary>
    public static string Upload(VideoId video) => $"{UploadsPrefix}{video}";

    /// <summary>The state of its upload in parts.</summary>
    public static string UploadManifest(VideoId video) => $"{UploadsPrefix}{video}.json";

    /// <summary>A callback that is not delivered yet.</summary>
    /// <param name="id">Its id, which begins with the video's and a full stop.</param>
    public static string Callback(string id) => $"{CallbacksPrefix}{id}.json";

    /// <summary>The id of a callback's key.</summary>
    public static string CallbackIdIn(string key) => Path.GetFileNameWithoutExtension(key);

    /// <summary>The folder of a video's files to keep.</summary>
    public static string Downloads(VideoId video) => $"{DownloadsPrefix}{video}/";

    /// <summary>The folder of the files to keep that one attempt at a video makes.</summary>
    public static string Downloads(VideoId video, string attempt) => $"{DownloadsPrefix}{video}/{attempt}/";

    /// <summary>A rendition as a file to keep.</summary>
    public static string Download(VideoId video, string attempt, string rendition) => $"{Downloads(video, attempt)}{rendition}.mp4";

    /// <summary>The folder of what replicas hand to each other for a video.</summary>
    public static string Work(VideoId video) => $"{WorkPrefix}{video}/";

    /// <summary>The part of it that belongs to one plan for the video.</summary>
    /// <param name="video">The video.</param>
    /// <param name="planHash">Covers everything on which the result depends.</param>
    public static string Work(VideoId video, string planHash) => $"{Work(video)}{planHash}/";

    /// <summary>The epoch of a video: proofs of an earlier one are no longer accepted.</summary>
    public static string Revocation(VideoId video) => $"{RevocationsPrefix}{video}.json";

    /// <summary>Whether a token is refused.</summary>
    /// <param name="digest">The digest of its <c>jti</c>.</param>
    public static string RevokedToken(string digest) => $"{RevocationsPrefix}tokens/{digest}.json";

    /// <summary>Whether all tokens of a user are refused.</summary>
    /// <param name="digest">The digest of their <c>sub</c>.</param>
    public static string RevokedSubject(string digest) => $"{RevocationsPrefix}subjects/{digest}.json";

    /// <summary>The object that shows whether a key's neighbours can be read at all; null for the one that shows it for all.</summary>
    public static string? WitnessOf(string key) => key switch
    {
        HealthCheck => null,
        LatestRevocation => HealthCheck,
        _ => key.StartsWith(RevocationsPrefix, StringComparison.Ordinal) ? LatestRevocation : HealthCheck,
    };
}
