namespace Reelseal.Playlists;

/// <summary>A playlist of HLS as its text says it (RFC 8216). Fields bear the names of their tags and attributes; URIs are as written, not resolved.</summary>
public abstract record Playlist
{
    /// <summary>EXT-X-VERSION; 1 where it is missing (RFC 8216, 7).</summary>
    public int Version { get; init; } = 1;

    /// <summary>EXT-X-INDEPENDENT-SEGMENTS: every segment can be decoded without another.</summary>
    public bool IndependentSegments { get; init; }

    /// <summary>EXT-X-START, or null.</summary>
    public Start? Start { get; init; }

    /// <summary>Reads a playlist of either kind. One that names nothing is a media playlist without segments.</summary>
    /// <exception cref="FormatException">It is not a playlist.</exception>
    public static Playlist Read(string text) =>
        PlaylistLine.Split(text).Any(line => MultivariantPlaylist.Owns(line.Tag)) ? MultivariantPlaylist.Read(text) : MediaPlaylist.Read(text);

    /// <summary>
    /// Reads a tag that both kinds may have; returns the playlist unchanged for any other tag (RFC 8216, 6.3.1: a client ignores what it does not know).
    /// </summary>
    private protected T WithCommonTag<T>(PlaylistLine line) where T : Playlist => (T)(line.Tag switch
    {
        "EXT-X-VERSION" => this with { Version = line.Integer() },
        "EXT-X-INDEPENDENT-SEGMENTS" => this with { IndependentSegments = true },
        "EXT-X-START" => this with { Start = Playlists.Start.Read(line.Attributes()) },
        _ => this,
    });
}

/// <summary>EXT-X-START: where a player should begin.</summary>
/// <param name="TimeOffset">Seconds from the beginning; negative from the end.</param>
/// <param name="Precise">Begin exactly there rather than at the segment's beginning.</param>
public sealed record Start(double TimeOffset, bool Precise)
{
    internal static Start Read(AttributeList attributes) => new(attributes.Decimal("TIME-OFFSET"), attributes.Flag("PRECISE"));
}
