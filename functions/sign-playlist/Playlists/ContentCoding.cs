using System.Globalization;
using System.IO.Compression;

namespace SignPlaylist.Playlists;

/// <summary>How the body of a response is compressed (RFC 9110, section 8.4.1).</summary>
internal enum ContentCoding
{
    Identity,
    Gzip,
    Brotli,
}

internal static class ContentCodings
{
    /// <summary>Returns the value of <c>Content-Encoding</c>, or null for none.</summary>
    public static string? Name(this ContentCoding coding) => coding switch
    {
        ContentCoding.Gzip => "gzip",
        ContentCoding.Brotli => "br",
        _ => null,
    };

    /// <summary>
    /// Returns the coding that a client prefers of ours (RFC 9110, section 12.5.3). On a tie that is the one it names;
    /// if it names both, brotli, which makes fewer bytes.
    /// </summary>
    public static ContentCoding Preferred(string? acceptEncoding)
    {
        double? gzip = null, brotli = null, identity = null, others = null;
        foreach (var range in acceptEncoding.AsSpan().Split(','))
        {
            var item = acceptEncoding.AsSpan()[range];
            var semicolon = item.IndexOf(';');
            var name = (semicolon < 0 ? item : item[..semicolon]).Trim();
            var quality = semicolon < 0 ? 1 : Quality(item[(semicolon + 1)..]);
            if (name.Equals("gzip", StringComparison.OrdinalIgnoreCase) || name.Equals("x-gzip", StringComparison.OrdinalIgnoreCase))
                gzip = quality;
            else if (name.Equals("br", StringComparison.OrdinalIgnoreCase))
                brotli = quality;
            else if (name.Equals("identity", StringComparison.OrdinalIgnoreCase))
                identity = quality;
            else if (name is "*")
                others = quality;
        }
        // The star is for codings that are not named. Identity is always acceptable, and the last choice unless it is named.
        var (best, bestQuality) = (ContentCoding.Identity, identity ?? 0);
        Consider(ContentCoding.Gzip, gzip ?? others, orEqual: true);
        Consider(ContentCoding.Brotli, brotli ?? others, orEqual: brotli is not null);
        return best;

        void Consider(ContentCoding coding, double? quality, bool orEqual)
        {
            if (quality > bestQuality || (orEqual && quality > 0 && quality == bestQuality))
                (best, bestQuality) = (coding, quality.Value);
        }
    }

    /// <summary>Wraps a stream so that what is written comes out compressed.</summary>
    /// <remarks>
    /// Measured on a signed playlist of 1,200 segments, 868 KB: brotli 1 makes 4.2 KB of it in 0.25 ms; gzip 1, 4, 6 and 9 make 11.5, 6.9, 6.9 and 6.9 KB
    /// in 0.30, 0.37, 1.2 and 3.2 ms.
    /// </remarks>
    public static Stream Compress(this ContentCoding coding, Stream output) => coding switch
    {
        ContentCoding.Gzip => new GZipStream(output, new ZLibCompressionOptions { CompressionLevel = 4 }, leaveOpen: true),
        ContentCoding.Brotli => new BrotliStream(output, new BrotliCompressionOptions { Quality = 1 }, leaveOpen: true),
        _ => output,
    };

    /// <summary>Reads a weight. A malformed one accepts nothing: an uncompressed answer can be read by every client.</summary>
    private static double Quality(ReadOnlySpan<char> parameter)
    {
        parameter = parameter.Trim();
        return parameter.StartsWith("q=", StringComparison.OrdinalIgnoreCase)
            && double.TryParse(parameter[2..], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var quality) && quality <= 1 ? quality : 0;
    }
}
