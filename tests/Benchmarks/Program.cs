using System.Globalization;
using Reelseal.Benchmarks;
using Reelseal.Benchmarks.Servers;

// Benchmarks [SCALE [ROWS]]: measures everything, or the rows whose names begin like that; prints a table and writes artifacts/bench.json.
// Run from the repository's root, as `make bench` does.
var scale = args is [var text, ..] ? double.Parse(text, CultureInfo.InvariantCulture) : 1;
var rows = args is [_, var prefix] ? prefix : "";
var table = new Table(Console.Out);
await using (var bench = await SigningBench.CreateAsync())
{
    foreach (var (name, measure) in new WarmRows(bench, table, scale).All.Concat(new ColdRows(bench, table, scale).All))
    {
        if (name.StartsWith(rows, StringComparison.Ordinal))
            await measure();
    }
}
table.Save(Path.Combine("artifacts", "bench.json"));
