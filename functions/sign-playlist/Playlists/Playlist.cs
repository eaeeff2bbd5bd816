using System.Text.Unicode;
using Reelseal;

namespace SignPlaylist.Playlists;

/// <summary>A playlist as it lies in the bucket.</summary>
internal sealed class Playlist
{
    /// <summary>The longest playlist that is signed; a day of two-second segments is a quarter of it.</summary>
    public const int LongestInBytes = 8 << 20;

    /// <exception cref="UpstreamException">The bytes are not a playlist (RFC 8216, section 4.1).</exception>
    public Playlist(byte[] content, string eTag)
    {
        (Content, ETag) = (content, eTag);
        ReadOnlySpan<byte> text = content;
        if (!text[ByteOrderMarkLength(text)..].StartsWith("#EXTM3U"u8))
            throw new UpstreamException("The stored playlist does not begin with #EXTM3U.", timedOut: false);
        if (!Utf8.IsValid(text))
            throw new UpstreamException("The stored playlist is not UTF-8.", timedOut: false);
        NamesPlaylists = text.IndexOf("-STREAM-INF:"u8) >= 0 || text.IndexOf("#EXT-X-MEDIA:"u8) >= 0 || text.IndexOf("#EXT-X-RENDITION-REPORT:"u8) >= 0;
    }

    public byte[] Content { get; }

    /// <summary>The store's entity tag, in quotes.</summary>
    public string ETag { get; }

    /// <summary>Whether it may name other playlists; what is added to their URIs matters only then.</summary>
    public bool NamesPlaylists { get; }

    /// <summary>RFC 8216 forbids the mark, and yet tools write it; it is kept as it stands.</summary>
    public static int ByteOrderMarkLength(ReadOnlySpan<byte> text) => text.StartsWith("\uFEFF"u8) ? 3 : 0;
}
