using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Reelseal.Benchmarks.Servers;
using Reelseal.Local.Playback;
using Reelseal.Storage;
using Reelseal.Testing;
using Reelseal.Tokens;

namespace Reelseal.Benchmarks;

/// <summary>The rows about sign-playlist under load: the same playlist again and again, the token checked each time.</summary>
/// <param name="bench">The playlists, the keys and the programs.</param>
/// <param name="table">Where the rows go.</param>
/// <param name="scale">How long to measure: 1 for the table in docs/benchmarks.md, less for a smoke test.</param>
internal sealed class WarmRows(SigningBench bench, Table table, double scale)
{
    private const int Connections = 16;
    private const string AcceptEncoding = "Accept-Encoding: gzip";

    public IReadOnlyList<(string Name, Func<Task> Measure)> All =>
        [("sign.warm_vs_static", StaticAsync), ("sign.warm_es256_vs_static", EllipticAsync), ("sign.warm_vs_article", ArticleAsync),
            ("sign.revocations", RevocationsAsync), ("sign.p99_under_ingest", UnderIngestAsync)];

    private async Task StaticAsync()
    {
        await using var function = await bench.StartFunctionAsync();
        await AgainstStaticAsync("sign.warm_vs_static", Goal.Least(0.8), function, bench.Token());
    }

    private async Task EllipticAsync()
    {
        using var key = IssuerKey.P256("bench");
        await using var issuer = await TokenIssuer.StartAsync();
        issuer.Keys = [key];
        await using var function = await bench.StartFunctionAsync(("TOKEN_ISSUER", issuer.Address));
        var token = key.Sign(new JsonObject
        {
            ["iss"] = issuer.Address, ["aud"] = "reelseal", ["scope"] = Scopes.Play,
            ["exp"] = DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeSeconds(),
        });
        await AgainstStaticAsync("sign.warm_es256_vs_static", goal: null, function, token);
    }

    private async Task AgainstStaticAsync(string name, Goal? goal, ServerProcess function, string token)
    {
        var key = await bench.NewPlaylistAsync(SigningBench.Segments);
        await using var nginx = await Nginx.StartAsync(Path.Combine(bench.Folder.FullName, "nginx"), await bench.FetchAsync(function.Address, key, token));
        await WarmAsync(function, key, token);
        table.Add(new(name, "ratio", goal, await Rounds.RatiosAsync(
            Rounds.At(scale, 30), // short ones: what disturbs the machine comes and goes within seconds
            () => RateAsync(function, key, token, Seconds(2)),
            async () => (await Wrk.RunAsync(new Uri(nginx.Address, "playlist.m3u8").AbsoluteUri, Seconds(2), Connections, AcceptEncoding)).RequestsPerSecond)));
    }

    private async Task ArticleAsync()
    {
        await using var function = await bench.StartFunctionAsync();
        await using var article = await bench.StartArticleAsync();
        var (key, token) = (await bench.NewPlaylistAsync(SigningBench.Segments), bench.Token());
        var (ours, theirs) = (await bench.FetchAsync(function.Address, key), await bench.FetchAsync(article.Address, key));
        table.Add(new("sign.bytes_vs_article", "ratio", Goal.Most(0.03), [(double)ours.Length / theirs.Length]));
        await WarmAsync(function, key, token);
        table.Add(new("sign.warm_vs_article", "ratio", Goal.Least(10_000), await Rounds.RatiosAsync(
            Rounds.At(scale, 10),
            () => RateAsync(function, key, token, Seconds(4)),
            // One answer takes it seconds: more connections would wait for one another.
            async () => (await Wrk.RunAsync(
                new Uri(article.Address, key).AbsoluteUri, int.Max(8, Seconds(15)), connections: 1, AcceptEncoding)).RequestsPerSecond)));
    }

