using System.Buffers;
using System.Globalization;
using System.Text;

namespace SignPlaylist.Playlists;

/// <summary>A URI reference without query and fragment, split (RFC 3986, section 4.1). Nothing is normalised.</summary>
/// <param name="Scheme">The scheme, or null.</param>
/// <param name="Authority">What follows <c>//</c>, or null.</param>
/// <param name="Path">The rest.</param>
internal readonly record struct UriReference(string? Scheme, string? Authority, string Path)
{
    private const string Unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    private static readonly SearchValues<char> s_schemeCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-.");

    // RFC 3986, section 3.3. Browsers escape the apostrophe in a query (URL Standard, "special-query percent-encode set"), other clients do not.
    private static readonly SearchValues<char> s_pathCharacters = SearchValues.Create(Unreserved + "!$&'()*+,;=:@/");
    private static readonly SearchValues<char> s_queryCharacters = SearchValues.Create(Unreserved + "!$&()*+,;=:@/?");

    public static UriReference Parse(string text)
    {
        string? scheme = null;
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0 && char.IsAsciiLetter(text[0]) && !text.AsSpan(0, colon).ContainsAnyExcept(s_schemeCharacters))
            (scheme, text) = (text[..colon], text[(colon + 1)..]);
        if (!text.StartsWith("//", StringComparison.Ordinal))
            return new(scheme, Authority: null, text);
        var slash = text.IndexOf('/', 2);
        return slash < 0 ? new(scheme, text[2..], "/") : new(scheme, text[2..slash], text[slash..]);
    }

    /// <summary>Returns whether the reference, in a playlist that this server sent, leads to this server.</summary>
    public bool LeadsTo(Uri server)
    {
        if (Scheme is not null && (Authority is null || !Scheme.Equals(server.Scheme, StringComparison.OrdinalIgnoreCase)))
            return false;
        return Authority is null || Authority.Equals(server.Authority, StringComparison.OrdinalIgnoreCase)
            || Authority.Equals(string.Create(CultureInfo.InvariantCulture, $"{server.Host}:{server.Port}"), StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Returns whether scheme and authority, where they are named, are spelled as the server's are.</summary>
    public bool IsSpelledAs(Uri server) => (Scheme is null || Scheme == server.Scheme) && (Authority is null || Authority == server.Authority);

    /// <summary>Resolves <c>.</c> and <c>..</c> in an absolute path (RFC 3986, section 5.2.4), also where they are escaped, as browsers do.</summary>
    public static string RemoveDotSegments(string path)
    {
        var kept = new List<string>();
        var segments = path.Split('/');
        for (var at = 1; at < segments.Length; at++)
        {
            var isLast = at == segments.Length - 1;
            var dots = DotsOf(segments[at]);
            if (dots == 2 && kept.Count > 0)
                kept.RemoveAt(kept.Count - 1);
            if (dots == 0)
                kept.Add(segments[at]);
            else if (isLast)
                kept.Add("");
        }
        return "/" + string.Join('/', kept);
    }

    /// <summary>Returns whether a segment is a dot segment by its escapes, which only some clients resolve.</summary>
    public static bool HasEscapedDotSegment(string path) =>
        path.Split('/').Any(segment => segment.Contains('%', StringComparison.Ordinal) && DotsOf(segment) > 0);

    /// <summary>Escapes what may not stand in a URI, and nothing else: escapes that are there stay as they are.</summary>
    public static string Escape(string text, bool isQuery)
    {
        var allowed = isQuery ? s_queryCharacters : s_pathCharacters;
        if (!text.AsSpan().ContainsAnyExcept(allowed))
            return text;
        var escaped = new StringBuilder(text.Length + 16);
        Span<byte> octets = stackalloc byte[4];
        for (var at = 0; at < text.Length;)
        {
            Rune.DecodeFromUtf16(text.AsSpan(at), out var rune, out var length);
            var isEscape = text[at] == '%' && at + 2 < text.Length && char.IsAsciiHexDigit(text[at + 1]) && char.IsAsciiHexDigit(text[at + 2]);
            if (isEscape || (length == 1 && allowed.Contains(text[at])))
            {
                escaped.Append(text[at]);
            }
            else
            {
                foreach (var octet in octets[..rune.EncodeToUtf8(octets)])
                    escaped.Append('%').Append(octet.ToString("X2", CultureInfo.InvariantCulture));
            }
            at += length;
        }
        return escaped.ToString();
    }

    private static int DotsOf(string segment) => segment.Replace("%2e", ".", StringComparison.OrdinalIgnoreCase) switch
    {
        "." => 1,
        ".." => 2,
        _ => 0,
    };
}
