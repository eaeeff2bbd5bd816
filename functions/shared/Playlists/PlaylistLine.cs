using System.Globalization;

namespace Reelseal.Playlists;

/// <summary>A line that says something: a tag with its value, or a URI. Comments and blank lines do not.</summary>
/// <param name="Tag">The tag without <c>#</c>, such as <c>EXTINF</c>; null for a URI.</param>
/// <param name="Value">What follows the tag's colon, or the URI.</param>
internal readonly record struct PlaylistLine(string? Tag, string Value)
{
    private const string Header = "#EXTM3U";

    /// <summary>Splits a playlist into its lines, which end with LF or CRLF (RFC 8216, 4.1).</summary>
    /// <exception cref="FormatException">It does not begin with #EXTM3U.</exception>
    public static IEnumerable<PlaylistLine> Split(string text)
    {
        var lines = text.Split('\n');
        if (lines[0].TrimEnd() != Header)
            throw new FormatException("This is not a playlist: it does not begin with #EXTM3U.");
        foreach (var line in lines.Skip(1).Select(line => line.Trim()))
        {
            if (line.StartsWith("#EXT", StringComparison.Ordinal))
            {
                var colon = line.IndexOf(':');
                yield return colon < 0 ? new(line[1..], "") : new(line[1..colon], line[(colon + 1)..]);
            }
            else if (line.Length > 0 && line[0] != '#')
            {
                yield return new(Tag: null, line);
            }
        }
    }

    /// <exception cref="FormatException">The value is not a whole number.</exception>
    public int Integer() => int.TryParse(Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Malformed();

    /// <exception cref="FormatException">The value is not a whole number.</exception>
    public long LongInteger() => long.TryParse(Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Malformed();

    /// <exception cref="FormatException">The value is not a list of attributes.</exception>
    public AttributeList Attributes() => AttributeList.Read(Tag!, Value);

    public FormatException Malformed() => new($"The value of {Tag} is malformed.");
}
