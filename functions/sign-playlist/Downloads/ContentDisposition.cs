using System.Globalization;
using System.Text;
using Microsoft.Net.Http.Headers;

namespace SignPlaylist.Downloads;

/// <summary>Makes browsers save a file under the video's title.</summary>
/// <remarks>
/// The title is in the URL, and not stored with the object: a video that is renamed is saved under its new title at once. S3 answers with the header that a
/// signed request asks for (GetObject, <c>response-content-disposition</c>), and origin access control signs.
/// </remarks>
internal static class ContentDisposition
{
    /// <summary>The query parameter that S3 takes the header from.</summary>
    public const string Parameter = "response-content-disposition";

    private const string Extension = ".mp4";

    /// <summary>In UTF-8. File systems take 255, and browsers add a number to a name that is taken.</summary>
    private const int LongestName = 200;

    /// <summary>The header's value (RFC 6266, with the name a second time as in RFC 8187).</summary>
    public static string Of(string title)
    {
        var header = new ContentDispositionHeaderValue("attachment");
        header.SetHttpFileName(NameOf(title) + Extension);
        return header.ToString();
    }

    /// <summary>The title without what has a meaning in a path, or would deceive about the extension.</summary>
    private static string NameOf(string title)
    {
        var name = new StringBuilder();
        var bytes = 0;
        foreach (var rune in title.EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator)
                continue;
            var safe = rune.IsAscii && "/\\:*?\"<>|".Contains((char)rune.Value, StringComparison.Ordinal) ? new Rune('_') : rune;
            if ((bytes += safe.Utf8SequenceLength) > LongestName)
                break;
            name.Append(safe);
        }
        return name.ToString().Trim(' ', '.') is { Length: > 0 } clean ? clean : "video";
    }
}
