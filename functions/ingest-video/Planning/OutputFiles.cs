using IngestVideo.Media;

namespace IngestVideo.Planning;

/// <summary>
/// Names the files of a workspace's output folder: written by ffmpeg, read by the publishers. No name holds anything that would need escaping.
/// </summary>
internal static class OutputFiles
{
    /// <summary>ffmpeg's playlist of a rendition, in the rendition's folder. It is read for the durations of the segments, and not published.</summary>
    public const string Playlist = "playlist.m3u8";

    /// <summary>The init section of fragmented MP4, in the rendition's folder.</summary>
    public const string InitSection = "init.mp4";

    /// <summary>The init section's name as a media playlist has it; null where the format needs none.</summary>
    public static string? InitSectionOf(SegmentFormat format) => format == SegmentFormat.FragmentedMp4 ? InitSection : null;

    public const string Poster = "poster.jpg";

    /// <summary>The keyframes that the poster and the storyboard are made of: transport streams, which can be put together byte by byte.</summary>
    public const string PosterFrames = "poster.ts", StoryboardFrames = "storyboard.ts";

    /// <summary>The names of the storyboard's sprites, as ffmpeg's image muxer and <see cref="Sprite"/> count them.</summary>
    public const string SpritePattern = "storyboard-%03d.jpg";

    /// <param name="index">From 0.</param>
    public static string Sprite(int index) => FormattableString.Invariant($"storyboard-{index:000}.jpg");

    /// <summary>A rendition's segments in one piece, and the file to keep that is made of it.</summary>
    public static string Joined(Rendition rendition) => rendition.Name + ".joined";

    /// <inheritdoc cref="Joined"/>
    public static string Download(Rendition rendition) => rendition.Name + ".mp4";

    /// <summary>The times of a rendition's packets, of which a chunk is checked; as ffmpeg's <c>framecrc</c> muxer lists them.</summary>
    public static string PacketList(Rendition rendition) => rendition.Name + ".packets";

    public static string SubtitleFile(SubtitleRendition rendition) => rendition.Name + ".vtt";

    /// <summary>How much of a sound was decoded: a byte for each hundredth of a second, and nothing where it has gaps.</summary>
    public static string DecodedSound(AudioRendition rendition) => rendition.Name + ".u8";

    /// <summary>Bytes a second of <see cref="DecodedSound"/>.</summary>
    public const int DecodedSoundRate = 100;

    public static string SegmentExtension(SegmentFormat format) => format == SegmentFormat.MpegTs ? ".ts" : ".m4s";

    /// <summary>The names of a rendition's segments, as ffmpeg's HLS muxer counts them.</summary>
    public static string SegmentPattern(Rendition rendition, SegmentFormat format) => $"{rendition.Name}/%05d{SegmentExtension(format)}";

    /// <summary>The name of a segment, as <see cref="SegmentPattern"/> counts them.</summary>
    /// <param name="index">From 0.</param>
    /// <param name="format">The format.</param>
    public static string Segment(int index, SegmentFormat format) => FormattableString.Invariant($"{index:00000}{SegmentExtension(format)}");
}
