using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text.Json;

namespace Reelseal.Local.Edge.Signing;

/// <summary>A policy's one statement: what may be fetched, from where, and when.</summary>
/// <param name="Resource">The URLs it covers.</param>
/// <param name="LessThan">Seconds since the epoch: it allows nothing from this time on.</param>
/// <param name="GreaterThan">Seconds since the epoch: it allows nothing up to and including this time; or null.</param>
/// <param name="Source">The client addresses it allows, or null for all.</param>
internal sealed record PolicyDocument(ResourcePattern Resource, long LessThan, long? GreaterThan, AddressRange? Source)
{
    private static readonly JsonDocumentOptions s_json = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    public bool Allows(ViewerUrl url, IPAddress? viewer, DateTimeOffset now)
    {
        var second = now.ToUnixTimeSeconds();
        return second < LessThan
            && (GreaterThan is null || second > GreaterThan)
            && (Source is not { } range || (viewer is not null && range.Contains(viewer)))
            && Resource.Matches(url);
    }

    /// <summary>Reads a custom policy. Refuses everything that the developer guide does not allow, rather than ignoring it.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> json, [NotNullWhen(true)] out PolicyDocument? policy)
    {
        policy = null;
        try
        {
            using var document = JsonDocument.Parse(json, s_json);
            if (HasOnly(document.RootElement, "Statement")
                && document.RootElement.TryGetProperty("Statement", out var statements)
                && statements.ValueKind == JsonValueKind.Array && statements.GetArrayLength() == 1)
                policy = ReadStatement(statements[0]);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // JsonException: not JSON. InvalidOperationException: a string that is not valid UTF-16 (an escaped lone surrogate).
        }
        return policy is not null;
    }

    private static PolicyDocument? ReadStatement(JsonElement statement)
    {
        string? resource = null;
        if (!HasOnly(statement, nameof(Resource), "Condition")
            || (statement.TryGetProperty(nameof(Resource), out var resourceElement) && !TryReadText(resourceElement, out resource))
            || !statement.TryGetProperty("Condition", out var condition)
            || !HasOnly(condition, "DateLessThan", "DateGreaterThan", "IpAddress")
            || !TryReadTime(condition, "DateLessThan", out var lessThan) || lessThan is null
            || !TryReadTime(condition, "DateGreaterThan", out var greaterThan)
            || !TryReadSource(condition, out var source))
            return null;
        return new(new(resource), lessThan.Value, greaterThan, source);
    }

    private static bool TryReadTime(JsonElement condition, string name, out long? seconds)
    {
        seconds = null;
        if (!condition.TryGetProperty(name, out var element))
            return true;
        if (!HasOnly(element, "AWS:EpochTime") || !element.TryGetProperty("AWS:EpochTime", out var time)
            || time.ValueKind != JsonValueKind.Number || !time.TryGetInt64(out var value) || value < 0)
            return false;
        seconds = value;
        return true;
    }

    private static bool TryReadSource(JsonElement condition, out AddressRange? source)
    {
        source = null;
        if (!condition.TryGetProperty("IpAddress", out var element))
            return true;
        if (!HasOnly(element, "AWS:SourceIp") || !element.TryGetProperty("AWS:SourceIp", out var address) || !TryReadText(address, out var text))
            return false;
        source = AddressRange.Parse(text);
        return source is not null;
    }

    private static bool TryReadText(JsonElement element, [NotNullWhen(true)] out string? text)
    {
        text = element.ValueKind == JsonValueKind.String ? element.GetString() : null;
        return text is not null;
    }

    private static bool HasOnly(JsonElement element, params ReadOnlySpan<string> names)
    {
        if (element.ValueKind != JsonValueKind.Object)
            return false;
        foreach (var property in element.EnumerateObject())
        {
            if (!names.Contains(property.Name))
                return false;
        }
        return true;
    }
}
