namespace Reelseal.Storage;

/// <summary>The headers that an object is stored and served with. They follow from its key, so that both stores agree.</summary>
/// <param name="ContentType">The media type.</param>
/// <param name="CacheControl">How long a player and CloudFront may keep it.</param>
public readonly record struct ObjectHeaders(string ContentType, string CacheControl)
{
    public static ObjectHeaders For(string key) => new(
        Path.GetExtension(key) switch
        {
            ".m3u8" => "application/vnd.apple.mpegurl",
            ".ts" => "video/mp2t",
            ".m4s" or ".mp4" => "video/mp4",
            ".vtt" => "text/vtt; charset=utf-8",
            ".jpg" => "image/jpeg",
            ".json" => "application/json",
            ".html" => "text/html; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".svg" => "image/svg+xml",
            _ => "application/octet-stream",
        },
        // A published video never changes: each attempt writes under its own prefix. The rest is read afresh.
        key.StartsWith(ObjectKeys.VideosPrefix, StringComparison.Ordinal) || key.StartsWith(ObjectKeys.DownloadsPrefix, StringComparison.Ordinal)
            ? "public, max-age=31536000, immutable" : "no-cache");
}
