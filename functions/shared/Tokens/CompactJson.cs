using System.Buffers.Text;
using System.Text.Json;

namespace Reelseal.Tokens;

/// <summary>Reads the JSON objects in a token's compact form (RFC 7515, section 3.1).</summary>
/// <remarks>It reads strictly: text that two parsers could understand differently is refused.</remarks>
internal static class CompactJson
{
    private static readonly JsonDocumentOptions s_strict = new() { AllowDuplicateProperties = false };

    /// <summary>Reads an object; dispose of it.</summary>
    /// <returns>The object, or null when the text is not one.</returns>
    public static JsonDocument? Read(ReadOnlySpan<char> base64Url)
    {
        try
        {
            var document = JsonDocument.Parse(Base64Url.DecodeFromChars(base64Url), s_strict);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return document;
            document.Dispose();
            return null;
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException)
        {
            return null; // InvalidOperationException: a property's name is not valid Unicode
        }
    }

    /// <summary>Reads a string.</summary>
    /// <returns>The string, or null when it is absent or not a string.</returns>
    public static string? Text(this JsonElement json, string name) => json.TryGetProperty(name, out var value) ? TextOf(value) : null;

    /// <summary>Reads a string; null when it is absent or JSON's null.</summary>
    /// <returns>Whether it is absent, null or a string.</returns>
    public static bool TryReadText(this JsonElement json, string name, out string? text)
    {
        text = json.Text(name);
        return text is not null || !json.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null;
    }

    /// <summary>Reads a NumericDate (RFC 7519, section 2), rounded down to seconds; null when it is absent.</summary>
    /// <returns>Whether it is absent, or a time up to the year 9999.</returns>
    public static bool TryReadTime(this JsonElement json, string name, out DateTimeOffset? time)
    {
        time = null;
        if (!json.TryGetProperty(name, out var value))
            return true;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var seconds) || seconds is not (>= 0 and < 253_402_300_800))
            return false;
        time = DateTimeOffset.FromUnixTimeSeconds((long)seconds);
        return true;
    }

    /// <summary>Reads a string or an array of strings; null when it is absent.</summary>
    /// <returns>Whether it is absent, a string or an array of strings.</returns>
    public static bool TryReadTexts(this JsonElement json, string name, out IReadOnlyList<string>? texts)
    {
        texts = null;
        if (!json.TryGetProperty(name, out var value))
            return true;
        var found = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().Select(TextOf).ToList() : [TextOf(value)];
        texts = found.OfType<string>().ToList();
        return texts.Count == found.Count;
    }

    private static string? TextOf(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null; // not valid Unicode: bytes that are not UTF-8, or half of a surrogate pair
        }
    }
}
