namespace SignPlaylist.Playlists;

/// <summary>What a URI in a playlist leads to.</summary>
internal enum Target
{
    /// <summary>Nothing that is ours to sign.</summary>
    None,

    /// <summary>Another playlist, which has to be signed in its turn.</summary>
    Playlist,

    /// <summary>A segment, a part, an initialization section, a key or data.</summary>
    Media,

    /// <summary>
    /// A playlist when its path ends in <c>.m3u8</c>, media otherwise.
    /// Clients add parameters of their own to its query (<c>_HLS_pathway</c>, <c>_HLS_primary_id</c>).
    /// </summary>
    ByPath,
}

/// <summary>The attributes that hold a URI, and what it leads to.</summary>
internal static class PlaylistTags
{
    /// <summary>Starts the one tag whose URI is a line of its own (RFC 8216, section 4.3.4.2).</summary>
    public static ReadOnlySpan<byte> StreamInf => "#EXT-X-STREAM-INF:"u8;

    /// <summary>Defines a variable (rfc8216bis, 4.4.2.3).</summary>
    public static ReadOnlySpan<byte> Define => "EXT-X-DEFINE"u8;

    /// <summary>Returns what an attribute's URI leads to.</summary>
    /// <param name="tag">The tag's name without <c>#</c> and <c>:</c>.</param>
    /// <param name="attribute">The attribute's name.</param>
    public static Target TargetOf(ReadOnlySpan<byte> tag, ReadOnlySpan<byte> attribute)
    {
        if (attribute.SequenceEqual("URI"u8))
            return TargetOfUri(tag);
        if (attribute.SequenceEqual("X-ASSET-URI"u8) || attribute.SequenceEqual("X-ASSET-LIST"u8))
            return tag.SequenceEqual("EXT-X-DATERANGE"u8) ? Target.ByPath : Target.None; // rfc8216bis, appendix D
        if (attribute.SequenceEqual("SERVER-URI"u8))
            return tag.SequenceEqual("EXT-X-CONTENT-STEERING"u8) ? Target.ByPath : Target.None; // rfc8216bis, 4.4.6.6
        return Target.None;
    }

    private static Target TargetOfUri(ReadOnlySpan<byte> tag) => tag switch
    {
        _ when tag.SequenceEqual("EXT-X-MEDIA"u8) => Target.Playlist,              // RFC 8216, 4.3.4.1
        _ when tag.SequenceEqual("EXT-X-I-FRAME-STREAM-INF"u8) => Target.Playlist, // RFC 8216, 4.3.4.3
        _ when tag.SequenceEqual("EXT-X-IMAGE-STREAM-INF"u8) => Target.Playlist,   // Roku's image media playlists
        _ when tag.SequenceEqual("EXT-X-RENDITION-REPORT"u8) => Target.Playlist,   // rfc8216bis, 4.4.5.4
        _ when tag.SequenceEqual("EXT-X-MAP"u8) => Target.Media,                   // RFC 8216, 4.3.2.5
        _ when tag.SequenceEqual("EXT-X-KEY"u8) => Target.Media,                   // RFC 8216, 4.3.2.4
        _ when tag.SequenceEqual("EXT-X-SESSION-KEY"u8) => Target.Media,           // RFC 8216, 4.3.4.5
        _ when tag.SequenceEqual("EXT-X-SESSION-DATA"u8) => Target.Media,          // RFC 8216, 4.3.4.4
        _ when tag.SequenceEqual("EXT-X-PART"u8) => Target.Media,                  // rfc8216bis, 4.4.4.9
        _ when tag.SequenceEqual("EXT-X-PRELOAD-HINT"u8) => Target.Media,          // rfc8216bis, 4.4.5.3
        _ => Target.None,
    };
}
