using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Reelseal.Local.Gateway;

/// <summary>
/// Treats a request's target as the OpenFaaS gateway, a Go program, does: it decodes the path, redirects when it is not clean, and forwards the decoded path.
/// </summary>
/// <remarks>Bytes are carried as characters U+0000 to U+00FF, so that a path that is not UTF-8 survives.</remarks>
internal static class GatewayPath
{
    /// <summary>Decodes every percent-escape of a path, including <c>%2F</c>. Returns false when an escape is malformed.</summary>
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

    /// <summary>Removes <c>.</c>, <c>..</c> and empty segments from a path; a trailing slash stays.</summary>
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
    /// Formats the target that the function sees. The gateway joins the decoded path and the query and parses the result again, so a decoded <c>?</c> starts
    /// the query,
    /// a decoded <c>#</c> cuts it off, and a decoded escape is decoded a second time; a target that does not parse ends the request.
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

    /// <summary>Percent-encodes what is not allowed in a path and leaves escapes as they are.</summary>
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
