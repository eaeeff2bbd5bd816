using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Reelseal.Local.Gateway;

/// <summary>What the OpenFaaS gateway, a Go program, makes of a request's target: it reads the path decoded, redirects one that is not clean, and hands the decoded path on.</summary>
/// <remarks>Bytes are carried as characters U+0000 to U+00FF, so that a path that is no UTF-8 stays what it was.</remarks>
internal static class GatewayPath
{
    /// <summary>Decodes every percent-escape of a path, <c>%2F</c> too. False when an escape is malformed.</summary>
    public static bool TryDecode(string path, [NotNullWhen(true)] out string? decoded)
    {
        decoded = null;
        var text = new StringBuilder(path.Length);
        for (var at = 0; at < path.Length; at++)
        {
            if (path[at] != '%')
            {
                text.Append(path[at]);
                continue;
            }
            if (!IsEscape(path, at))
                return false;
            text.Append((char)Convert.FromHexString(path.AsSpan(at + 1, 2))[0]);
            at += 2;
        }
        decoded = text.ToString();
        return true;
    }

    /// <summary>The path without <c>.</c>, <c>..</c> and empty segments; a slash at its end stays.</summary>
    public static string Clean(string path)
    {
        var segments = new List<string>();
        foreach (var segment in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (segment == ".." && segments.Count > 0)
                segments.RemoveAt(segments.Count - 1);
            else if (segment is not ("." or ".."))
                segments.Add(segment);
        }
        return segments.Count == 0 ? "/" : "/" + string.Join('/', segments) + (path.EndsWith('/') ? "/" : "");
    }

    /// <summary>
    /// The target that the function sees. The gateway joins the decoded path and the query to one text and parses it again, so that a decoded <c>?</c> starts the query,
    /// a decoded <c>#</c> cuts it off, and a decoded escape is decoded once more; a text that does not parse ends the request.
    /// </summary>
    public static bool TryFormat(string decodedPath, string query, [NotNullWhen(true)] out string? target)
    {
        target = null;
        var text = query.Length == 0 ? decodedPath : decodedPath + "?" + query;
        if (text.Any(char.IsControl))
            return false;
        text = text.Split('#')[0];
        var mark = text.IndexOf('?');
        var path = mark < 0 ? text : text[..mark];
        for (var at = path.IndexOf('%'); at >= 0; at = path.IndexOf('%', at + 1))
        {
            if (!IsEscape(path, at))
                return false;
        }
        target = Encode(path) + (mark < 0 ? "" : text[mark..]);
        return true;
    }

    /// <summary>Percent-encodes what may not stand in a path, and leaves escapes as they are.</summary>
    public static string Encode(string path)
    {
        var text = new StringBuilder(path.Length);
        foreach (var octet in path)
        {
            if (octet is > ' ' and < '\u007F' and not ('"' or '<' or '>' or '\\' or '^' or '`' or '{' or '|' or '}' or '?' or '#'))
                text.Append(octet);
            else
                text.Append('%').Append(((byte)octet).ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        }
        return text.ToString();
    }

    private static bool IsEscape(string text, int at) => at + 2 < text.Length && char.IsAsciiHexDigit(text[at + 1]) && char.IsAsciiHexDigit(text[at + 2]);
}
