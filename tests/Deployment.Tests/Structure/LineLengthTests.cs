using System.Collections.Immutable;

namespace Deployment.Tests.Structure;

/// <summary>Lines of C# stay within 160 columns, as .editorconfig says: longer ones cannot be read beside each other in a review.</summary>
public sealed class LineLengthTests
{
    private const int Columns = 160;

    /// <summary>Folders that still have longer lines. A folder without any must leave the list.</summary>
    private static readonly ImmutableArray<string> s_notYet =
    [
        "tests/IngestVideo.Tests",
    ];

    [Fact]
    public void No_line_is_longer_than_160_columns()
    {
        var lines = LongLines().ToList();
        Assert.DoesNotContain(lines, line => !s_notYet.Any(folder => IsIn(line, folder)));
        Assert.All(s_notYet, folder => Assert.Contains(lines, line => IsIn(line, folder)));
    }

    [Fact]
    public void Editors_know_the_limit() => Assert.Contains($"\nmax_line_length = {Columns}\n", Repository.Read(".editorconfig"), StringComparison.Ordinal);

    private static bool IsIn(string line, string folder) => line.StartsWith(folder + "/", StringComparison.Ordinal);

    private static IEnumerable<string> LongLines() =>
        from top in (string[])["functions", "infra", "local", "template", "tests"]
        from file in Directory.EnumerateFiles(Repository.PathOf(top), "*.cs", SearchOption.AllDirectories)
        let path = Path.GetRelativePath(Repository.Root, file)
        where !path.Split('/').Any(name => name is "bin" or "obj" or "node_modules")
        from line in File.ReadLines(file).Index()
        where line.Item.Length > Columns
        select $"{path}:{line.Index + 1} has {line.Item.Length} columns";
}
