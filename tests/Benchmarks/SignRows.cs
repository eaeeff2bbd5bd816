using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using Reelseal.Benchmarks.Servers;
using SignPlaylist;
using SignPlaylist.CloudFront;
using SignPlaylist.Playlists;

namespace Reelseal.Benchmarks;

/// <summary>The rows about sign-playlist.</summary>
/// <param name="bench">The playlists, the keys and the programs.</param>
/// <param name="table">Where the rows go.</param>
/// <param name="scale">How long to measure: 1 for the table in the README, less for a smoke test.</param>
internal sealed class SignRows(SigningBench bench, Table table, double scale) : IDisposable
{
    private const int Segments = 1200; // two hours of six-second segments
    private const int Connections = 16;

    private readonly HttpClient _http = new(new SocketsHttpHandler { AutomaticDecompression = System.Net.DecompressionMethods.None });

    public async Task RunAsync()
    {
        await using var function = await bench.StartFunctionAsync();
        await using var article = await bench.StartArticleAsync();
        var key = await bench.NewPlaylistAsync(Segments);
        var ours = await FetchAsync(function.Address, key);
        var theirs = await FetchAsync(article.Address, key);
        await using var nginx = await Nginx.StartAsync(Path.Combine(bench.Folder.FullName, "nginx"), ours);

        await WarmAsync(function, article, nginx, key);
        table.Add(new("sign.bytes_vs_article", "ratio", Goal.Most(0.03), [(double)ours.Length / theirs.Length]));
        await ColdAsync(function, article);
        await ScalingAsync(function);
        await CannedAsync(article);
        await StartAsync();
        await MemoryAsync();
        Allocations();
    }

    public void Dispose() => _http.Dispose();

    private int Times(int rounds) => int.Max(1, (int)(rounds * scale));

    private async Task WarmAsync(ServerProcess function, ServerProcess article, ServerProcess nginx, string key)
    {
        var seconds = int.Max(1, (int)(4 * scale));
        Task<double> Ours(string token) => Wrk.RequestsPerSecondAsync(
            new Uri(function.Address, key).AbsoluteUri, seconds, Connections, "Accept-Encoding: gzip", $"Authorization: Bearer {token}");
        Task<double> Static() => Wrk.RequestsPerSecondAsync(new Uri(nginx.Address, "playlist.m3u8").AbsoluteUri, seconds, Connections, "Accept-Encoding: gzip");
        Task<double> Article() => Wrk.RequestsPerSecondAsync(
            new Uri(article.Address, key).AbsoluteUri, int.Max(4, (int)(15 * scale)), connections: 1, "Accept-Encoding: gzip");

        var token = bench.Token();
        await Ours(token); // warm
        table.Add(new("sign.warm_vs_static", "ratio", Goal.Least(0.8), await Rounds.RatiosAsync(Times(10), () => Ours(token), Static)));
        table.Add(new("sign.warm_vs_article", "ratio", Goal.Least(10_000), await Rounds.RatiosAsync(Times(5), () => Ours(token), Article)));
    }

    private async Task ColdAsync(ServerProcess function, ServerProcess article)
    {
        for (var warm = 0; warm < 20; warm++)
            await FetchAsync(function.Address, await bench.NewPlaylistAsync(Segments));
        table.Add(new("sign.cold_vs_article", "ratio", Goal.Most(0.02), await Rounds.RatiosAsync(
            Times(5),
            async () => await TimeAsync(function.Address, await bench.NewPlaylistAsync(Segments)),
            async () => await TimeAsync(article.Address, await bench.NewPlaylistAsync(Segments)))));
    }

    private async Task ScalingAsync(ServerProcess function) =>
        table.Add(new("sign.scaling", "ratio", Goal.Most(1.2), await Rounds.RatiosAsync(
            Times(15),
            async () => await TimeAsync(function.Address, await bench.NewPlaylistAsync(10 * Segments)),
            async () => 10 * await TimeAsync(function.Address, await bench.NewPlaylistAsync(Segments)))));

