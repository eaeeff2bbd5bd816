using System.Buffers.Text;
using System.Text.Unicode;
using Reelseal;
using SignPlaylist.CloudFront;

namespace SignPlaylist.Playlists;

/// <summary>A playlist as it is stored, checked: every one of these can be signed.</summary>
internal sealed class Playlist
{
    /// <summary>The longest playlist that is signed; a day of two-second segments takes a quarter of it.</summary>
    public const int MaxBytes = 8 << 20;

    /// <summary>The most URIs that are signed in one playlist: a week of two-second segments. Each grows by half a kilobyte.</summary>
    public const int MaxUris = 302_400;

    /// <param name="content">The bytes.</param>
    /// <param name="eTag">The store's entity tag, in quotes.</param>
    /// <param name="key">The object's key, against which relative URIs resolve.</param>
    /// <param name="distribution">The distribution that serves the video.</param>
    /// <exception cref="PlaylistException">The bytes are not a playlist (RFC 8216, section 4.1), or one that cannot be signed.</exception>
    public Playlist(byte[] content, string eTag, PlaylistKey key, Distribution distribution)
    {
        (Content, ETag, Key) = (content, eTag, key);
        CheckEncoding(content);
        var text = content.AsSpan();
        NamesPlaylists = text.IndexOf("-STREAM-INF:"u8) >= 0 || text.IndexOf("#EXT-X-MEDIA:"u8) >= 0 || text.IndexOf("#EXT-X-RENDITION-REPORT:"u8) >= 0
            || text.IndexOf("#EXT-X-DATERANGE:"u8) >= 0;

        Stage = key.IsMultivariant ? PublicationStages.In(text) : PublicationStage.Final;
        ChangesWithin = (key.IsMultivariant ? (Stage == PublicationStage.Final ? null : PublicationStages.Freshness) : PollingInterval(text)) / 2;

        // What cannot be signed must show before the first byte of an answer is sent.
        var trial = new PlaylistRewriter(this, distribution, Delivery.Trial);
        var discarded = new DiscardingWriter();
        while (trial.RewriteNext(discarded))
        {
            if (trial.UriCount > MaxUris)
                throw new PlaylistException($"The stored playlist has more than {MaxUris} URIs, which is too many to sign. Publish it in parts.");
        }
        (UriCount, Unsigned) = (trial.UriCount, trial.Unsigned);
    }

    public byte[] Content { get; }

    /// <summary>The store's entity tag, in quotes.</summary>
    public string ETag { get; }

    public PlaylistKey Key { get; }

    /// <summary>Whether it may name other playlists; what is added to their URIs matters only then.</summary>
    public bool NamesPlaylists { get; }

    /// <summary>How much of the video it offers; media playlists say nothing of that.</summary>
    public PublicationStage Stage { get; }

    /// <summary>
    /// How long each copy of it is good enough, ours and the edge's, whose ages add up to what viewers may see; null when it does not change any more.
    /// </summary>
    public TimeSpan? ChangesWithin { get; }

    /// <summary>How many URIs are signed.</summary>
    public int UriCount { get; }

    /// <summary>The URIs that lead into the video's folder and yet cannot be signed.</summary>
    public UnsignedUris Unsigned { get; }

    /// <summary>Returns 3 where the text begins with a byte order mark, which RFC 8216 forbids and some tools write; it is kept.</summary>
    public static int ByteOrderMarkLength(ReadOnlySpan<byte> text) => text.StartsWith("\uFEFF"u8) ? 3 : 0;

    /// <summary>Half the target duration of a media playlist that grows, because players ask for it once in that time (RFC 8216, section 6.3.4).</summary>
    private static TimeSpan? PollingInterval(ReadOnlySpan<byte> media)
    {
        var target = "#EXT-X-TARGETDURATION:"u8;
        if (media.IndexOf("#EXT-X-PLAYLIST-TYPE:EVENT"u8) < 0 || media.IndexOf("#EXT-X-ENDLIST"u8) >= 0)
            return null; // it is complete, or of a kind that we do not publish
        var at = media.IndexOf(target);
        return at >= 0 && Utf8Parser.TryParse(media[(at + target.Length)..], out uint seconds, out _)
            ? TimeSpan.FromSeconds(Math.Clamp(seconds, 2, 60) / 2.0) : PublicationStages.Freshness;
    }

    private static void CheckEncoding(ReadOnlySpan<byte> text)
    {
        var start = text[ByteOrderMarkLength(text)..];
        if (!start.StartsWith("#EXTM3U"u8))
        {
            throw new PlaylistException(start.TrimStart(" \t\r\n\v\f"u8).StartsWith("#EXTM3U"u8)
                ? "The stored playlist has white space before #EXTM3U, which must be its very first characters (RFC 8216, section 4.3.1.1)."
                : "The stored playlist does not begin with #EXTM3U.");
        }
        if (!Utf8.IsValid(text))
            throw new PlaylistException("The stored playlist is not UTF-8.");
    }
}

/// <summary>URIs of the playlist's own video that are left as they are, because no signature can fit what clients would make of them.</summary>
/// <param name="Count">How many there are.</param>
/// <param name="FirstLine">The line of the first, counted from 1.</param>
/// <param name="Reason">What is wrong with the first.</param>
internal readonly record struct UnsignedUris(int Count, int FirstLine, string? Reason);
