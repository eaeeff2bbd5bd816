using System.Globalization;
using System.Text;

namespace IngestVideo.Receiving;

/// <summary>The data that came with a video. The video itself is in the workspace.</summary>
/// <param name="Title">What to call it, or null.</param>
/// <param name="FileTitle">A title made of its file name, used if neither the sender nor the file's tags give one; or null.</param>
/// <param name="Callback">Where to send the final status, as it was written, or null.</param>
public sealed record ReceivedSource(string? Title, string? FileTitle, string? Callback)
{
    private const int LongestTitle = 200;

    /// <summary>Cleans a caller's title: one line without control characters, not too long; null if nothing visible is left.</summary>
    public static string? CleanTitle(string? text)
    {
        if (text is null)
            return null;
        var clean = new string([.. text.Where(c => !char.IsControl(c) && c is not ('\u2028' or '\u2029')).Take(LongestTitle)]);
        if (clean is [.., var last] && char.IsHighSurrogate(last)) // not half a character at the end
            clean = clean[..^1];
        clean = clean.Trim();
        return clean.EnumerateRunes().Any(IsVisible) ? clean : null;
    }

    private static bool IsVisible(Rune rune) =>
        Rune.IsLetterOrDigit(rune) || Rune.IsSymbol(rune) || Rune.IsPunctuation(rune) || Rune.GetUnicodeCategory(rune) == UnicodeCategory.OtherNumber;

    /// <summary>A title from a file name, which may hold the folders of the machine it came from.</summary>
    public static string? TitleOfFile(string? fileName) =>
        CleanTitle(Path.GetFileNameWithoutExtension(fileName?.Split('/', '\\')[^1]));
}