    private async Task CannedAsync(ServerProcess article)
    {
        await using var canned = await bench.StartFunctionAsync(("SIGNING_POLICY", "url"));
        for (var warm = 0; warm < 3; warm++)
            await FetchAsync(canned.Address, await bench.NewPlaylistAsync(Segments));
        table.Add(new("sign.canned_vs_article", "ratio", Goal.Most(0.35), await Rounds.RatiosAsync(
            Times(5),
            async () => await TimeAsync(canned.Address, await bench.NewPlaylistAsync(Segments)),
            async () => await TimeAsync(article.Address, await bench.NewPlaylistAsync(Segments)))));
    }

    private async Task StartAsync()
    {
        var key = await bench.NewPlaylistAsync(Segments);
        async Task<double> Ours()
        {
            var start = Stopwatch.GetTimestamp();
            await using var function = await bench.StartFunctionAsync();
            await FetchAsync(function.Address, key);
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        async Task<double> Node(string sign)
        {
            var start = Stopwatch.GetTimestamp();
            await using var node = await bench.StartArticleAsync(sign);
            await FetchAsync(node.Address, key);
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        table.Add(new("sign.start_vs_node", "ratio", Goal.Most(0.4), await Rounds.RatiosAsync(Times(5), Ours, () => Node("each"))));
        table.Add(new("sign.start_vs_node_one", "ratio", Goal.Most(1.2), await Rounds.RatiosAsync(Times(5), Ours, () => Node("one"))));
    }

    /// <summary>10,000 different playlists in a row, cheap ones to write: what the process holds at the end, and what a cold one costs.</summary>
    private async Task MemoryAsync()
    {
        await using var function = await bench.StartFunctionAsync();
        var count = (int)(10_000 * scale);
        var keys = new List<string>();
        for (var i = 0; i < count; i++)
            keys.Add(await bench.NewPlaylistAsync(Segments));
        foreach (var key in keys)
            await FetchAsync(function.Address, key);
        var status = await File.ReadAllLinesAsync($"/proc/{function.Id}/status");
        var resident = status.Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        table.Add(new("sign.memory", "MiB", Goal.Most(200), [double.Parse(resident, CultureInfo.InvariantCulture) / 1024]));
    }

    private void Allocations()
    {
        var playlist = Enumerable.Range(0, Segments).Aggregate(new System.Text.StringBuilder("#EXTM3U\n"), (text, segment) => text.Append(CultureInfo.InvariantCulture, $"#EXTINF:6.000000,\n{segment:D5}.ts\n"));
        var source = new Playlist(System.Text.Encoding.ASCII.GetBytes(playlist.ToString()), "\"e\"");
        if (!PlaylistKey.TryParse(bench.Video.ToString(), "a/720p/playlist.m3u8", out var key))
            throw new InvalidOperationException("The key is not a playlist's.");
        var signature = new UrlSignature(DateTimeOffset.UnixEpoch, new string('p', 180), new string('s', 344), "K2JCJMDEHXQW5F", "SHA256");
        var runs = new List<double>();
        for (var run = 0; run < 5; run++)
        {
            using var output = new MemoryStream(capacity: 2 << 20);
            var before = GC.GetAllocatedBytesForCurrentThread();
            PlaylistSigner.Rewrite(source, key, new(new Uri("https://d111111abcdef8.cloudfront.net")), Delivery.WithOneSignature(throughEdge: false, "", signature), output);
            runs.Add((double)(GC.GetAllocatedBytesForCurrentThread() - before) / output.Length);
        }
        table.Add(new("rewrite.alloc", "ratio", Goal.Most(1.5), runs));
    }

    private async Task<double> TimeAsync(Uri server, string key)
    {
        var start = Stopwatch.GetTimestamp();
        await FetchAsync(server, key);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private async Task<byte[]> FetchAsync(Uri server, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server, key));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bench.Token());
        request.Headers.AcceptEncoding.ParseAdd("gzip");
        using var response = await _http.SendAsync(request);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadAsByteArrayAsync();
    }
}
