namespace Reelseal.Local.Functions;

/// <summary>A function published as one executable, and the settings to start it with.</summary>
internal sealed record FunctionProgram
{
    /// <summary>The function's name, as the gateway knows it.</summary>
    public required string Name { get; init; }

    /// <summary>The path of the executable.</summary>
    public required string Executable { get; init; }

    /// <summary>The function's settings.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The folder with the function's secrets, or null when it needs none.</summary>
    public string? SecretsDirectory { get; init; }

    /// <summary>How long it can take to become ready.</summary>
    public TimeSpan StartWithin { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Receives each line that the function writes, as it is written.</summary>
    public Action<string>? OnLine { get; init; }
}
