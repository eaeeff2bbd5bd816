using Reelseal;

namespace SignPlaylist.CloudFront;

/// <summary>The CloudFront distribution: an object's URL is its address followed by the object's key.</summary>
internal sealed class Distribution
{
    public Distribution(Uri address) => Address = new Uri(address.GetLeftPart(UriPartial.Authority) + "/");

    /// <summary>Ends with a slash.</summary>
    public Uri Address { get; }

    /// <summary>The URL of an object.</summary>
    public string UrlOf(string key) => Address.OriginalString + key;

    /// <summary>The path of the folder that holds all of a video, with a slash at both ends.</summary>
    public static string FolderOf(VideoId video) => "/" + ObjectKeys.Video(video);

    /// <summary>Everything of a video, with any query: a <c>*</c> at the very end of a resource covers that too.</summary>
    public string ResourceFor(VideoId video) => UrlOf(ObjectKeys.Video(video) + "*");
}
