using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Deployment.Tests.Stack;

/// <summary>The settings and secrets that a function reads, found where its source reads them through <c>Settings</c>.</summary>
internal static partial class FunctionSettings
{
    /// <summary>Read, but not set by a deployment: the directories that replace the bucket and the mounted secrets, and the image's PATH.</summary>
    public static readonly ImmutableSortedSet<string> OfOneMachine = ["PATH", "SECRETS_DIRECTORY", "STORE_DIRECTORY", "STORE_URL"];

    public static ImmutableSortedSet<string> ValuesOf(string handler) =>
        Read(handler, name => !name.StartsWith("Secret", StringComparison.Ordinal) && !name.EndsWith("Secret", StringComparison.Ordinal))
            .Except(OfOneMachine);

    public static ImmutableSortedSet<string> SecretsOf(string handler) => Read(handler, name => name.EndsWith("Secret", StringComparison.Ordinal));

    private static ImmutableSortedSet<string> Read(string handler, Func<string, bool> method) => new[] { handler, "functions/shared" }
        .SelectMany(folder => Directory.EnumerateFiles(Repository.PathOf(folder), "*.cs", SearchOption.AllDirectories))
        .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
        .SelectMany(file => Reading().Matches(File.ReadAllText(file)))
        .Where(match => method(match.Groups["method"].Value))
        .Select(match => match.Groups["name"].Value)
        .ToImmutableSortedSet(StringComparer.Ordinal);

    [GeneratedRegex(
        """settings\.(?<method>Text|Required|Duration|Number|Flag|Choice|Address|Secret|RequiredSecret)(<[^>(]+>)?\(\s*"(?<name>[^"]+)"|"""
            + """Environment\.GetEnvironmentVariable\("(?<name>[A-Z][^"]+)"\)""",
        RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Reading();
}
