namespace Reelseal.Infra;

/// <summary>The one object that sign-playlist must always be able to read.</summary>
/// <remarks>
/// Without the right to list, S3 answers AccessDenied both for a missing key and for a lost permission (S3 API Reference, "GetObject"). While this object can
/// be read, AccessDenied means missing; when it cannot, the permission is lost.
/// </remarks>
public static class HealthObject
{
    public const string Key = ObjectKeys.HealthCheck;

    /// <summary>A playlist without segments. Its first line is all that RFC 8216 asks of a playlist.</summary>
    public const string Content = "#EXTM3U\n";

    /// <summary>Unlike a video, it may change with a new version.</summary>
    public const string CacheControl = "no-cache";
}
