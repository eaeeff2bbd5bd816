using System.Text.RegularExpressions;

namespace Deployment.Tests.Structure;

/// <summary>One part of the code uses another: <paramref name="From"/> names something that <paramref name="To"/> declares.</summary>
/// <param name="From">A folder, or a file of the top folder.</param>
/// <param name="To">The same.</param>
/// <param name="Where">The file and the text that make the reference.</param>
internal sealed record Arrow(string From, string To, string Where);

/// <summary>
/// The C# files of a project, and which part uses which. A part is a folder directly below the project's, or a file in the project's own folder. Only text is
/// read: a folder is used by a <c>using</c> of its namespace or by a qualified name, a file of the top folder by the bare name of one of its types.
/// </summary>
internal sealed partial class SourceCode
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);

    private readonly string _rootNamespace;
    private readonly List<SourceFile> _files = [];

    /// <param name="rootNamespace">The namespace of the project's own folder.</param>
    /// <param name="files">Paths relative to that folder, with their texts.</param>
    public SourceCode(string rootNamespace, IEnumerable<(string Path, string Text)> files)
    {
        _rootNamespace = rootNamespace;
        foreach (var (path, text) in files)
        {
            var folder = path.Contains('/', StringComparison.Ordinal) ? path[..path.IndexOf('/', StringComparison.Ordinal)] : null;
            _files.Add(new(path, folder ?? Path.GetFileNameWithoutExtension(path), IsInFolder: folder is not null, WithoutTexts(text)));
        }
    }

    /// <summary>Reads a project of this repository.</summary>
    public static SourceCode Read(string folder, string rootNamespace)
    {
        var root = Repository.PathOf(folder);
        var paths = Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(root, path))
            .Where(path => path.Split('/')[0] is not ("bin" or "obj"));
        return new(rootNamespace, paths.Order(StringComparer.Ordinal).Select(path => (path, File.ReadAllText(Path.Combine(root, path)))));
    }

    public IReadOnlySet<string> Folders => _files.Where(file => file.IsInFolder).Select(file => file.Part).ToHashSet();

    public IReadOnlySet<string> Parts => _files.Select(file => file.Part).ToHashSet();

    /// <summary>
    /// Files whose namespace is not that of their folder, and namespaces that are opened for all files at once: neither would show in the arrows.
    /// </summary>
    public IEnumerable<string> Misplaced()
    {
        foreach (var file in _files)
        {
            var expected = file.Path.Contains('/', StringComparison.Ordinal)
                ? $"{_rootNamespace}.{Path.GetDirectoryName(file.Path)!.Replace('/', '.')}"
                : _rootNamespace;
            if (Namespace().Match(file.Text).Groups[1].Value is var actual && actual != expected)
                yield return $"{file.Path} is in the namespace \"{actual}\", not in {expected}.";
            if (GlobalUsing().IsMatch(file.Text))
                yield return $"{file.Path} has a global using.";
        }
    }

    public IEnumerable<Arrow> Arrows()
    {
        var types = _files.GroupBy(file => file.Part).ToDictionary(
            part => part.Key,
            part => part
                .SelectMany(file => Declaration().Matches(file.Text).Select(match => match.Groups[1].Value))
                .ToHashSet());
        foreach (var file in _files)
        {
            foreach (var folder in Folders.Where(folder => folder != file.Part))
            {
                var name = $@"(?:global::)?(?:{Regex.Escape(_rootNamespace)}\.)?{folder}";
                foreach (Match use in Regex.Matches(file.Text, $@"^using (?:static )?(?:\w+ = )?{name}\b[^;]*;", RegexOptions.Multiline, s_limit))
                    yield return new(file.Part, folder, $"{file.Path}: {use.Value}");
                foreach (Match use in Regex.Matches(file.Text, $@"(?<![\w.]){name}\.(\w+)", RegexOptions.None, s_limit))
                {
                    if (types[folder].Contains(use.Groups[1].Value))
                        yield return new(file.Part, folder, $"{file.Path}: {use.Value}");
                }
            }
            foreach (var part in types.Where(part => !Folders.Contains(part.Key) && part.Key != file.Part))
            {
                // The name alone, or behind the root namespace.
                string NameOf(string type) => $@"(?:(?<![\w.])|(?<=(?<![\w.]){Regex.Escape(_rootNamespace)}\.)){type}\b";
                foreach (var type in part.Value.Where(type => Regex.IsMatch(file.Text, NameOf(type), RegexOptions.None, s_limit)))
                    yield return new(file.Part, part.Key, $"{file.Path}: {type}");
            }
        }
    }

    /// <summary>Returns a path from a part back to itself, or null.</summary>
    public static IReadOnlyList<string>? FindCycle(IEnumerable<Arrow> arrows)
    {
        var uses = arrows.ToLookup(arrow => arrow.From, arrow => arrow.To);
        var (done, path) = (new HashSet<string>(), new List<string>());
        return uses.Select(part => Walk(part.Key)).FirstOrDefault(cycle => cycle is not null);

        IReadOnlyList<string>? Walk(string part)
        {
            if (path.IndexOf(part) is >= 0 and var start)
                return [.. path[start..], part];
            if (!done.Add(part))
                return null;
            path.Add(part);
            var cycle = uses[part].Select(Walk).FirstOrDefault(cycle => cycle is not null);
            path.RemoveAt(path.Count - 1);
            return cycle;
        }
    }

    /// <summary>Removes comments and strings, which may name anything, but keeps the code in the braces of interpolated strings.</summary>
    private static string WithoutTexts(string code) => CommentOrText().Replace(code, match =>
        match.Value[0] is '$' || match.Value.StartsWith("@$", StringComparison.Ordinal)
            ? string.Join(' ', Hole().Matches(match.Value).Select(hole => hole.Groups[1].Value))
            : " ");

    [GeneratedRegex(
        """//[^\n]*|/\*.*?\*/|[$@]*\"{3}.*?\"{3}|[$@]*"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])'""",
        RegexOptions.Singleline, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex CommentOrText();

    [GeneratedRegex(@"\{(?<hole>[^{}]*)", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Hole();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+)", RegexOptions.Multiline, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Namespace();

    [GeneratedRegex("^global using ", RegexOptions.Multiline, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex GlobalUsing();

    [GeneratedRegex(
        @"^(?:(?:public|internal|file|static|sealed|abstract|readonly|partial|ref|unsafe) )*"
            + @"(?:class|struct|interface|enum|record struct|record class|record|delegate \S+) (?<name>\w+)",
        RegexOptions.Multiline, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Declaration();

    private sealed record SourceFile(string Path, string Part, bool IsInFolder, string Text);
}
