using System.Text.RegularExpressions;

namespace Reelseal.Fsck;

/// <summary>What a playlist of ours names: the lines that are no tag, and the attribute <c>URI</c> of those that are.</summary>
internal static partial class PlaylistUris
{
    public static IReadOnlyList<string> In(string playlist) =>
        [.. playlist.Split('\n').Select(line => line.StartsWith('#') ? UriAttribute().Match(line).Groups["uri"].Value : line).Where(uri => uri.Length > 0)];

    [GeneratedRegex(@"[:,]URI=""(?<uri>[^""]*)""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex UriAttribute();
}
