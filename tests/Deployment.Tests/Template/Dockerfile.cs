namespace Deployment.Tests.Template;

/// <summary>The template's Dockerfile, read far enough to do by hand what an engine would.</summary>
internal sealed class Dockerfile
{
    private readonly List<(string Name, string Arguments)> _instructions = [];

    public Dockerfile(string text)
    {
        var joined = text.Replace("\\\n", " ", StringComparison.Ordinal);
        foreach (var line in joined.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#'))
        {
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            _instructions.Add((line[..space], line[(space + 1)..].Trim()));
        }
    }

    public static Dockerfile OfTemplate { get; } = new(Repository.Read("template/csharp-httprequest/Dockerfile"));

    public IEnumerable<string> All(string instruction) => _instructions.Where(found => found.Name == instruction).Select(found => found.Arguments);

    public string Last(string instruction) => All(instruction).Last();

    /// <summary>The variables of the last ENV.</summary>
    public IReadOnlyDictionary<string, string> Environment => Last("ENV")
        .Split(' ', StringSplitOptions.RemoveEmptyEntries)
        .Select(pair => pair.Split('=', 2))
        .ToDictionary(pair => pair[0], pair => pair[1].Trim('"'), StringComparer.Ordinal);
}
