using System.Buffers;
using System.Text;
using SignPlaylist.CloudFront;

namespace SignPlaylist.Playlists;

/// <summary>Where a URI in a playlist leads: to an object of the same video, or elsewhere, and then it is not ours to sign.</summary>
/// <remarks>
/// Resolved by RFC 3986, section 5.2, on the text itself. <see cref="Uri"/> would normalise what it resolves (<c>%7E</c> becomes <c>~</c>), and the URL
/// that is signed would not be the URL that players send.
/// </remarks>
internal readonly ref struct PlaylistUri
{
    /// <summary>No dot segment, scheme, authority or query, and no escape that may hide one: such a URI stays below the playlist's folder.</summary>
    private static readonly SearchValues<byte> s_plain = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~!$&'()*+,;=@/"u8);

    private static readonly string[] s_ambiguousEscapes = ["%2f", "%5c"];

    private PlaylistUri(string? path, bool isRelative, bool isVerbatim) => (IsOurs, Path, IsRelative, IsVerbatim) = (true, path, isRelative, isVerbatim);

    private PlaylistUri(string problem) => Problem = problem;

    /// <summary>The URI leads to an object of the playlist's own video, and can be signed.</summary>
    public bool IsOurs { get; }

    /// <summary>Why a URI that leads into the video's folder cannot be signed; otherwise null.</summary>
    public string? Problem { get; }

    /// <summary>
    /// The path and query to which the URI resolves, fully escaped, without a leading slash;
    /// null when that is the playlist's folder followed by the URI as it stands.
    /// </summary>
    public string? Path { get; }

    /// <summary>The URI is a relative path, which leads back to the server of the playlist.</summary>
    public bool IsRelative { get; }

    /// <summary>Every client resolves the text to exactly <see cref="Path"/>: there is nothing in it that some escape or normalise and others do not.</summary>
    public bool IsVerbatim { get; }

    /// <summary>Resolves a URI against the URL of the playlist that names it.</summary>
    /// <param name="uri">The URI without a fragment.</param>
    /// <param name="playlist">The playlist that names it.</param>
    /// <param name="distribution">The distribution that serves both.</param>
    public static PlaylistUri Resolve(ReadOnlySpan<byte> uri, PlaylistKey playlist, Distribution distribution)
    {
        if (uri is [] or [(byte)'?', ..])
            return default; // the playlist itself
        if (uri[0] is not ((byte)'/' or (byte)'.') && !uri.ContainsAnyExcept(s_plain) && uri.IndexOf("./"u8) < 0 && uri.IndexOf("/."u8) < 0)
            return new(path: null, isRelative: true, isVerbatim: true);
        return ResolveSlowly(Encoding.UTF8.GetString(uri), playlist, distribution);
    }

    private static PlaylistUri ResolveSlowly(string uri, PlaylistKey playlist, Distribution distribution)
    {
        var mark = uri.IndexOf('?', StringComparison.Ordinal);
        var (path, query) = mark < 0 ? (uri, "") : (uri[..mark], uri[(mark + 1)..]);
        var problem = ProblemOf(path, query);
        var reference = UriReference.Parse(problem is null ? path : Leniently(path));
        if (!reference.LeadsTo(distribution.Address))
            return default;
        var absolute = UriReference.RemoveDotSegments(reference.Path.StartsWith('/') ? reference.Path : $"/{playlist.Folder}{reference.Path}");
        if (!absolute.StartsWith(Distribution.FolderOf(playlist.Video), StringComparison.Ordinal))
            return default;
        if (problem is not null)
            return new(problem);

        var (escapedPath, escapedQuery) = (UriReference.Escape(absolute, isQuery: false), UriReference.Escape(query, isQuery: true));
        var isVerbatim = reference.IsSpelledAs(distribution.Address) && escapedPath == absolute && escapedQuery == query
            && !UriReference.HasEscapedDotSegment(path);
        var isRelative = reference.Authority is null && !path.StartsWith('/');
        return new(escapedPath[1..] + (query.Length == 0 ? "" : "?" + escapedQuery), isRelative, isVerbatim);
    }

    /// <summary>
    /// Finds what makes clients send different URLs, or CloudFront and the store read different keys. An escaped slash does that only in the path.
    /// </summary>
    private static string? ProblemOf(string path, string query)
    {
        if (HasControl(path) || HasControl(query))
            return "it holds a raw space or control character, which must be escaped";
        if (path.Contains('\\', StringComparison.Ordinal) || query.Contains('\\', StringComparison.Ordinal))
            return "it holds a backslash, which browsers take for a slash";
        foreach (var escape in s_ambiguousEscapes)
        {
            if (path.Contains(escape, StringComparison.OrdinalIgnoreCase))
                return "its path holds an escaped slash or backslash";
        }
        foreach (var parameter in query.Split('&'))
        {
            var name = parameter.Split('=')[0];
            if (UrlSignature.ReservedParameters.Contains(name))
                return $"its query has the parameter {name}, which CloudFront keeps for itself";
        }
        return null;
    }

    private static bool HasControl(string text) => text.AsSpan().ContainsAnyInRange('\0', ' ') || text.Contains('\u007F', StringComparison.Ordinal);

    /// <summary>The path as the most lenient client reads it, to decide whether it leads into the video's folder at all.</summary>
    private static string Leniently(string path)
    {
        var text = new StringBuilder(path.Trim()).Replace("\t", "").Replace("\r", "").Replace("\n", "").Replace('\\', '/');
        return text.Replace("%2f", "/").Replace("%2F", "/").Replace("%5c", "/").Replace("%5C", "/").ToString();
    }
}
