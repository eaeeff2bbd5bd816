using System.Globalization;
using System.Text.Json;

namespace Reelseal.Benchmarks;

/// <summary>Prints rows as they come, and writes all of them to a file at the end.</summary>
internal sealed class Table(TextWriter output)
{
    private readonly List<Row> _rows = [];

    public void Add(Row row)
    {
        if (_rows.Count == 0)
            output.WriteLine($"{"name",-34} {"median",12} {"from",12} {"to",12} {"unit",-6} {"goal",-10} met");
        _rows.Add(row);
        var met = row.Met switch { true => "yes", false => "NO", null => "" };
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{row.Name,-34} {row.Median,12:G4} {row.Runs.Min(),12:G4} {row.Runs.Max(),12:G4} {row.Unit,-6} {row.Goal?.ToString() ?? "reported",-10} {met}"));
    }

    /// <summary>One JSON object a line.</summary>
    public void Save(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllLines(
            path,
            _rows.Select(row => JsonSerializer.Serialize(
                new { name = row.Name, value = row.Median, unit = row.Unit, goal = row.Goal?.ToString(), runs = row.Runs })));
    }
}
