using System.Diagnostics;
using System.Globalization;
using System.Text;
using Reelseal.Benchmarks.Servers;
using Reelseal.Storage;
using SignPlaylist;
using SignPlaylist.CloudFront;
using SignPlaylist.Playlists;

namespace Reelseal.Benchmarks;

/// <summary>The rows about sign-playlist when it has to work: first requests, other policies, starts, and what it holds.</summary>
/// <param name="bench">The playlists, the keys and the programs.</param>
/// <param name="table">Where the rows go.</param>
/// <param name="scale">How long to measure: 1 for the table in docs/benchmarks.md, less for a smoke test.</param>
internal sealed class ColdRows(SigningBench bench, Table table, double scale)
{
    public IReadOnlyList<(string Name, Func<Task> Measure)> All =>
    [
        ("sign.cold", ColdAsync), ("sign.scaling", ScalingAsync), ("sign.canned_vs_article", CannedAsync),
        ("sign.start", StartAsync), ("sign.memory", MemoryAsync), ("rewrite.alloc", AllocateAsync),
    ];

    private async Task ColdAsync()
    {
        await using var function = await bench.StartFunctionAsync();
        await using var article = await bench.StartArticleAsync();
        for (var warm = 0; warm < 100 * scale; warm++)
            await TimeAsync(function);
        table.Add(new(
            "sign.cold_vs_article", "ratio", Goal.Most(0.02),
            await Rounds.RatiosAsync(Rounds.At(scale, 5), () => TimeAsync(function), () => TimeAsync(article))));
        await ColdProcessorTimeAsync();
    }

    /// <summary>What one first request costs, without S3: the playlists lie in a directory.</summary>
    private async Task ColdProcessorTimeAsync()
    {
        var folder = Directory.CreateDirectory(Path.Combine(bench.Folder.FullName, "store"));
        var store = new DirectoryObjectStore(folder.FullName, TimeSpan.FromSeconds(10));
        await using var function = await bench.StartFunctionAsync(folder);
        var runs = new List<double>();
        const int requests = 100; // the clock of processor time ticks every 10 ms
        for (var round = 0; round < 1 + Rounds.At(scale, 5); round++)
        {
            var before = function.ProcessorTime;
            for (var request = 0; request < requests; request++)
                await bench.FetchAsync(function.Address, await SigningBench.NewPlaylistAsync(SigningBench.Segments, store));
            runs.Add((function.ProcessorTime - before).TotalMilliseconds / requests);
        }
        table.Add(new("sign.cold_cpu", "ms", Goal.Most(3), runs[1..])); // the first round warms it
    }

    private async Task ScalingAsync()
    {
        await using var function = await bench.StartFunctionAsync();
        table.Add(new("sign.scaling", "ratio", Goal.Most(1.2), await Rounds.RatiosAsync(
            Rounds.At(scale, 15), () => TimeAsync(function, 10 * SigningBench.Segments), async () => 10 * await TimeAsync(function))));
    }

    private async Task CannedAsync()
    {
        await using var article = await bench.StartArticleAsync();
        async Task MeasureAsync(string row, Goal? goal, params (string, string)[] key)
        {
            await using var canned = await bench.StartFunctionAsync([("SIGNING_POLICY", "url"), .. key]);
            for (var warm = 0; warm < 3; warm++)
                await TimeAsync(canned);
            table.Add(new(row, "ratio", goal, await Rounds.RatiosAsync(Rounds.At(scale, 5), () => TimeAsync(canned), () => TimeAsync(article))));
        }
        await MeasureAsync("sign.canned_vs_article", Goal.Most(0.35));
        await MeasureAsync("sign.canned_p256_vs_article", null, bench.P256);
    }

    private async Task StartAsync()
    {
        var key = await bench.NewPlaylistAsync(SigningBench.Segments);
        async Task<double> UntilAnswer(Func<Task<ServerProcess>> startServer)
        {
            var start = Stopwatch.GetTimestamp();
            await using var server = await startServer();
            await bench.FetchAsync(server.Address, key);
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        Task<double> Ours() => UntilAnswer(() => bench.StartFunctionAsync());
        table.Add(new(
            "sign.start_vs_node", "ratio", Goal.Most(0.4),
            await Rounds.RatiosAsync(Rounds.At(scale, 5), Ours, () => UntilAnswer(() => bench.StartArticleAsync("each")))));
        table.Add(new(
            "sign.start_vs_node_one", "ratio", Goal.Most(1.2),
            await Rounds.RatiosAsync(Rounds.At(scale, 5), Ours, () => UntilAnswer(() => bench.StartArticleAsync("one")))));
    }

    /// <summary>Many different playlists in a row: what the process holds at the end.</summary>
    private async Task MemoryAsync()
    {
        await using var function = await bench.StartFunctionAsync();
        var count = (int)(10_000 * scale);
        var keys = new List<string>();
        for (var i = 0; i < count; i++)
            keys.Add(await bench.NewPlaylistAsync(SigningBench.Segments));
        foreach (var key in keys)
            await bench.FetchAsync(function.Address, key);
        var status = await File.ReadAllLinesAsync($"/proc/{function.Id}/status");
        var resident = status.Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        table.Add(new("sign.memory", "MiB", Goal.Most(200), [double.Parse(resident, CultureInfo.InvariantCulture) / 1024]));
    }

    private Task AllocateAsync()
    {
        if (!PlaylistKey.TryParse(VideoId.New().ToString(), "a/720p/playlist.m3u8", out var key))
            throw new InvalidOperationException("The key is not a playlist's.");
        var distribution = new Distribution(new Uri("https://d111111abcdef8.cloudfront.net"));
        var source = new Playlist(Encoding.ASCII.GetBytes(SigningBench.MediaPlaylist(SigningBench.Segments)), "\"e\"", key, distribution);
        var signature = new UrlSignature(DateTimeOffset.UnixEpoch, new string('p', 180), new string('s', 344), "K2JCJMDEHXQW5F", "SHA256");
        var runs = new List<double>();
        for (var run = 0; run < 5; run++)
        {
            using var output = new MemoryStream(capacity: 2 << 20);
            var before = GC.GetAllocatedBytesForCurrentThread();
            PlaylistSigner.Rewrite(source, distribution, Delivery.WithOneSignature(viaCloudFront: false, "", signature), output);
            runs.Add((double)(GC.GetAllocatedBytesForCurrentThread() - before) / output.Length);
        }
        table.Add(new("rewrite.alloc", "ratio", Goal.Most(1.5), runs));
        return Task.CompletedTask;
    }

    /// <summary>How long a playlist takes that nobody asked for before, in seconds.</summary>
    private async Task<double> TimeAsync(ServerProcess server, int segments = SigningBench.Segments)
    {
        var key = await bench.NewPlaylistAsync(segments);
        var start = Stopwatch.GetTimestamp();
        await bench.FetchAsync(server.Address, key);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
