using System.Text.Json;

namespace Reelseal.Infra;

/// <summary>What the stack's configuration has beyond the functions' settings: https addresses, and lists.</summary>
internal static class StackConfiguration
{
    /// <summary>What every name begins with, in the configuration and in messages.</summary>
    public const string Namespace = "reelseal:";

    /// <summary>Adds an error that names the setting. It must not repeat a secret.</summary>
    public static void Refuse(this Settings settings, string name, string reason) => settings.AddError($"{name} {reason}.");

    /// <summary>Reads an https address without user, query and fragment, or adds an error and returns null.</summary>
    public static Uri? HttpsAddress(this Settings settings, string name, string text)
    {
        if (Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme == Uri.UriSchemeHttps
            && address is { Query: "", UserInfo: "", Fragment: "" })
        {
            return address;
        }
        settings.Refuse(name, $"is \"{text}\", which is not an https address");
        return null;
    }

    /// <summary>Reads a list of strings; a string alone is a list of one.</summary>
    public static IReadOnlyList<string> List(this Settings settings, string name)
    {
        if (settings.Text(name) is not { } text)
            return [];
        if (!text.StartsWith('['))
            return [text];
        try
        {
            if (JsonSerializer.Deserialize<List<string?>>(text) is { } list && list.All(item => item is not null))
                return list!;
        }
        catch (JsonException)
        {
            // Reported below, without the text: it may hold a key.
        }
        settings.Refuse(name, "is not a list of strings");
        return [];
    }
}
