namespace Deployment.Tests.Structure;

/// <summary>Lines of C# stay within 160 columns, as .editorconfig says: longer ones cannot be read beside each other in a review.</summary>
public sealed class LineLengthTests
{
    private const int Columns = 160;

    [Fact]
    public void No_line_is_longer_than_160_columns() => Assert.Empty(LongLines());

    [Fact]
    public void Editors_know_the_limit() => Assert.Contains($"\nmax_line_length = {Columns}\n", Repository.Read(".editorconfig"), StringComparison.Ordinal);

    private static IEnumerable<string> LongLines() =>
        from top in (string[])["functions", "infra", "local", "template", "tests"]
        from file in Directory.EnumerateFiles(Repository.PathOf(top), "*.cs", SearchOption.AllDirectories)
        let path = Path.GetRelativePath(Repository.Root, file)
        where !path.Split('/').Any(name => name is "bin" or "obj" or "node_modules")
        from line in File.ReadLines(file).Index()
        where line.Item.Length > Columns
        select $"{path}:{line.Index + 1} has {line.Item.Length} columns";
}