    /// <summary>
    /// The rate with a hundred thousand revoked tokens, all of which have been tried, relative to the rate with none.
    /// The token in use has a name of its own and of its user.
    /// </summary>
    private async Task RevocationsAsync()
    {
        var (with, without) = (bench.Folder.CreateSubdirectory("revoked"), bench.Folder.CreateSubdirectory("unrevoked"));
        var count = (int)(100_000 * double.Min(1, scale));
        var token = bench.Token(id: "in use", subject: "someone");
        await using var function = await bench.StartFunctionAsync(with);
        await using var other = await bench.StartFunctionAsync(without);
        await SigningBench.RevokeAsync(new DirectoryObjectStore(with.FullName, TimeSpan.FromSeconds(10)), Enumerable.Range(0, count).Select(id => $"{id}"));
        var (key, otherKey) = (await NewPlaylistAsync(with), await NewPlaylistAsync(without));
        await bench.AssertRefusedAsync(function.Address, key, Enumerable.Range(0, count).Select(id => bench.Token(id: $"{id}", subject: "someone")));
        await WarmAsync(function, key, token);
        await WarmAsync(other, otherKey, token);
        table.Add(new("sign.revocations", "ratio", Goal.Least(0.95), await Rounds.RatiosAsync(
            Rounds.At(scale, 30), () => RateAsync(function, key, token, Seconds(2)), () => RateAsync(other, otherKey, token, Seconds(2)))));

        static Task<string> NewPlaylistAsync(DirectoryInfo folder) =>
            SigningBench.NewPlaylistAsync(SigningBench.Segments, new DirectoryObjectStore(folder.FullName, TimeSpan.FromSeconds(10)));
    }

    private async Task UnderIngestAsync()
    {
        await using var function = await bench.StartFunctionAsync();
        await using var ingest = await bench.StartIngestAsync();
        var (key, token) = (await bench.NewPlaylistAsync(SigningBench.Segments), bench.Token());
        await WarmAsync(function, key, token);
        var clip = Path.Combine(bench.Folder.FullName, "clip.mp4");
        await Clip.CreateAsync(clip, TimeSpan.FromSeconds(60), 1920, 1080, default);
        async Task<double> P99() => (await LoadAsync(function, key, token, Seconds(4))).P99.TotalSeconds;

        using var client = new HttpClient { BaseAddress = ingest.Address };
        client.DefaultRequestHeaders.Authorization = new("Bearer", bench.Token(Scopes.Ingest));
        async Task<double> UnderIngest()
        {
            var video = VideoId.New();
            await using var source = File.OpenRead(clip);
            using var upload = new HttpRequestMessage(HttpMethod.Post, "/") { Content = new StreamContent(source) };
            upload.Headers.Add("X-Call-Id", video.ToString());
            var transcode = client.SendAsync(upload);
            while (await StateAsync(client, video) != "transcoding")
                await Task.Delay(50);
            var p99 = await P99();
            if (await StateAsync(client, video) != "transcoding")
                throw new InvalidOperationException("The transcode ended before the load did.");
            using var deleted = await client.DeleteAsync($"/videos/{video}");
            deleted.EnsureSuccessStatusCode();
            (await transcode).Dispose();
            return p99;
        }
        table.Add(new("sign.p99_under_ingest", "ratio", Goal.Most(5), await Rounds.RatiosAsync(Rounds.At(scale, 5), UnderIngest, P99)));
    }

    private static async Task<string?> StateAsync(HttpClient client, VideoId video)
    {
        using var response = await client.GetAsync($"/videos/{video}");
        return response.IsSuccessStatusCode ? (string?)(await response.Content.ReadFromJsonAsync<JsonNode>())?["state"] : null;
    }

    /// <summary>Until the runtime has compiled what runs often in its final form, on the same core: a million requests.</summary>
    private async Task WarmAsync(ServerProcess function, string key, string token) => await LoadAsync(function, key, token, Seconds(60));

    private static async Task<double> RateAsync(ServerProcess function, string key, string token, int seconds) =>
        (await LoadAsync(function, key, token, seconds)).RequestsPerSecond;

    private static Task<Load> LoadAsync(ServerProcess function, string key, string token, int seconds) =>
        Wrk.RunAsync(new Uri(function.Address, key).AbsoluteUri, seconds, Connections, AcceptEncoding, $"Authorization: Bearer {token}");

    private int Seconds(int seconds) => int.Max(1, (int)(seconds * scale));
}
