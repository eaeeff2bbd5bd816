using System.Globalization;
using Reelseal.Benchmarks;
using Reelseal.Benchmarks.Servers;

// Benchmarks [SCALE [ROWS [FILE]]]: measures everything, or the groups of rows whose names begin like that; prints a table and writes
// artifacts/bench.json (artifacts/bench.ROWS.json for some of them), or FILE.
// Run from the repository's root, as `make bench` does.
var scale = args is [var text, ..] ? double.Parse(text, CultureInfo.InvariantCulture) : 1;
var rows = args is [_, var prefix, ..] ? prefix : "";
var file = args is [_, _, var path] ? path : Path.Combine("artifacts", rows.Length == 0 ? "bench.json" : $"bench.{rows}.json");
var table = new Table(Console.Out);
await using (var bench = await SigningBench.CreateAsync())
    await RunAsync([.. new WarmRows(bench, table, scale).All, .. new ColdRows(bench, table, scale).All]);
await using (var bench = new IngestBench())
    await RunAsync([.. new IngestRows(bench, table, scale).All, .. new ChunkRows(bench, table, scale).All]);
table.Save(file);

async Task RunAsync(IReadOnlyList<(string Name, Func<Task> Measure)> groups)
{
    foreach (var (name, measure) in groups)
    {
        if (name.StartsWith(rows, StringComparison.Ordinal))
            await measure();
    }
}
