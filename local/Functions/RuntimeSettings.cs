namespace Reelseal.Local.Functions;

/// <summary>The settings of the .NET runtime from the image and stack.yml, so that a function runs here as it does there.</summary>
internal static class RuntimeSettings
{
    /// <summary>Returns a function's environment variables for the runtime.</summary>
    public static IReadOnlyDictionary<string, string> Of(string function)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["DOTNET_EnableDiagnostics"] = "0" };
        if (function == LocalSystem.SignPlaylist)
            settings["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1";
        return settings;
    }
}
