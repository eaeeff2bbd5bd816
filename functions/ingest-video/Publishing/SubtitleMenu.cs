using System.Globalization;
using System.Text;
using Reelseal.Playlists;
using MediaTag = Reelseal.Playlists.Media;

namespace IngestVideo.Publishing;

/// <summary>The subtitles that a multivariant playlist offers. Everything else in it stays, byte for byte.</summary>
internal sealed class SubtitleMenu
{
    private const string Tag = "#EXT-X-MEDIA:TYPE=SUBTITLES,";
    private const string Group = $",SUBTITLES=\"{MultivariantPlaylistWriter.SubtitleGroup}\"";
    private readonly string _multivariant;
    private readonly List<(string Line, MediaTag Media)> _entries;

    private SubtitleMenu(string multivariant, List<(string Line, MediaTag Media)> entries) => (_multivariant, _entries) = (multivariant, entries);

    public IEnumerable<MediaTag> Entries => _entries.Select(entry => entry.Media);

    /// <exception cref="FormatException">It is not a multivariant playlist.</exception>
    public static SubtitleMenu Read(string multivariant) => new(
        multivariant,
        [.. Lines(multivariant).Where(IsEntry).Zip(MultivariantPlaylist.Read(multivariant).Media.Where(media => media.Type == "SUBTITLES"))]);

    /// <summary>The one whose place an entry would take.</summary>
    public MediaTag? ReplacedBy(MediaTag entry) => Entries.FirstOrDefault(other => Replaces(entry, other));

    /// <summary>The same with another entry, which takes the place of those of its language that are forced, or not, as it is.</summary>
    /// <param name="entry">Of its name, only a part may be used: names in a menu differ (RFC 8216, 4.3.4.1.1).</param>
    public SubtitleMenu With(MediaTag entry)
    {
        var entries = new List<(string Line, MediaTag Media)>(_entries);
        var place = entries.FindIndex(other => Replaces(entry, other.Media));
        entries.RemoveAll(other => Replaces(entry, other.Media));
        if (entry.Default) // one at most is
        {
            entries = entries.ConvertAll(
                other => (other.Line.Replace(",DEFAULT=YES", ",DEFAULT=NO", StringComparison.Ordinal), other.Media with { Default = false }));
        }
        var name = entry.Name;
        for (var number = 2; entries.Exists(other => other.Media.Name == name); number++)
            name = string.Create(CultureInfo.InvariantCulture, $"{entry.Name}-{number}");
        entry = entry with { Name = name };
        entries.Insert(place < 0 ? entries.Count : place, (MultivariantPlaylistWriter.SubtitleLine(entry), entry));
        return new(_multivariant, entries);
    }

    /// <summary>The same without some.</summary>
    public SubtitleMenu Without(Predicate<MediaTag> unwanted) => new(_multivariant, [.. _entries.Where(entry => !unwanted(entry.Media))]);

    /// <summary>The text of the multivariant playlist that offers them.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(_multivariant.Length + 200);
        var isWritten = false;
        foreach (var line in Lines(_multivariant))
        {
            var isVariant = line.StartsWith("#EXT-X-STREAM-INF:", StringComparison.Ordinal);
            // Where they were; and if there were none, before the first that may follow.
            if (!isWritten && (IsEntry(line) || isVariant || line.StartsWith("#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,", StringComparison.Ordinal)))
            {
                foreach (var entry in _entries)
                    text.Append(entry.Line).Append('\n');
                isWritten = true;
            }
            if (IsEntry(line))
                continue;
            text.Append(isVariant ? WithGroup(line) : line).Append('\n');
        }
        text.Length--; // the text after the last line end is a line, too
        return text.ToString();
    }

    private static bool Replaces(MediaTag entry, MediaTag other) => entry.Language == other.Language && entry.Forced == other.Forced;

    private static string[] Lines(string text) => text.Split('\n');

    private static bool IsEntry(string line) => line.StartsWith(Tag, StringComparison.Ordinal);

    private string WithGroup(string variant)
    {
        var line = variant.Replace(Group, "", StringComparison.Ordinal);
        if (_entries is [])
            return line;
        var captions = line.IndexOf(",CLOSED-CAPTIONS=", StringComparison.Ordinal);
        return line.Insert(captions < 0 ? line.Length : captions, Group);
    }
}
