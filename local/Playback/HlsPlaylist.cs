namespace Reelseal.Local.Playback;

/// <summary>Something that a playlist names.</summary>
/// <param name="Tag">The tag that names it, such as <c>EXT-X-STREAM-INF</c>; <c>EXTINF</c> for a segment.</param>
/// <param name="Uri">Its address, resolved against the playlist's.</param>
/// <param name="Attributes">The tag's attributes, unquoted.</param>
internal sealed record HlsEntry(string Tag, Uri Uri, IReadOnlyDictionary<string, string> Attributes)
{
    public string? this[string attribute] => Attributes.GetValueOrDefault(attribute);
}

/// <summary>Reads what a player would of a playlist (RFC 8216): the URIs that it names, and by which tag.</summary>
internal static class HlsPlaylist
{
    private static readonly Dictionary<string, string> s_none = new(StringComparer.Ordinal);

    /// <exception cref="FormatException">It is no playlist.</exception>
    public static IReadOnlyList<HlsEntry> Read(string text, Uri address)
    {
        if (!text.StartsWith("#EXTM3U", StringComparison.Ordinal))
            throw new FormatException($"{address.AbsolutePath} is no playlist.");
        var entries = new List<HlsEntry>();
        var (tag, attributes) = ("EXTINF", s_none);
        foreach (var line in text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!line.StartsWith('#'))
            {
                entries.Add(new(tag, new Uri(address, line), attributes));
                (tag, attributes) = ("EXTINF", s_none);
            }
            else if (line.IndexOf(':') is > 0 and var colon && line.StartsWith("#EXT-X-", StringComparison.Ordinal))
            {
                var (name, values) = (line[1..colon], ReadAttributes(line[(colon + 1)..]));
                if (name == "EXT-X-STREAM-INF")
                    (tag, attributes) = (name, values);
                else if (values.TryGetValue("URI", out var uri))
                    entries.Add(new(name, new Uri(address, uri), values));
            }
        }
        return entries;
    }

    private static Dictionary<string, string> ReadAttributes(string list)
    {
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        while (list.IndexOf('=') is > 0 and var equals)
        {
            var (name, rest) = (list[..equals].Trim(), list[(equals + 1)..]);
            var isQuoted = rest.StartsWith('"');
            var end = rest.IndexOf(isQuoted ? '"' : ',', isQuoted ? 1 : 0);
            end = end < 0 ? rest.Length : end;
            attributes[name] = isQuoted ? rest[1..end] : rest[..end];
            var comma = rest.IndexOf(',', Math.Min(end, rest.Length));
            list = comma < 0 ? "" : rest[(comma + 1)..];
        }
        return attributes;
    }
}
