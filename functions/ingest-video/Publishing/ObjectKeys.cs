using Reelseal;

namespace IngestVideo.Publishing;

/// <summary>Where objects live: the contract with sign-playlist, in which a key is a URL's path.</summary>
public static class ObjectKeys
{
    public const string StatusPrefix = "status/";

    public static string Status(VideoId video) => $"{StatusPrefix}{video}.json";

    /// <summary>Everything that players can see of a video.</summary>
    public static string Video(VideoId video) => $"videos/{video}/";

    /// <summary>The playlist whose appearance makes a video exist.</summary>
    public static string Multivariant(VideoId video) => $"videos/{video}/multivariant.m3u8";

    /// <summary>Everything that one attempt at a video writes.</summary>
    public static string Attempt(VideoId video, string attempt) => $"videos/{video}/{attempt}/";

    /// <summary>A source that was uploaded straight to the store.</summary>
    public static string Upload(VideoId video) => $"uploads/{video}";

    /// <summary>What is remembered of its upload in parts.</summary>
    public static string UploadManifest(VideoId video) => $"uploads/{video}.json";
}
