namespace IngestVideo.Publishing;

/// <summary>
/// The poster that a user chose, where players find it: in the multivariant playlist, by <c>EXT-X-SESSION-DATA</c> (RFC 8216, 4.3.4.4). The one that was made
/// with the video has a name of its own, <c>poster.jpg</c>, and needs no tag.
/// </summary>
internal static class ChosenPoster
{
    private const string Tag = "#EXT-X-SESSION-DATA:DATA-ID=\"reelseal.poster\",URI=\"";

    /// <summary>The URI of the chosen poster, relative to the playlist; null where none was chosen.</summary>
    public static string? Read(string multivariant) =>
        Array.Find(multivariant.Split('\n'), IsTag) is { } line ? line[Tag.Length..].TrimEnd('"') : null;

    /// <summary>The same playlist with another chosen poster. Everything else in it stays, byte for byte.</summary>
    public static string Write(string multivariant, string uri)
    {
        var lines = multivariant.Split('\n').Where(line => !IsTag(line)).ToList();
        var first = lines.FindIndex(line =>
            line.StartsWith("#EXT-X-MEDIA:", StringComparison.Ordinal) || line.StartsWith("#EXT-X-STREAM-INF:", StringComparison.Ordinal));
        lines.Insert(first, $"{Tag}{uri}\"");
        return string.Join('\n', lines);
    }

    private static bool IsTag(string line) => line.StartsWith(Tag, StringComparison.Ordinal);
}
