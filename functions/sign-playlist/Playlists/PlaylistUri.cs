using System.Buffers;
using System.Text;
using SignPlaylist.CloudFront;

namespace SignPlaylist.Playlists;

/// <summary>Where a URI in a playlist leads: to an object of the same video, or elsewhere, and then it is not ours to sign.</summary>
internal readonly ref struct PlaylistUri
{
    /// <summary>No dot segment, no scheme, no authority, no escape that may hide one of them: such a URI stays below the playlist's folder.</summary>
    private static readonly SearchValues<byte> s_plain = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~!$&'()*+,;=@/?"u8);

    private PlaylistUri(string? path, bool isRelative) => (IsOurs, Path, IsRelative) = (true, path, isRelative);

    /// <summary>The URI leads to an object of the playlist's own video.</summary>
    public bool IsOurs { get; }

    /// <summary>The path and query that the URI resolves to, normalised, without a leading slash; null when it is the playlist's folder followed by the URI as it stands.</summary>
    public string? Path { get; }

    /// <summary>The URI is a relative path, which leads back to whoever served the playlist.</summary>
    public bool IsRelative { get; }

    /// <summary>Resolves a URI against the URL of the playlist that names it (RFC 3986, section 5).</summary>
    /// <param name="uri">The URI without a fragment.</param>
    /// <param name="playlist">The playlist that names it.</param>
    /// <param name="distribution">The distribution that serves both.</param>
    public static PlaylistUri Resolve(ReadOnlySpan<byte> uri, PlaylistKey playlist, Distribution distribution)
    {
        if (uri is [] or [(byte)'?', ..])
            return default; // the playlist itself
        if (uri[0] != (byte)'/' && !uri.ContainsAnyExcept(s_plain) && uri.IndexOf("./"u8) < 0 && uri.IndexOf("/."u8) < 0 && uri[0] != (byte)'.')
            return new(path: null, isRelative: true);
        return ResolveSlowly(Encoding.UTF8.GetString(uri), playlist, distribution);
    }

    private static PlaylistUri ResolveSlowly(string uri, PlaylistKey playlist, Distribution distribution)
    {
        // Browsers take a backslash for a slash and drop tabs; an escaped slash is one thing to CloudFront and another to a store.
        if (uri.AsSpan().ContainsAnyInRange('\0', ' ') || uri.Contains('\\', StringComparison.Ordinal)
            || uri.Contains("%2f", StringComparison.OrdinalIgnoreCase) || uri.Contains("%5c", StringComparison.OrdinalIgnoreCase)
            || !Uri.TryCreate(new Uri(distribution.UrlOf(playlist.Key)), uri, out var resolved))
            return default;
        var isOurs = resolved.GetLeftPart(UriPartial.Authority) == distribution.Address.GetLeftPart(UriPartial.Authority)
            && resolved.AbsolutePath.StartsWith(Distribution.FolderOf(playlist.Video), StringComparison.Ordinal);
        return isOurs ? new(resolved.PathAndQuery[1..], isRelative: uri[0] != '/' && !Uri.TryCreate(uri, UriKind.Absolute, out _)) : default;
    }
}
