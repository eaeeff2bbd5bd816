using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Reelseal.Storage;
using Reelseal.Testing;
using Reelseal.Tokens;

namespace IngestVideo.Tests;

/// <summary>Every route is closed to every token that must not open it, and nothing happens. A new route without a row here fails.</summary>
public sealed class ClosedTests(ClosedTests.OneHost host) : IClassFixture<ClosedTests.OneHost>
{
    private const int Limit = 60_000;
    private const string Video = "3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77";
    private const string Other = "7b2c9d1e-0000-4000-8000-000000000001";
    private const string List = "GET /videos";

    /// <summary>Is for replicas, whose tokens are of another kind: no bearer opens it.</summary>
    private const string Chunks = "POST /chunks";

    /// <summary>Method and pattern of each route, and a request to it; those that name no video in the path do so in X-Call-Id.</summary>
    private static readonly Dictionary<string, (string Path, string? Json)> s_routes = new(StringComparer.Ordinal)
    {
        ["POST /"] = ("/", null),
        [List] = ("/videos", null),
        ["GET /videos/{id}"] = ($"/videos/{Video}", null),
        ["PATCH /videos/{id}"] = ($"/videos/{Video}", """{"title":"x"}"""),
        ["DELETE /videos/{id}"] = ($"/videos/{Video}", null),
        ["PUT /videos/{id}/poster"] = ($"/videos/{Video}/poster", """{"time":1}"""),
        ["PUT /videos/{id}/subtitles/{language}"] = ($"/videos/{Video}/subtitles/en", "{}"),
        ["DELETE /videos/{id}/subtitles/{language}"] = ($"/videos/{Video}/subtitles/en", null),
        ["POST /uploads"] = ("/uploads", """{"size":1000,"contentType":"video/mp4"}"""),
        ["GET /uploads/{id}"] = ($"/uploads/{Video}", null),
        ["POST /uploads/{id}/complete"] = ($"/uploads/{Video}/complete", """{"parts":[{"number":1,"etag":"\"x\""}]}"""),
        ["DELETE /uploads/{id}"] = ($"/uploads/{Video}", null),
        [Chunks] = ("/chunks", "{}"),
    };

    public static TheoryData<string, string, int> Rows
    {
        get
        {
            var rows = new TheoryData<string, string, int>();
            foreach (var route in s_routes.Keys)
            {
                // A token for other videos may list, and sees only those.
                foreach (var (token, status) in TokenCases.InHeader)
                    rows.Add(route, token, route == Chunks ? 401 : route == List && token.Contains("video", StringComparison.Ordinal) ? 200 : status);
                rows.Add(route, "good, but in the query", 401);
            }
            return rows;
        }
    }

    [Fact]
    public void Every_route_has_a_row() => Assert.Equal(
        s_routes.Keys.Order(StringComparer.Ordinal),
        host.Started.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .SelectMany(route => route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(method => $"{method} {route.RoutePattern.RawText}"))
                .Order(StringComparer.Ordinal));

    [Fact]
    public void Every_route_is_documented() =>
        Assert.Equal(ApiDocument.Of("ingest-video").Routes, s_routes.Keys.Select(ApiDocument.PathOf).Order(StringComparer.Ordinal));

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Rows))]
    public async Task Answers_as_the_token_deserves_and_does_nothing(string route, string token, int status)
    {
        var before = await host.Started.KeysAsync();
        using var answer = token == "good, but in the query"
            ? await SendAsync(host.Started, route, header: null, $"?token={Cases.Good}")
            : await SendAsync(host.Started, route, Cases.Header(token));

        Assert.Equal((HttpStatusCode)status, answer.StatusCode);
        // The id of the call comes back, which here is the video's.
        var body = (await answer.Content.ReadAsStringAsync()).Replace($"\"traceId\":\"{Video}\"", "", StringComparison.Ordinal);
        Assert.DoesNotContain(Video, body, StringComparison.Ordinal);
        Assert.DoesNotContain("ey", body, StringComparison.Ordinal); // how each token begins
        if (status == 401)
        {
            Assert.StartsWith(route == Chunks ? "Chunk" : "Bearer", answer.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
            Assert.True(answer.Headers.CacheControl?.NoStore);
        }
        Assert.Equal(before, await host.Started.KeysAsync());
    }

    [Fact(Timeout = Limit)]
    public async Task Every_route_is_open_to_the_token_that_is_for_it()
    {
        await using var open = await IngestHost.StartAsync();
        await PutStatusAsync(open);
        foreach (var route in s_routes.Keys)
        {
            using var answer = await SendAsync(open, route, "Bearer " + Cases.Good);
            Assert.False(answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.InternalServerError,
                $"{route}: {answer.StatusCode}");
            if (route == List)
                Assert.Contains(Video, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    private static readonly byte[] s_publicKey = PublicKey();

    private static TokenCases Cases => new(IngestHost.Key, Scopes.Ingest, Scopes.Play, Video, Other, DateTimeOffset.UtcNow, s_publicKey);

    private static async Task<HttpResponseMessage> SendAsync(IngestHost host, string route, string? header, string query = "")
    {
        var (path, json) = s_routes[route];
        using var client = host.CreateClient(token: null);
        using var request = new HttpRequestMessage(new(route.Split(' ')[0]), path + query);
        request.Headers.Add("X-Call-Id", Video);
        if (header is not null)
            request.Headers.TryAddWithoutValidation("Authorization", header);
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        else if (request.Method == HttpMethod.Post)
            request.Content = new StringContent("no video");
        return await client.SendAsync(request);
    }

    private static async Task PutStatusAsync(IngestHost host)
    {
        const string time = "2026-11-22T12:00:00Z";
        var status = Encoding.UTF8.GetBytes(
            $$"""{"id":"{{Video}}","state":"ready","progress":1,"renditions":[],"created":"{{time}}","updated":"{{time}}","attempt":"a"}""");
        Assert.NotNull(await host.Store.PutAsync($"status/{Video}.json", new MemoryStream(status), WriteCondition.None, CancellationToken.None));
    }

    private static byte[] PublicKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Encoding.ASCII.GetBytes(key.ExportSubjectPublicKeyInfoPem());
    }

    /// <summary>One function for all rows, with a video to protect.</summary>
    public sealed class OneHost : IAsyncLifetime
    {
        internal IngestHost Started { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            var root = Directory.CreateTempSubdirectory("reelseal-test-").FullName;
            Directory.CreateDirectory(Path.Combine(root, "secrets"));
            await File.WriteAllTextAsync(Path.Combine(root, "secrets", "reelseal-worker-key"), "a key that replicas share, long enough");
            Started = await IngestHost.StartAsync(root, _ => { });
            await PutStatusAsync(Started);
        }

        public ValueTask DisposeAsync() => Started.DisposeAsync();
    }
}
