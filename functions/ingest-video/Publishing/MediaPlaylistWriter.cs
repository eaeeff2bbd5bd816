using System.Globalization;
using System.Text;

namespace IngestVideo.Publishing;

/// <summary>Writes the playlist of one rendition (RFC 8216, section 4.3.3).</summary>
public static class MediaPlaylistWriter
{
    public const string Name = "playlist.m3u8";

    /// <param name="segments">At least one.</param>
    /// <param name="initSection">The file name of the init section of fragmented MP4, or null.</param>
    /// <param name="iFramesOnly">Every segment is one picture.</param>
    public static string Write(IReadOnlyList<MediaSegment> segments, string? initSection, bool iFramesOnly = false)
    {
        var text = new StringBuilder("#EXTM3U\n");
        text.Append(CultureInfo.InvariantCulture, $"#EXT-X-VERSION:{(initSection is not null ? 6 : iFramesOnly ? 4 : 3)}\n");
        text.Append(CultureInfo.InvariantCulture, $"#EXT-X-TARGETDURATION:{TargetDuration(segments)}\n");
        text.Append("#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n");
        if (iFramesOnly)
            text.Append("#EXT-X-I-FRAMES-ONLY\n");
        if (initSection is not null)
            text.Append(CultureInfo.InvariantCulture, $"#EXT-X-MAP:URI=\"{initSection}\"\n");
        foreach (var segment in segments)
            text.Append(CultureInfo.InvariantCulture, $"#EXTINF:{segment.Seconds:0.000000},\n{segment.Name}\n");
        return text.Append("#EXT-X-ENDLIST\n").ToString();
    }

    /// <summary>The longest segment, rounded to whole seconds (RFC 8216, 4.3.3.1), at least one.</summary>
    public static int TargetDuration(IReadOnlyList<MediaSegment> segments) =>
        segments.Count == 0 ? 1 : Math.Max(1, (int)Math.Round(segments.Max(segment => segment.Seconds), MidpointRounding.AwayFromZero));
}
