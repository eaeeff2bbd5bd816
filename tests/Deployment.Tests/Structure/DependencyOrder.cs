using System.Text.RegularExpressions;

namespace Deployment.Tests.Structure;

/// <summary>
/// The order of the parts of a project, from the bottom up, as CONTRIBUTING.md draws it: a part may use only parts before it.
/// Files that are not listed are at the top.
/// </summary>
internal sealed partial class DependencyOrder(IReadOnlyList<string> parts)
{
    public IReadOnlyList<string> Parts => parts;

    /// <summary>Reads the order of a project from the block of lines <c>functions/name  A · B · C</c>; an indented line continues the one before.</summary>
    public static DependencyOrder Read(string contributing, string folder) =>
        Line(folder).Match(contributing) is { Success: true, Groups: var groups }
            ? new(groups[1].Value.Split(['·', '\n', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            : throw new FormatException($"CONTRIBUTING.md does not say in which order the parts of {folder} use each other.");

    /// <summary>The violations of the order in a project, a sentence each.</summary>
    public IEnumerable<string> Violations(SourceCode code)
    {
        var places = parts.Index().ToDictionary(part => part.Item, part => part.Index);
        foreach (var folder in code.Folders.Where(folder => !places.ContainsKey(folder)))
            yield return $"The folder {folder} has no place in the order.";
        foreach (var part in parts.Where(part => !code.Parts.Contains(part)))
            yield return $"{part} is in the order, but not in the code.";
        foreach (var arrow in code.Arrows())
        {
            if (places.TryGetValue(arrow.From, out var from) && !(places.TryGetValue(arrow.To, out var to) && to < from))
                yield return $"{arrow.From} must not use {arrow.To} ({arrow.Where}).";
        }
    }

    private static Regex Line(string folder) => new($@"^{Regex.Escape(folder)} +(.+(?:\n {{2,}}.+)*)", RegexOptions.Multiline, TimeSpan.FromSeconds(10));
}
