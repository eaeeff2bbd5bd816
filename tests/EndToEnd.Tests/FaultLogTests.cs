using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Reelseal.Local;
using Reelseal.Storage;
using Reelseal.Testing;
using Reelseal.Tokens;

namespace Reelseal.EndToEnd.Tests;

/// <summary>What an operator reads when a dependency of a function fails.</summary>
public sealed class FaultLogTests
{
    private const string SecretKey = "the-store-s-secret-access-key";

    [Fact(Timeout = 120_000)]
    public async Task A_store_error_is_one_line_with_the_call_id_the_dependency_and_the_reason()
    {
        Published.Require();
        var cancellation = TestContext.Current.CancellationToken;
        using var folder = new TemporaryDirectory();
        using var nobody = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        nobody.Start();
        var lines = new ConcurrentQueue<(string Function, string Line)>();
        var options = new LocalOptions
        {
            Store = new DirectoryObjectStore(folder.Path, TimeSpan.FromSeconds(5)),
            Settings = new TestBucket(new($"http://{nobody.LocalEndpoint}"), "media", "accesskey", SecretKey).Environment,
            OnFunctionLine = (function, line) => lines.Enqueue((function, line)),
        };
        nobody.Stop();
        await using var system = await LocalSystem.StartAsync(options, cancellation);
        var token = system.Tokens.Mint(new() { Scopes = [Scopes.Ingest, Scopes.Play] });
        using var http = new HttpClient();

        foreach (var function in (string[])[LocalSystem.SignPlaylist, LocalSystem.IngestVideo])
        {
            var call = Guid.NewGuid().ToString();
            using var request = new HttpRequestMessage(HttpMethod.Get, $"{system.Gateway}/function/{function}/videos/{VideoId.New()}");
            request.Headers.Authorization = new("Bearer", token);
            request.Headers.Add("X-Call-Id", call);
            using var answer = await http.SendAsync(request, cancellation);
            Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);

            string[] OfCall() =>
                [.. lines.Where(line => line.Function == function && line.Line.Contains(call, StringComparison.Ordinal)).Select(line => line.Line)];
            for (var waited = 0; OfCall() is [] && waited < 100; waited++)
                await Task.Delay(50, cancellation);
            using var line = JsonDocument.Parse(Assert.Single(OfCall()));
            var entry = line.RootElement;
            Assert.Equal("Error", entry.GetProperty("LogLevel").GetString());
            Assert.Equal("object store", entry.GetProperty("State").GetProperty("Dependency").GetString());
            Assert.Contains("Connection refused", entry.GetProperty("State").GetProperty("Reason").GetString(), StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", line.RootElement.GetRawText(), StringComparison.Ordinal);
            Assert.Contains(entry.GetProperty("Scopes").EnumerateArray(), scope => scope.TryGetProperty("CallId", out var id) && id.GetString() == call);
        }

        foreach (var (name, process) in system.Functions)
        {
            using var health = await http.GetAsync(new Uri(process.Address, "/_/health"), cancellation);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
            Assert.Contains(
                "\"object store\":[{\"status\":\"fail\",\"output\":\"The object store cannot be reached",
                await health.Content.ReadAsStringAsync(cancellation),
                StringComparison.Ordinal);
            await ApiDocument.Of(name).Find(HttpMethod.Get, "/health")!.AssertDescribesAsync(health);
            using var ready = await http.GetAsync(new Uri(process.Address, "/_/ready"), cancellation); // it can do without for a while
            Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        }

        Assert.All(lines, line =>
        {
            Assert.DoesNotContain(token.Split('.')[2], line.Line, StringComparison.Ordinal);
            Assert.DoesNotContain(SecretKey, line.Line, StringComparison.Ordinal);
        });
    }
}
