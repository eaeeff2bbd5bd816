using System.Text.RegularExpressions;
using Xunit;

namespace Reelseal.Testing;

/// <summary>The settings of one function in docs/settings.md, compared with those that stack.yml sets and those that the function reads.</summary>
public sealed class SettingsPage
{
    /// <summary>Read by the AWS SDK and not by the function's own code.</summary>
    private const string ReadByOthers = "AWS_SHARED_CREDENTIALS_FILE";

    /// <summary>For one machine: stack.yml deploys to a bucket.</summary>
    private static readonly string[] s_notDeployed = ["STORE_DIRECTORY", "STORE_URL"];

    private readonly string _function;
    private readonly SortedDictionary<string, string> _defaults = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _secrets = new(StringComparer.Ordinal);

    /// <param name="function">The function's name, which is the heading of its section.</param>
    public SettingsPage(string function)
    {
        _function = function;
        var section = "";
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "settings.md")))
        {
            if (line.StartsWith("## ", StringComparison.Ordinal))
                section = line[3..];
            else if ((section == function || section == "Both functions") && Match("^\\| `(reelseal-[a-z-]+)` \\|", line) is { } secret)
                _secrets.Add(secret.Groups[1].Value);
            else if ((section == function || section == "Both functions") && Match("^\\| `([A-Z0-9_]+)` \\| (?:`([^`]+)`)? *\\|", line) is { } setting)
                _defaults.Add(setting.Groups[1].Value, setting.Groups[2].Value);
        }
    }

    /// <summary>Fails the test unless the function has exactly these settings, with these defaults.</summary>
    /// <param name="read">What the function has read, with everything set that makes it read more.</param>
    public void AssertIsRead(Settings read)
    {
        Assert.Equal(_defaults.Keys.Where(name => name != ReadByOthers), read.Defaults.Keys);
        foreach (var (name, value) in read.Defaults)
            Assert.True(Equals(Parse(_defaults[name], value), value),
                $"{name} is {value ?? "unset"} by default, not \"{_defaults[name]}\" as docs/settings.md has it.");
    }

    /// <summary>Fails the test unless stack.yml gives the function exactly these settings and secrets, with these defaults.</summary>
    public void AssertIsDeployed()
    {
        var function = YamlDocument.Read(Path.Combine(AppContext.BaseDirectory, "stack.yml"))["functions"]![_function]!;
        // Names in lower case are of-watchdog's, DOTNET_… the runtime's.
        var deployed = function["environment"]!.AsObject().Where(setting => Match("^(?!DOTNET_)[A-Z0-9_]+$", setting.Key) is not null).ToList();
        Assert.Equal(_defaults.Keys.Except(s_notDeployed), deployed.Select(setting => setting.Key).Order(StringComparer.Ordinal));
        foreach (var (name, value) in deployed.Where(setting => setting.Key != ReadByOthers))
        {
            var variable = Match("^\\$\\{([A-Z0-9_]+)(?::-(.*))?\\}$", value!.ToString());
            Assert.True(variable?.Groups[1].Value == name, $"stack.yml gives {name} the value {value} and not that of the variable of its name.");
            Assert.True(variable!.Groups[2].Value == _defaults[name],
                $"stack.yml gives {name} the default \"{variable.Groups[2].Value}\", docs/settings.md \"{_defaults[name]}\".");
        }
        // Each function's AWS credentials are a secret too, which the AWS SDK reads.
        Assert.Equal(_secrets,
            function["secrets"]!.AsArray().Select(secret => secret!.GetValue<string>())
            .Where(secret => !secret.StartsWith("reelseal-aws-", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    /// <summary>Reads a default as the function would read it from its environment.</summary>
    private static object? Parse(string text, object? type) => text.Length == 0 ? null : type switch
    {
        TimeSpan => new Settings(_ => text, "").Duration("value", TimeSpan.Zero),
        long => new Settings(_ => text, "").Number("value", 0),
        bool => new Settings(_ => text, "").Flag("value", fallback: false),
        _ => text,
    };

    private static Match? Match(string pattern, string text) =>
        Regex.Match(text, pattern, RegexOptions.None, TimeSpan.FromSeconds(1)) is { Success: true } match ? match : null;
}
