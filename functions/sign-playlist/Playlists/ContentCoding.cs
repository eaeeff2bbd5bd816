using System.Globalization;
using System.IO.Compression;

namespace SignPlaylist.Playlists;

/// <summary>How the body of an answer is compressed (RFC 9110, section 8.4.1).</summary>
internal enum ContentCoding
{
    Identity,
    Gzip,
    Brotli,
}

internal static class ContentCodings
{
    /// <summary>The value of <c>Content-Encoding</c>, or null for none.</summary>
    public static string? Name(this ContentCoding coding) => coding switch
    {
        ContentCoding.Gzip => "gzip",
        ContentCoding.Brotli => "br",
        _ => null,
    };

    /// <summary>The coding that a client prefers of ours; gzip when it does not care, because it costs the least here.</summary>
    public static ContentCoding Preferred(string? acceptEncoding)
    {
        var (best, bestQuality) = (ContentCoding.Identity, 0.0);
        foreach (var range in acceptEncoding.AsSpan().Split(','))
        {
            var item = acceptEncoding.AsSpan()[range];
            var semicolon = item.IndexOf(';');
            var name = (semicolon < 0 ? item : item[..semicolon]).Trim();
            ContentCoding? coding =
                name.Equals("gzip", StringComparison.OrdinalIgnoreCase) || name is "*" ? ContentCoding.Gzip
                : name.Equals("br", StringComparison.OrdinalIgnoreCase) ? ContentCoding.Brotli
                : null;
            var quality = semicolon < 0 ? 1 : Quality(item[(semicolon + 1)..]);
            if (coding is { } ours && (quality > bestQuality || (quality == bestQuality && quality > 0 && ours == ContentCoding.Gzip)))
                (best, bestQuality) = (ours, quality);
        }
        return best;
    }

    public static byte[] Compress(this ContentCoding coding, ReadOnlyMemory<byte> content)
    {
        if (coding == ContentCoding.Identity)
            return content.ToArray();
        using var compressed = new MemoryStream();
        using (Stream stream = coding == ContentCoding.Gzip ? new GZipStream(compressed, CompressionLevel.Fastest) : new BrotliStream(compressed, CompressionLevel.Fastest))
            stream.Write(content.Span);
        return compressed.ToArray();
    }

    private static double Quality(ReadOnlySpan<char> parameter)
    {
        parameter = parameter.Trim();
        return parameter.StartsWith("q=", StringComparison.OrdinalIgnoreCase)
            && double.TryParse(parameter[2..], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var quality) ? quality : 1;
    }
}
