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
}

/// <summary>The tags whose attribute <c>URI</c> is signed, and as what.</summary>
internal static class PlaylistTags
{
    /// <summary>Starts the one tag whose URI is a line of its own (RFC 8216, section 4.3.4.2).</summary>
    public static ReadOnlySpan<byte> StreamInf => "#EXT-X-STREAM-INF:"u8;

    /// <param name="tag">The tag's name without <c>#</c> and <c>:</c>.</param>
    public static Target TargetOf(ReadOnlySpan<byte> tag) => tag switch
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
