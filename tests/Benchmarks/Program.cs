using System.Globalization;
using Reelseal.Benchmarks;
using Reelseal.Benchmarks.Servers;

// Benchmarks [SCALE]: measures everything, prints a table and writes artifacts/bench.json. Run from the repository's root, as `make bench` does.
var scale = args is [var text] ? double.Parse(text, CultureInfo.InvariantCulture) : 1;
var table = new Table(Console.Out);
await using (var bench = await SigningBench.CreateAsync())
using (var rows = new SignRows(bench, table, scale))
    await rows.RunAsync();
table.Save(Path.Combine("artifacts", "bench.json"));
