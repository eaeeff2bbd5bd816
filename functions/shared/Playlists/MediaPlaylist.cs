using System.Globalization;

namespace Reelseal.Playlists;

/// <summary>The playlist of one rendition (RFC 8216, 4.3.3).</summary>
public sealed record MediaPlaylist : Playlist
{
    /// <summary>EXT-X-TARGETDURATION in seconds; 0 where it is missing.</summary>
    public int TargetDuration { get; init; }

    /// <summary>EXT-X-MEDIA-SEQUENCE: the number of the first segment.</summary>
    public long MediaSequence { get; init; }

    /// <summary>EXT-X-PLAYLIST-TYPE: <c>VOD</c>, <c>EVENT</c>, or null.</summary>
    public string? PlaylistType { get; init; }

    /// <summary>EXT-X-I-FRAMES-ONLY: each segment is one picture.</summary>
    public bool IFramesOnly { get; init; }

    /// <summary>EXT-X-ENDLIST: no segment will be added.</summary>
    public bool EndList { get; init; }

    public IReadOnlyList<Segment> Segments { get; init; } = [];

    /// <summary>The URIs of all init sections and segments, each once.</summary>
    public IEnumerable<string> Uris => Segments.SelectMany(segment => (string?[])[segment.Map, segment.Uri]).OfType<string>().Distinct(StringComparer.Ordinal);

    /// <exception cref="FormatException">It is not a media playlist.</exception>
    public static new MediaPlaylist Read(string text)
    {
        var playlist = new MediaPlaylist();
        var segments = new List<Segment>();
        (double Duration, string Title)? inf = null;
        string? map = null;
        var discontinuity = false;
        foreach (var line in PlaylistLine.Split(text))
        {
            switch (line.Tag)
            {
                case null:
                    var (duration, title) = inf ?? throw new FormatException($"No EXTINF comes before {line.Value}.");
                    segments.Add(new(duration, line.Value) { Title = title, Map = map, Discontinuity = discontinuity });
                    (inf, discontinuity) = (null, false);
                    break;
                case "EXTINF":
                    inf = ReadInf(line);
                    break;
                case "EXT-X-MAP":
                    map = line.Attributes().Required("URI");
                    break;
                case "EXT-X-DISCONTINUITY":
                    discontinuity = true;
                    break;
                case "EXT-X-TARGETDURATION":
                    playlist = playlist with { TargetDuration = line.Integer() };
                    break;
                case "EXT-X-MEDIA-SEQUENCE":
                    playlist = playlist with { MediaSequence = line.LongInteger() };
                    break;
                case "EXT-X-PLAYLIST-TYPE":
                    playlist = playlist with { PlaylistType = line.Value is "VOD" or "EVENT" ? line.Value : throw line.Malformed() };
                    break;
                case "EXT-X-I-FRAMES-ONLY":
                    playlist = playlist with { IFramesOnly = true };
                    break;
                case "EXT-X-ENDLIST":
                    playlist = playlist with { EndList = true };
                    break;
                case var tag when MultivariantPlaylist.Owns(tag):
                    throw new FormatException($"{tag} belongs into a multivariant playlist."); // RFC 8216, 4.1: never both
                default:
                    playlist = playlist.WithCommonTag<MediaPlaylist>(line);
                    break;
            }
        }
        return inf is null ? playlist with { Segments = segments } : throw new FormatException("No URI follows the last EXTINF.");
    }

    /// <summary>Whether a tag can only be in a media playlist.</summary>
    internal static bool Owns(string? tag) =>
        tag is "EXTINF" or "EXT-X-MAP" or "EXT-X-TARGETDURATION" or "EXT-X-MEDIA-SEQUENCE"
            or "EXT-X-PLAYLIST-TYPE" or "EXT-X-I-FRAMES-ONLY" or "EXT-X-ENDLIST" or "EXT-X-DISCONTINUITY"
            or "EXT-X-BYTERANGE" or "EXT-X-KEY";

    private static (double Duration, string Title) ReadInf(PlaylistLine line)
    {
        var comma = line.Value.IndexOf(',');
        var number = comma < 0 ? line.Value : line.Value[..comma];
        return double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var duration) && double.IsFinite(duration)
            ? (duration, comma < 0 ? "" : line.Value[(comma + 1)..]) : throw line.Malformed();
    }
}

/// <summary>EXTINF with the URI line that follows it.</summary>
/// <param name="Duration">In seconds.</param>
/// <param name="Uri">Where it is.</param>
public sealed record Segment(double Duration, string Uri)
{
    public string Title { get; init; } = "";

    /// <summary>EXT-X-MAP: the URI of its init section, or null.</summary>
    public string? Map { get; init; }

    /// <summary>EXT-X-DISCONTINUITY: the segment does not go on where the one before it ended.</summary>
    public bool Discontinuity { get; init; }
}
