using System.Text.Json;
using CliWrap;
using CliWrap.Buffered;
using Reelseal.Local;
using Reelseal.Testing;

namespace Reelseal.EndToEnd.Tests;

/// <summary>That <c>make bench</c> measures what it says. The figures of so short a run mean nothing.</summary>
public class BenchmarkTests
{
    [Fact(Timeout = 600_000)]
    public Task A_short_run_of_some_measures_their_rows() => MeasuresAsync("0.02", "sign.cold", "sign.cold_vs_article", "sign.cold_cpu");

    [Fact(Timeout = 3_600_000)]
    [Trait("Category", "Soak")]
    public Task A_short_run_of_all_measures_every_row() => MeasuresAsync(
        "0.05", "",
        "sign.warm_vs_static", "sign.warm_es256_vs_static", "sign.bytes_vs_article", "sign.warm_vs_article",
        "sign.revocations", "sign.p99_under_ingest", "sign.cold_vs_article", "sign.cold_cpu", "sign.scaling",
        "sign.canned_vs_article", "sign.canned_p256_vs_article", "sign.start_vs_node", "sign.start_vs_node_one", "sign.memory", "rewrite.alloc",
        "ingest.overhead", "ingest.vs_article", "ingest.copy_gain", "ingest.disk_peak", "ingest.vs_encoders", "ingest.playable_vs_ladder",
        "ingest.playable", "ingest.playable_growth", "ingest.playable_hour", "ingest.playable_hevc_vs_ladder", "ingest.upload_memory",
        "chunks.efficiency_2", "chunks.efficiency_2_vs_two_videos", "chunks.bytes", "chunks.ssim", "chunks.cpu", "chunks.cpu_vs_two_videos",
        "chunks.efficiency_8");

    private static async Task MeasuresAsync(string scale, string rows, params string[] names)
    {
        Published.Require();
        foreach (var program in names.Any(name => name.StartsWith("sign.warm", StringComparison.Ordinal)) ? (string[])["wrk", "nginx"] : [])
        {
            if (!(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program))))
                Assert.Skip($"{program} is not installed");
        }
        using var results = new TemporaryDirectory();
        var file = Path.Combine(results.Path, "bench.json");
        // Built beside this program, in the same configuration.
        var dll = Path.Combine(AppContext.BaseDirectory.Replace("EndToEnd.Tests", "Benchmarks", StringComparison.Ordinal), "Benchmarks.dll");
        var bench = await Cli.Wrap("dotnet").WithArguments([dll, scale, rows, file]).WithWorkingDirectory(Repository.Root)
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(TestContext.Current.CancellationToken);

        Assert.True(bench.IsSuccess, bench.StandardError + bench.StandardOutput);
        var measured = (await File.ReadAllLinesAsync(file, TestContext.Current.CancellationToken))
            .Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(names, measured.Select(row => row.GetProperty("name").GetString()));
        Assert.All(measured, row => Assert.All(row.GetProperty("runs").EnumerateArray(), run => Assert.NotEqual(0, run.GetDouble())));
    }
}
