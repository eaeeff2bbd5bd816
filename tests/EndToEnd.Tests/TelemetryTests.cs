using System.Text.RegularExpressions;
using Reelseal.Local;
using Reelseal.Testing;
using Reelseal.Tokens;

namespace Reelseal.EndToEnd.Tests;

/// <summary>The telemetry that the published functions send to a collector.</summary>
public sealed class TelemetryTests(CephRgw s3)
{
    [Fact(Timeout = 300_000)]
    public async Task A_video_and_its_playback_are_reported_under_standard_names_and_without_secrets()
    {
        Published.Require();
        var cancellation = TestContext.Current.CancellationToken;
        await using var collector = await OtlpCollector.StartAsync();
        var bucket = await s3.CreateBucketAsync();
        string[] hidden;
        var options = new LocalOptions
        {
            Store = bucket.CreateStore(TimeSpan.FromSeconds(20)),
            Settings = new Dictionary<string, string>(bucket.Environment, StringComparer.Ordinal)
            {
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address,
                ["OTEL_RESOURCE_ATTRIBUTES"] = "deployment.environment.name=a-test",
            },
        };
        await using (var system = await RunningSystem.StartAsync(options, cancellation))
        {
            var ticket = await system.Client.GetTicketAsync(system.Video, until: null, cancellation);
            var token = system.Local.Tokens.Mint(new() { Scopes = [Scopes.Play], Videos = [system.Video], Lifetime = TimeSpan.FromMinutes(5) });
            hidden =
            [
                .. system.Local.SecretTexts, bucket.SecretKey, token, token.Split('.')[2],
                .. ticket.Query!.Split('&').Select(part => part.Split('=', 2)[1]).Where(value => value.Length > 30),
            ];
            using var http = new HttpClient();
            foreach (var _ in (int[])[1, 2])
                await http.GetStringAsync($"{system.Local.Gateway}/function/sign-playlist/videos/{system.Video}/multivariant.m3u8?token={token}", cancellation);
            await http.GetStringAsync(ticket.Url, cancellation);
        } // what is left is sent when a function stops

        var (traces, metrics) = (collector.Traces, collector.Metrics);
        Assert.All(
            ["ingest-video", "sign-playlist", "a-test", "POST /", "GET /videos/{video}/{*path}",
                "http.route", "http.response.status_code", "url.path", "faas.invocation_id",
                "receive", "probe", "transcode", "publish", "fetch playlist", "sign playlist", "server.address"],
            name => Assert.Contains(name, traces, StringComparison.Ordinal));
        // Not compared with this assembly's: the functions may have been published at an earlier commit.
        Assert.Matches(new Regex(@"service\.version.{1,8}\d+\.\d+\.\d+", RegexOptions.Singleline, TimeSpan.FromSeconds(10)), traces);
        Assert.All(
            ["http.server.request.duration", "http.client.request.duration", "dotnet.gc.collections",
                "reelseal.cache.lookups", "reelseal.ingest.active", "reelseal.transcode.speed", "reelseal.published"],
            name => Assert.Contains(name, metrics, StringComparison.Ordinal));
        Assert.DoesNotContain("token=", traces, StringComparison.Ordinal); // no query, not even with its values blanked out
        Assert.All(hidden, secret => Assert.DoesNotContain(secret, traces + metrics, StringComparison.Ordinal));
    }

    [Theory(Timeout = 120_000)]
    [InlineData("", false)]
    [InlineData("http://localhost:4318", true)] // OpenTelemetry's default, asked for: so it would be seen
    public async Task Nothing_is_sent_without_an_endpoint_not_even_to_the_default_one(string endpoint, bool sent)
    {
        Published.Require();
        var cancellation = TestContext.Current.CancellationToken;
        await using var collector = await OtlpCollector.StartAsync();
        using var store = new TemporaryDirectory();
        var options = new LocalOptions
        {
            StoreDirectory = store.Path,
            Settings = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint,
                ["http_proxy"] = collector.Address, // sees what goes to the default port, which need not be free for that
            },
        };
        await using (var system = await LocalSystem.StartAsync(options, cancellation))
        {
            using var http = new HttpClient();
            foreach (var function in (string[])[LocalSystem.IngestVideo, LocalSystem.SignPlaylist])
            {
                using var answer = await http.GetAsync($"{system.Gateway}/function/{function}/health", cancellation);
                Assert.True(answer.IsSuccessStatusCode, $"{function}: {answer}");
            }
        } // what is left is sent when a function stops

        foreach (var function in (string[])[LocalSystem.IngestVideo, LocalSystem.SignPlaylist])
        {
            Assert.Equal(sent, collector.Traces.Contains(function, StringComparison.Ordinal));
            Assert.Equal(sent, collector.Metrics.Contains(function, StringComparison.Ordinal));
        }
    }
}
