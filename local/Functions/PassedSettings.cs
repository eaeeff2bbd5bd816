using System.Text.RegularExpressions;

namespace Reelseal.Local.Functions;

/// <summary>The functions' settings in this process's environment: those that stack.yml takes from there in a deployment, too.</summary>
internal static partial class PassedSettings
{
    /// <param name="stack">The text of stack.yml.</param>
    /// <param name="value">Returns the environment variable of a name, or null.</param>
    /// <returns>Those that are set, but for the store's and the distribution's: here, both are this program's own.</returns>
    public static IReadOnlyDictionary<string, string> Of(string stack, Func<string, string?> value) =>
        Passed().Matches(stack).Select(match => match.Groups["name"].Value).Distinct(StringComparer.Ordinal)
            .Where(name => name is not ("AWS_REGION" or "S3_BUCKET" or "S3_ENDPOINT" or "CLOUDFRONT_URL" or "KEY_PAIR_ID"))
            .Where(name => value(name) is { Length: > 0 })
            .ToDictionary(name => name, name => value(name)!, StringComparer.Ordinal);

    /// <summary>A variable that stack.yml sets to the one of the same name.</summary>
    [GeneratedRegex(@"^ {6}(?<name>[A-Z][A-Z0-9_]*): ""\$\{\k<name>[:}]", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Passed();
}
