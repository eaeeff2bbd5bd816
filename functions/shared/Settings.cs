using System.Globalization;
using Microsoft.Extensions.Options;

namespace Reelseal;

/// <summary>Reads a function's settings once at its start: values from environment variables, secrets from files. Collects every fault, so that all are told at once.</summary>
/// <param name="value">Gives the environment variable of a name, or null.</param>
/// <param name="secretsDirectory">The folder in which each secret is a file of its name.</param>
public sealed class Settings(Func<string, string?> value, string secretsDirectory)
{
    private readonly List<string> _faults = [];
    private readonly SortedDictionary<string, object?> _defaults = new(StringComparer.Ordinal);

    /// <summary>The settings that were read, each with the value that it has when it is not set; null if it has none. A test compares them with docs/settings.md and stack.yml.</summary>
    public IReadOnlyDictionary<string, object?> Defaults => _defaults;

    /// <summary>The settings of this process. OpenFaaS mounts secrets in <c>/var/openfaas/secrets</c>; <c>SECRETS_DIRECTORY</c> moves that.</summary>
    public static Settings FromEnvironment() =>
        new(Environment.GetEnvironmentVariable, Environment.GetEnvironmentVariable("SECRETS_DIRECTORY") ?? "/var/openfaas/secrets");

    /// <summary>The value, or null when the variable is missing or empty: stack.yml's <c>${NAME:-}</c> gives an empty one.</summary>
    public string? Text(string name) => Read(name, otherwise: null);

    /// <summary>The value, or <paramref name="otherwise"/> when the variable is missing or empty.</summary>
    public string Text(string name, string otherwise) => Read(name, otherwise) ?? otherwise;

    public string Required(string name) => Text(name) ?? Fault($"{name} is not set.", "");

    /// <summary>A period in Go's notation, as in OpenFaaS's own settings: <c>90s</c>, <c>5m</c>, <c>24h</c>, <c>250ms</c>.</summary>
    public TimeSpan Duration(string name, TimeSpan otherwise, TimeSpan? most = null) => Read(name, otherwise) switch
    {
        null => otherwise,
        var text when TryParseDuration(text, out var duration) && !(duration > most) => duration,
        var text => Fault($"{name} is \"{text}\", which is not a duration such as 90s, 5m or 24h" + (most is { } limit ? $" of at most {limit.TotalSeconds}s." : "."), otherwise),
    };

    public long Number(string name, long otherwise, long least = 1, long most = long.MaxValue) => Read(name, otherwise) switch
    {
        null => otherwise,
        var text when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most => number,
        var text => Fault($"{name} is \"{text}\", which is not a whole number of at least {least}" + (most < long.MaxValue ? $" and at most {most}." : "."), otherwise),
    };

    public bool Flag(string name, bool otherwise) => Read(name, otherwise) switch
    {
        null => otherwise,
        "true" => true,
        "false" => false,
        var text => Fault($"{name} is \"{text}\", which is neither true nor false.", otherwise),
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
        return Fault($"{name} is \"{text}\", which is none of {string.Join(", ", words)}.", choices[0].Meaning);
    }

    /// <summary>An absolute http or https address, or null when it is not set.</summary>
    public Uri? Address(string name) => Text(name) switch
    {
        null => null,
        var text when Uri.TryCreate(text, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp) => uri,
        var text => Fault<Uri?>($"{name} is \"{text}\", which is not an http or https address.", null),
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
            return Fault<string?>($"The secret {name} cannot be read: {e.Message}", null);
        }
    }

    public string RequiredSecret(string name) => Secret(name) ?? Fault($"The secret {name} is missing.", "");

    /// <summary>Notes a fault that a caller found, and goes on with <paramref name="instead"/> until <see cref="ThrowIfFaulty"/>.</summary>
    public T Fault<T>(string fault, T instead)
    {
        _faults.Add(fault);
        return instead;
    }

    /// <exception cref="OptionsValidationException">A setting is missing or malformed; the exception names every one that is.</exception>
    public void ThrowIfFaulty()
    {
        if (_faults.Count > 0)
            throw new OptionsValidationException(nameof(Settings), typeof(Settings), _faults);
    }

    private string? Read(string name, object? otherwise)
    {
        _defaults[name] = otherwise ?? _defaults.GetValueOrDefault(name);
        return value(name) is { Length: > 0 } text ? text : null;
    }

    private static bool TryParseDuration(string text, out TimeSpan duration)
    {
        var digits = text.AsSpan().TrimEnd("abcdefghijklmnopqrstuvwxyz");
        var unit = text[digits.Length..] switch
        {
            "ms" => TimeSpan.FromMilliseconds(1),
            "s" => TimeSpan.FromSeconds(1),
            "m" => TimeSpan.FromMinutes(1),
            "h" => TimeSpan.FromHours(1),
            _ => TimeSpan.Zero,
        };
        duration = default;
        if (unit == TimeSpan.Zero || !int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count == 0)
            return false;
        if (count > TimeSpan.MaxValue / unit)
            return false;
        duration = unit * count;
        return true;
    }
}
