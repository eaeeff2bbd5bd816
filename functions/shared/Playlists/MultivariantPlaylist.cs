namespace Reelseal.Playlists;

/// <summary>The playlist that players start from (RFC 8216, 4.3.4).</summary>
public sealed record MultivariantPlaylist : Playlist
{
    /// <summary>EXT-X-MEDIA, in the order of the text.</summary>
    public IReadOnlyList<Media> Media { get; init; } = [];

    /// <summary>EXT-X-STREAM-INF with the URI line that follows it.</summary>
    public IReadOnlyList<StreamInf> StreamInf { get; init; } = [];

    /// <summary>EXT-X-I-FRAME-STREAM-INF.</summary>
    public IReadOnlyList<IFrameStreamInf> IFrameStreamInf { get; init; } = [];

    /// <summary>The URIs of all media playlists, in no particular order, each once.</summary>
    public IEnumerable<string> Uris =>
        StreamInf.Select(variant => variant.Uri)
            .Concat(Media.Select(media => media.Uri).OfType<string>())
            .Concat(IFrameStreamInf.Select(frames => frames.Uri))
            .Distinct(StringComparer.Ordinal);

    /// <exception cref="FormatException">It is not a multivariant playlist.</exception>
    public static new MultivariantPlaylist Read(string text)
    {
        var playlist = new MultivariantPlaylist();
        var (media, variants, frames) = (new List<Media>(), new List<StreamInf>(), new List<IFrameStreamInf>());
        AttributeList? variant = null;
        foreach (var line in PlaylistLine.Split(text))
        {
            switch (line.Tag)
            {
                case null:
                    variants.Add(Playlists.StreamInf.Read(variant ?? throw new FormatException($"No EXT-X-STREAM-INF comes before {line.Value}."), line.Value));
                    variant = null;
                    break;
                case "EXT-X-STREAM-INF":
                    variant = line.Attributes();
                    break;
                case "EXT-X-MEDIA":
                    media.Add(Playlists.Media.Read(line.Attributes()));
                    break;
                case "EXT-X-I-FRAME-STREAM-INF":
                    frames.Add(Playlists.IFrameStreamInf.Read(line.Attributes()));
                    break;
                case var tag when MediaPlaylist.Owns(tag):
                    throw new FormatException($"{tag} belongs into a media playlist."); // RFC 8216, 4.1: never both
                default:
                    playlist = playlist.WithCommonTag<MultivariantPlaylist>(line);
                    break;
            }
        }
        if (variant is not null)
            throw new FormatException("No URI follows the last EXT-X-STREAM-INF.");
        return playlist with { Media = media, StreamInf = variants, IFrameStreamInf = frames };
    }

    /// <summary>Whether a tag can only be in a multivariant playlist.</summary>
    internal static bool Owns(string? tag) =>
        tag is "EXT-X-MEDIA" or "EXT-X-STREAM-INF" or "EXT-X-I-FRAME-STREAM-INF" or "EXT-X-SESSION-DATA" or "EXT-X-SESSION-KEY";
}

/// <summary>EXT-X-MEDIA: an audio or subtitle rendition.</summary>
/// <param name="Type"><c>AUDIO</c>, <c>VIDEO</c>, <c>SUBTITLES</c> or <c>CLOSED-CAPTIONS</c>.</param>
/// <param name="GroupId">The group that variant streams refer to.</param>
/// <param name="Name">The name in a player's menu.</param>
public sealed record Media(string Type, string GroupId, string Name)
{
    /// <summary>A language tag (RFC 5646), or null.</summary>
    public string? Language { get; init; }

    /// <summary>Its media playlist; null where it is part of the variant streams.</summary>
    public string? Uri { get; init; }

    public bool Default { get; init; }
    public bool Autoselect { get; init; }
    public bool Forced { get; init; }
    public string? Channels { get; init; }

    internal static Media Read(AttributeList attributes) => new(attributes.Required("TYPE"), attributes.Required("GROUP-ID"), attributes.Required("NAME"))
    {
        Language = attributes.Text("LANGUAGE"),
        Uri = attributes.Text("URI"),
        Default = attributes.Flag("DEFAULT"),
        Autoselect = attributes.Flag("AUTOSELECT"),
        Forced = attributes.Flag("FORCED"),
        Channels = attributes.Text("CHANNELS"),
    };
}

/// <summary>EXT-X-STREAM-INF: a variant stream.</summary>
/// <param name="Bandwidth">The peak, in bits per second.</param>
/// <param name="Uri">Its media playlist.</param>
public sealed record StreamInf(long Bandwidth, string Uri)
{
    /// <summary>In bits per second.</summary>
    public long? AverageBandwidth { get; init; }

    /// <summary>Separated by commas (RFC 6381).</summary>
    public string? Codecs { get; init; }

    /// <summary>Width and height, as in <c>1280x720</c>.</summary>
    public string? Resolution { get; init; }

    public double? FrameRate { get; init; }
    public string? VideoRange { get; init; }

    /// <summary>The GROUP-ID of its audio renditions.</summary>
    public string? Audio { get; init; }

    /// <summary>The GROUP-ID of its subtitles.</summary>
    public string? Subtitles { get; init; }

    internal static StreamInf Read(AttributeList attributes, string uri) => new(
        attributes.Integer("BANDWIDTH") ?? throw new FormatException("EXT-X-STREAM-INF has no BANDWIDTH."), uri)
    {
        AverageBandwidth = attributes.Integer("AVERAGE-BANDWIDTH"),
        Codecs = attributes.Text("CODECS"),
        Resolution = attributes.Text("RESOLUTION"),
        FrameRate = attributes.OptionalDecimal("FRAME-RATE"),
        VideoRange = attributes.Text("VIDEO-RANGE"),
        Audio = attributes.Text("AUDIO"),
        Subtitles = attributes.Text("SUBTITLES"),
    };
}

/// <summary>EXT-X-I-FRAME-STREAM-INF: the keyframes of a rendition.</summary>
/// <param name="Bandwidth">The peak, in bits per second.</param>
/// <param name="Uri">Its media playlist.</param>
public sealed record IFrameStreamInf(long Bandwidth, string Uri)
{
    /// <summary>In bits per second.</summary>
    public long? AverageBandwidth { get; init; }
    public string? Codecs { get; init; }
    public string? Resolution { get; init; }

    internal static IFrameStreamInf Read(AttributeList attributes) =>
        new(attributes.Integer("BANDWIDTH") ?? throw new FormatException("EXT-X-I-FRAME-STREAM-INF has no BANDWIDTH."), attributes.Required("URI"))
        {
            AverageBandwidth = attributes.Integer("AVERAGE-BANDWIDTH"),
            Codecs = attributes.Text("CODECS"),
            Resolution = attributes.Text("RESOLUTION"),
        };
}
