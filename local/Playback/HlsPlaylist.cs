using Reelseal.Playlists;

namespace Reelseal.Local.Playback;

/// <summary>Something that a playlist names.</summary>
/// <param name="Tag">The tag that names it, such as <c>EXT-X-STREAM-INF</c>; <c>EXTINF</c> for a segment.</param>
/// <param name="Uri">Its address, resolved against the playlist's.</param>
internal sealed record HlsEntry(string Tag, Uri Uri)
{
    /// <summary>The TYPE of EXT-X-MEDIA.</summary>
    public string? Type { get; init; }

    /// <summary>The BANDWIDTH of a variant stream, in bits per second.</summary>
    public long? Bandwidth { get; init; }

    /// <summary>The RESOLUTION of a variant stream, as in <c>1280x720</c>.</summary>
    public string? Resolution { get; init; }

    /// <summary>How long a segment plays.</summary>
    public TimeSpan Duration { get; init; }
}

/// <summary>Lists what a player would fetch because of a playlist.</summary>
internal static class HlsPlaylist
{
    /// <exception cref="FormatException">It is not a playlist.</exception>
    public static IReadOnlyList<HlsEntry> Read(string text, Uri address) => Playlists.Playlist.Read(text) switch
    {
        MultivariantPlaylist playlist =>
        [
            .. playlist.Media.Where(media => media.Uri is not null).Select(media => new HlsEntry("EXT-X-MEDIA", new(address, media.Uri)) { Type = media.Type }),
            .. playlist.StreamInf.Select(variant =>
                new HlsEntry("EXT-X-STREAM-INF", new(address, variant.Uri)) { Bandwidth = variant.Bandwidth, Resolution = variant.Resolution }),
            .. playlist.IFrameStreamInf.Select(frames =>
                new HlsEntry("EXT-X-I-FRAME-STREAM-INF", new(address, frames.Uri)) { Bandwidth = frames.Bandwidth, Resolution = frames.Resolution }),
        ],
        MediaPlaylist playlist =>
        [
            .. playlist.Segments.Select(segment => segment.Map).OfType<string>().Distinct(StringComparer.Ordinal)
                .Select(map => new HlsEntry("EXT-X-MAP", new(address, map))),
            .. playlist.Segments.Select(segment => new HlsEntry("EXTINF", new(address, segment.Uri)) { Duration = TimeSpan.FromSeconds(segment.Duration) }),
        ],
        _ => throw new FormatException($"{address.AbsolutePath} is a playlist of an unknown kind."),
    };
}
