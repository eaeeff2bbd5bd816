using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Reelseal.Local.Edge;

/// <summary>Interprets a request's path as CloudFront and S3 do.</summary>
internal static class ViewerPath
{
    private const string Unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    /// <summary>
    /// The path that selects the behaviour: CloudFront normalises it as in RFC 3986, section 6.2.2,
    /// and also merges repeated slashes. The origin receives the path as sent.
    /// </summary>
    public static string Normalise(string path)
    {
        var segments = new List<string>();
        var parts = DecodeUnreserved(path).Split('/', StringSplitOptions.RemoveEmptyEntries);
        foreach (var part in parts)
        {
            if (part == ".." && segments.Count > 0)
                segments.RemoveAt(segments.Count - 1);
            else if (part is not ("." or ".."))
                segments.Add(part);
        }
        var isFolder = path.EndsWith('/') || parts is [.., "." or ".."];
        return segments.Count == 0 ? "/" : "/" + string.Join('/', segments) + (isFolder ? "/" : "");
    }

    /// <summary>
    /// Returns the object's key, or false if no object can have such a key: S3 does not resolve <c>..</c>,
    /// and we store no key with it, nor with empty segments.
    /// </summary>
    public static bool TryReadKey(string path, [NotNullWhen(true)] out string? key)
    {
        key = null;
        var bytes = new List<byte>(path.Length);
        for (var at = 1; at < path.Length; at++)
        {
            if (TryReadEscape(path, at, out var octet))
                at += 2;
            else if (path[at] is < '\u0080' and not '%')
                octet = (byte)path[at];
            else
                return false;
            bytes.Add(octet);
        }
        if (bytes.Exists(octet => octet is < 0x20 or 0x7F or (byte)'\\' or >= 0x80))
            return false; // our keys are ASCII
        var text = Encoding.ASCII.GetString([.. bytes]);
        if (text.Split('/').Any(segment => segment is "" or "." or ".."))
            return false;
        key = text;
        return true;
    }

    private static string DecodeUnreserved(string path)
    {
        var decoded = new StringBuilder(path.Length);
        for (var at = 0; at < path.Length; at++)
        {
            if (TryReadEscape(path, at, out var octet) && Unreserved.Contains((char)octet))
            {
                decoded.Append((char)octet);
                at += 2;
            }
            else
            {
                decoded.Append(path[at]);
            }
        }
        return decoded.ToString();
    }

    private static bool TryReadEscape(string path, int at, out byte octet)
    {
        octet = 0;
        if (path[at] != '%' || at + 2 >= path.Length || !char.IsAsciiHexDigit(path[at + 1]) || !char.IsAsciiHexDigit(path[at + 2]))
            return false;
        octet = Convert.FromHexString(path.AsSpan(at + 1, 2))[0];
        return true;
    }
}
