using System.Buffers.Text;
using System.Text.Json;

namespace Reelseal.Tokens;

/// <summary>The JSON objects in a token's compact form (RFC 7515, section 3.1), read strictly: what two readers could understand differently is no JSON here.</summary>
internal static class CompactJson
{
    private static readonly JsonDocumentOptions s_strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    /// <summary>The object, or null when the text is none; dispose of it.</summary>
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
            return null; // the last one: a name that is no Unicode
        }
    }

    /// <summary>A text, or null when it is absent or no text.</summary>
    public static string? Text(this JsonElement json, string name) => json.TryGetProperty(name, out var value) ? TextOf(value) : null;

    /// <summary>A NumericDate (RFC 7519, section 2), rounded down to seconds; null when it is absent.</summary>
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

    /// <summary>A text or a list of texts; null when it is absent.</summary>
    /// <returns>Whether it is absent, or what it should be.</returns>
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
            return null; // no Unicode: bytes that are no UTF-8, or half of a surrogate pair
        }
    }
}
