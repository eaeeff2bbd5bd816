using System.Globalization;
using System.Text;

namespace IngestVideo.Publishing;

/// <summary>Writes the playlist of one rendition (RFC 8216, section 4.3.3).</summary>
public static class MediaPlaylistWriter
{
    public const string Name = "playlist.m3u8";

    /// <summary>Writes the playlist of a rendition that is complete.</summary>
    /// <param name="segments">At least one.</param>
    /// <param name="initSection">The file name of the init section of fragmented MP4, or null.</param>
    /// <param name="iFramesOnly">Every segment is one picture.</param>
    public static string Write(IReadOnlyList<MediaSegment> segments, string? initSection, bool iFramesOnly = false)
    {
        var tags = iFramesOnly ? "#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-I-FRAMES-ONLY\n" : "#EXT-X-PLAYLIST-TYPE:VOD\n";
        return Write(segments, initSection, leastVersion: iFramesOnly ? 4 : 3, TargetDuration(segments), tags, isComplete: true);
    }

    /// <summary>Writes the playlist of a rendition that grows.</summary>
    /// <param name="segments">At least one.</param>
    /// <param name="initSection">The file name of the init section of fragmented MP4, or null.</param>
    /// <param name="targetDuration">The longest that any segment will be, rounded to whole seconds.</param>
    /// <param name="isComplete">No segment will follow.</param>
    public static string WriteEvent(IReadOnlyList<MediaSegment> segments, string? initSection, int targetDuration, bool isComplete) =>
        Write(segments, initSection, leastVersion: 3, targetDuration, $"#EXT-X-PLAYLIST-TYPE:EVENT\n{FromStart}", isComplete);

    /// <summary>Players would otherwise begin near the end of what grows. Zero is ignored by some (shaka-player 5.2).</summary>
    internal const string FromStart = "#EXT-X-START:TIME-OFFSET=0.01,PRECISE=YES\n";

    private static string Write(IReadOnlyList<MediaSegment> segments, string? initSection, int leastVersion, int targetDuration, string tags, bool isComplete)
    {
        var text = new StringBuilder("#EXTM3U\n");
        text.Append(CultureInfo.InvariantCulture, $"#EXT-X-VERSION:{(initSection is not null ? 6 : leastVersion)}\n");
        text.Append(CultureInfo.InvariantCulture, $"#EXT-X-TARGETDURATION:{targetDuration}\n");
        text.Append("#EXT-X-MEDIA-SEQUENCE:0\n").Append(tags);
        if (initSection is not null)
            text.Append(CultureInfo.InvariantCulture, $"#EXT-X-MAP:URI=\"{initSection}\"\n");
        foreach (var segment in segments)
            text.Append(CultureInfo.InvariantCulture, $"#EXTINF:{segment.Seconds:0.000000},\n{segment.Name}\n");
        return text.Append(isComplete ? "#EXT-X-ENDLIST\n" : "").ToString();
    }

    /// <summary>The longest segment, rounded to whole seconds (RFC 8216, 4.3.3.1), at least one.</summary>
    public static int TargetDuration(IReadOnlyList<MediaSegment> segments) =>
        segments.Count == 0 ? 1 : Math.Max(1, (int)Math.Round(segments.Max(segment => segment.Seconds), MidpointRounding.AwayFromZero));
}
