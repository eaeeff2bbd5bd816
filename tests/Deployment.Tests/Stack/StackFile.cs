using System.Collections.Immutable;
using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace Deployment.Tests.Stack;

/// <summary>stack.yml as it is written, and as faas-cli reads it, with variables substituted.</summary>
internal sealed partial class StackFile
{
    private readonly YamlMappingNode _root;

    private StackFile(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        _root = (YamlMappingNode)stream.Documents[0].RootNode;
    }

    /// <summary>With <c>${…}</c> unchanged.</summary>
    public static StackFile AsWritten { get; } = new(Repository.Read("stack.yml"));

    /// <summary>With each variable replaced by its default, as for someone who set only those that have none.</summary>
    public static StackFile WithDefaults { get; } = new(Variable().Replace(
        Repository.Read("stack.yml"),
        match => match.Groups["default"].Success ? match.Groups["default"].Value : $"<{match.Groups["name"].Value}>"));

    /// <summary>The variables without a default.</summary>
    public static IEnumerable<string> RequiredVariables =>
        Variable().Matches(Repository.Read("stack.yml"))
            .Where(match => !match.Groups["default"].Success)
            .Select(match => match.Groups["name"].Value);

    /// <summary>How many dollar signs there are.</summary>
    public static int Dollars => Repository.Read("stack.yml").Count(c => c == '$');

    public static int Variables => Variable().Count(Repository.Read("stack.yml"));

    public IEnumerable<string> Keys => KeysOf(_root);

    public IEnumerable<string> ProviderKeys => KeysOf(Map(_root, "provider"));

    public IEnumerable<string> ConfigurationKeys => KeysOf(Map(_root, "configuration"));

    public ImmutableArray<string> CopiedPaths => Texts(Map(_root, "configuration"), "copy");

    public ImmutableArray<StackFunction> Functions =>
        [.. Map(_root, "functions").Select(pair => new StackFunction(Text(pair.Key), (YamlMappingNode)pair.Value))];

    public StackFunction this[string name] => Functions.Single(function => function.Name == name);

    internal static IEnumerable<string> KeysOf(YamlMappingNode map) => map.Children.Keys.Select(Text);

    internal static string Text(YamlNode node) => ((YamlScalarNode)node).Value!;

    internal static YamlMappingNode Map(YamlMappingNode map, string key) =>
        map.Children.TryGetValue(new YamlScalarNode(key), out var value) ? (YamlMappingNode)value : [];

    internal static ImmutableArray<string> Texts(YamlMappingNode map, string key) =>
        map.Children.TryGetValue(new YamlScalarNode(key), out var value) ? [.. ((YamlSequenceNode)value).Select(Text)] : [];

    [GeneratedRegex(@"\$\{(?<name>[A-Z0-9_]+)(:-(?<default>[^}]*))?\}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Variable();
}

/// <summary>One function of stack.yml.</summary>
internal sealed record StackFunction(string Name, YamlMappingNode Node)
{
    public IEnumerable<string> Keys => StackFile.KeysOf(Node);

    public ImmutableArray<string> Secrets => StackFile.Texts(Node, "secrets");

    public ImmutableArray<string> BuildOptions => StackFile.Texts(Node, "build_options");

    public string Lang => Text("lang");

    public string Handler => Text("handler");

    /// <summary>The text of a scalar directly under the function, or an empty one.</summary>
    public string Text(string key) => Node.Children.TryGetValue(new YamlScalarNode(key), out var value) ? StackFile.Text(value) : "";

    /// <summary>A map of texts under the function: environment, labels, limits and their like.</summary>
    public ImmutableSortedDictionary<string, string> Map(string key) =>
        StackFile.Map(Node, key).ToImmutableSortedDictionary(pair => StackFile.Text(pair.Key), pair => StackFile.Text(pair.Value), StringComparer.Ordinal);
}
