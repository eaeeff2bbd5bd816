using System.Text.RegularExpressions;

namespace IngestVideo.Media;

/// <summary>Converts the language codes of containers (ISO 639-2) to the language tags of playlists (RFC 5646).</summary>
public static partial class LanguageTag
{
    /// <summary>Whether a text has the form of a tag (RFC 5646, 2.1): a language, and up to four parts after it.</summary>
    public static bool IsWellFormed(string tag) => Form().IsMatch(tag);

    [GeneratedRegex("^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Form();

    /// <summary>Returns the tag, or null if the code is undefined.</summary>
    public static string? FromIso639(string? code)
    {
        var tag = code?.Trim().ToLowerInvariant();
        if (tag is null or "" or "und" or "mis" or "zxx" or "mul" || tag.Length > 35 || !tag.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'))
            return null;
        // RFC 5646 (section 2.2.1) requires the shorter of two codes for a language: players show its name.
        return tag switch
        {
            "ara" => "ar", "bul" => "bg", "cat" => "ca", "ces" or "cze" => "cs", "dan" => "da", "deu" or "ger" => "de", "ell" or "gre" => "el",
            "eng" => "en", "est" => "et", "fas" or "per" => "fa", "fin" => "fi", "fra" or "fre" => "fr", "heb" => "he", "hin" => "hi", "hrv" => "hr",
            "hun" => "hu", "ind" => "id", "isl" or "ice" => "is", "ita" => "it", "jpn" => "ja", "kor" => "ko", "lit" => "lt", "lav" => "lv",
            "msa" or "may" => "ms", "nld" or "dut" => "nl", "nor" => "no", "nob" => "nb", "pol" => "pl", "por" => "pt", "ron" or "rum" => "ro",
            "rus" => "ru", "slk" or "slo" => "sk", "slv" => "sl", "spa" => "es", "srp" => "sr", "swe" => "sv", "tha" => "th", "tur" => "tr",
            "ukr" => "uk", "vie" => "vi", "zho" or "chi" => "zh",
            _ => tag,
        };
    }

    /// <summary>The language's name in that language, such as <c>English</c>; the tag itself if unknown.</summary>
    public static string NameOf(string tag) => tag switch
    {
        "ar" => "العربية", "cs" => "Čeština", "da" => "Dansk", "de" => "Deutsch", "el" => "Ελληνικά", "en" => "English", "es" => "Español",
        "fi" => "Suomi", "fr" => "Français", "he" => "עברית", "hi" => "हिन्दी", "hu" => "Magyar", "id" => "Indonesia", "it" => "Italiano",
        "ja" => "日本語", "ko" => "한국어", "nb" or "no" => "Norsk", "nl" => "Nederlands", "pl" => "Polski", "pt" => "Português", "ro" => "Română",
        "ru" => "Русский", "sv" => "Svenska", "th" => "ไทย", "tr" => "Türkçe", "uk" => "Українська", "vi" => "Tiếng Việt", "zh" => "中文",
        _ => tag,
    };
}
