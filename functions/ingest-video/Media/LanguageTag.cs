using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace IngestVideo.Media;

/// <summary>Converts the language codes of containers (ISO 639-2) to the language tags of playlists (RFC 5646).</summary>
public static partial class LanguageTag
{
    /// <summary>Codes of three letters, and those of two that stand for the same languages.</summary>
    private static readonly FrozenDictionary<string, string> s_shorter = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["ara"] = "ar", ["bul"] = "bg", ["cat"] = "ca", ["ces"] = "cs", ["cze"] = "cs", ["dan"] = "da", ["deu"] = "de", ["ger"] = "de", ["ell"] = "el",
        ["gre"] = "el", ["eng"] = "en", ["est"] = "et", ["fas"] = "fa", ["per"] = "fa", ["fin"] = "fi", ["fra"] = "fr", ["fre"] = "fr", ["heb"] = "he",
        ["hin"] = "hi", ["hrv"] = "hr", ["hun"] = "hu", ["ind"] = "id", ["isl"] = "is", ["ice"] = "is", ["ita"] = "it", ["jpn"] = "ja", ["kor"] = "ko",
        ["lit"] = "lt", ["lav"] = "lv", ["msa"] = "ms", ["may"] = "ms", ["nld"] = "nl", ["dut"] = "nl", ["nor"] = "no", ["nob"] = "nb", ["pol"] = "pl",
        ["por"] = "pt", ["ron"] = "ro", ["rum"] = "ro", ["rus"] = "ru", ["slk"] = "sk", ["slo"] = "sk", ["slv"] = "sl", ["spa"] = "es", ["srp"] = "sr",
        ["swe"] = "sv", ["tha"] = "th", ["tur"] = "tr", ["ukr"] = "uk", ["vie"] = "vi", ["zho"] = "zh", ["chi"] = "zh",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The codes that MP4 has for languages: of two, the one that the language has for itself (ISO 639-2/T).</summary>
    private static readonly FrozenDictionary<string, string> s_longer = s_shorter
        .Where(code => code.Key is not ("cze" or "ger" or "gre" or "per" or "fre" or "ice" or "may" or "dut" or "rum" or "slo" or "chi"))
        .ToFrozenDictionary(code => code.Value, code => code.Key, StringComparer.Ordinal);

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
        return s_shorter.GetValueOrDefault(tag, tag);
    }

    /// <summary>Returns the code of a tag's language (ISO 639-2), or null where none is known.</summary>
    public static string? ToIso639(string? tag)
    {
        const int codeLength = 3;
        var language = tag?.Split('-')[0];
        return language is null or { Length: codeLength } ? language : s_longer.GetValueOrDefault(language);
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
