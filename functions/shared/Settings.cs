using System.Globalization;
using Root;

namespace Reelseal;

/// <summary>
/// Reads a function's settings once at its start: values from environment variables, secrets from files.
/// Collects every error, so that one message names them all.
/// </summary>
/// <param name="value">Returns the environment variable of a name, or null.</param>
/// <param name="secretsDirectory">The folder in which each secret is a file of its name.</param>
public sealed class Settings(Func<string, string?> value, string secretsDirectory)
{
    private readonly List<string> _errors = [];
    private readonly SortedDictionary<string, object?> _defaults = new(StringComparer.Ordinal);

    /// <summary>A sentence for each setting that is missing or malformed. None repeats a secret.</summary>
    public IReadOnlyList<string> Errors => _errors;

    /// <summary>
    /// The settings that were read, each with the value that it has when it is not set; null if it has none.
    /// A test compares them with docs/settings.md and stack.yml.
    /// </summary>
    public IReadOnlyDictionary<string, object?> Defaults => _defaults;

    /// <summary>The settings of this process. OpenFaaS mounts secrets in <c>/var/openfaas/secrets</c>; <c>SECRETS_DIRECTORY</c> moves that.</summary>
    public static Settings FromEnvironment() =>
        new(Environment.GetEnvironmentVariable, Environment.GetEnvironmentVariable("SECRETS_DIRECTORY") ?? "/var/openfaas/secrets");

    /// <summary>The folder in which each secret is a file of its name.</summary>
    public string SecretsDirectory => secretsDirectory;

    /// <summary>The value, or null when the variable is missing or empty: stack.yml's <c>${NAME:-}</c> gives an empty one.</summary>
    public string? Text(string name) => Read(name, fallback: null);

    /// <summary>The value, or <paramref name="fallback"/> when the variable is missing or empty.</summary>
    public string Text(string name, string fallback) => Read(name, fallback) ?? fallback;

    public string Required(string name) => Text(name) ?? AddError($"{name} is not set.", fallback: "");

    /// <summary>A period in Go's notation, as in OpenFaaS's own settings: <c>90s</c>, <c>1h30m</c>, <c>1.5h</c>, <c>250ms</c>.</summary>
    public TimeSpan Duration(string name, TimeSpan fallback, TimeSpan? max = null) => Read(name, fallback) switch
    {
        null => fallback,
        var text when GoDuration.TryParse(text, out var duration) && duration > TimeSpan.Zero && !(duration > max) => duration,
        var text => AddError($"{name} is \"{text}\", which is not a duration such as 90s, 1h30m or 250ms"
            + (max is { } limit ? $" of at most {limit.TotalSeconds}s." : "."), fallback),
    };

    public long Number(string name, long fallback, long min = 1, long max = long.MaxValue) => Read(name, fallback) switch
    {
        null => fallback,
        var text when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max => number,
        var text => AddError($"{name} is \"{text}\", which is not a whole number of at least {min}"
            + (max < long.MaxValue ? $" and at most {max}." : "."), fallback),
    };

    public bool Flag(string name, bool fallback) => Read(name, fallback) switch
    {
        null => fallback,
        "true" => true,
        "false" => false,
        var text => AddError($"{name} is \"{text}\", which is neither true nor false.", fallback),
    };

    /// <summary>One of the words that <paramref name="choices"/> lists; the first is the default.</summary>
    public T Choice<T>(string name, params ReadOnlySpan<(string Word, T Meaning)> choices)
    {
        if (Read(name, choices[0].Word) is not { } text)
            return choices[0].Meaning;
        var words = new List<string>();
        foreach (var (word, meaning) in choices)
        {
            if (word == text)
                return meaning;
            words.Add(word);
        }
        return AddError($"{name} is \"{text}\", which is none of {string.Join(", ", words)}.", fallback: choices[0].Meaning);
    }

    /// <summary>An absolute http or https address, or <paramref name="fallback"/> when it is not set.</summary>
    public Uri? Address(string name, string? fallback = null) => (Read(name, fallback) ?? fallback) switch
    {
        null => null,
        var text when Uri.TryCreate(text, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp) => uri,
        var text => AddError<Uri?>($"{name} is \"{text}\", which is not an http or https address.", fallback: null),
    };

    /// <summary>The content of a secret without the line ends that editors leave, or null when there is none.</summary>
    public string? Secret(string name)
    {
        var path = Path.Combine(secretsDirectory, name);
        try
        {
            return File.Exists(path) && File.ReadAllText(path).Trim() is { Length: > 0 } secret ? secret : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return AddError<string?>($"The secret {name} cannot be read: {e.Message}", fallback: null);
        }
    }

    public string RequiredSecret(string name) => Secret(name) ?? AddError($"The secret {name} is missing.", fallback: "");

    /// <summary>Adds an error that a caller found, and goes on with <paramref name="fallback"/> until all settings are read.</summary>
    public T AddError<T>(string error, T fallback)
    {
        AddError(error);
        return fallback;
    }

    public void AddError(string error)
    {
        if (!_errors.Contains(error)) // a setting that two parts need is read twice
            _errors.Add(error);
    }

    private string? Read(string name, object? fallback)
    {
        _defaults[name] = fallback ?? _defaults.GetValueOrDefault(name);
        return value(name) is { Length: > 0 } text ? text : null;
    }
}
