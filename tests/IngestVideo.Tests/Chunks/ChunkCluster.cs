using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Reelseal.Storage;

namespace IngestVideo.Tests.Chunks;

/// <summary>A lead and workers on one store, and a gateway between them that a test can make fail.</summary>
internal sealed class ChunkCluster : IAsyncDisposable
{
    public const string WorkerKey = "a key that replicas share, long enough";

    private readonly WebApplication _gateway;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = Timeout.InfiniteTimeSpan };
    private readonly ConcurrentQueue<string> _calls = new();
    private readonly List<IngestHost> _workers = [];
    private readonly string _root = Directory.CreateTempSubdirectory("reelseal-test-").FullName;

    private ChunkCluster(WebApplication gateway) => _gateway = gateway;

    public IngestHost Lead { get; private set; } = null!;

    /// <summary>What answers calls, each time one at random.</summary>
    public List<Uri> Replicas { get; } = [];

    /// <summary>What is done with a call; by default it is forwarded to a replica, and its answer returned.</summary>
    public Func<HttpContext, Func<Task>, Task> OnCall { get; set; } = (_, forward) => forward();

    /// <summary>The names of the chunks that were called for, in order.</summary>
    public IReadOnlyCollection<string> Calls => _calls;

    public Uri Address => new(_gateway.Urls.First());

    public static Task<ChunkCluster> StartAsync(int workers = 1, params (string Name, string Value)[] settings) =>
        StartAsync(beforePut: null, workers, settings);

    /// <param name="beforePut">What is done before the lead writes an object.</param>
    /// <param name="workers">How many replicas there are beside the lead.</param>
    /// <param name="settings">Of all.</param>
    public static async Task<ChunkCluster> StartAsync(Func<string, Task>? beforePut, int workers, params (string Name, string Value)[] settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var gateway = builder.Build();
        var cluster = new ChunkCluster(gateway);
        gateway.Run(cluster.ServeAsync);
        await gateway.StartAsync();
        cluster.Lead = await cluster.StartHostAsync(
            "lead", beforePut, [("CHUNK_CALLS", "2"), ("CHUNK_TIMEOUT", "30s"), ("COPY_SOURCE", "false"), .. settings]);
        for (var worker = 0; worker < workers; worker++)
            await cluster.AddWorkerAsync(settings);
        return cluster;
    }

    /// <summary>Starts another replica.</summary>
    public async Task<IngestHost> AddWorkerAsync(params (string Name, string Value)[] settings)
    {
        var host = await StartHostAsync($"worker-{_workers.Count}", beforePut: null, settings);
        _workers.Add(host);
        Replicas.Add(host.Address);
        return host;
    }

    /// <summary>The folder in which a replica has its workspaces.</summary>
    public string WorkDirectoryOf(IngestHost worker) => WorkDirectory($"worker-{_workers.IndexOf(worker)}");

    /// <summary>The settings of a process of the function that leads.</summary>
    public (string Name, string Value)[] LeadSettings =>
        [("CHUNK_CALLS", "2"), ("CHUNK_TIMEOUT", "30s"), ("COPY_SOURCE", "false"), ("FUNCTION_GATEWAY", Address.AbsoluteUri), ("X264_PRESET", "ultrafast")];

    /// <summary>Answers a call as a replica would that has done nothing.</summary>
    public static Task AnswerAsync(HttpContext context, string? failure)
    {
        var call = JsonDocument.Parse(((MemoryStream)context.Items["body"]!).ToArray()).RootElement;
        var name = NameOf(call);
        context.Response.StatusCode = failure is null ? 200 : 422;
        return context.Response.WriteAsync(
            JsonSerializer.Serialize(new { plan = call.GetProperty("plan").GetString(), chunk = name, failure, end = "reelseal" }));
    }

    private static string NameOf(JsonElement call)
    {
        var chunk = call.GetProperty("job").GetProperty("chunk");
        var first = chunk.GetProperty("firstSegment").GetInt32();
        return FormattableString.Invariant($"{first:00000}-{first + chunk.GetProperty("cuts").GetArrayLength() - 1:00000}");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in (IEnumerable<IngestHost>)[Lead, .. _workers])
            await host.DisposeAsync();
        await _gateway.DisposeAsync();
        _http.Dispose();
    }

    private string WorkDirectory(string replica) => Directory.CreateDirectory(Path.Combine(_root, "replicas", replica)).FullName;

    private async Task<IngestHost> StartHostAsync(string name, Func<string, Task>? beforePut, params (string Name, string Value)[] settings)
    {
        var secrets = Directory.CreateDirectory(Path.Combine(_root, "secrets")).FullName;
        await File.WriteAllTextAsync(Path.Combine(secrets, "reelseal-worker-key"), WorkerKey);
        var store = new DirectoryObjectStore(Path.Combine(_root, "store"), TimeSpan.FromSeconds(5));
        return await IngestHost.StartAsync(
            _root, services => services.AddSingleton<IObjectStore>(beforePut is null ? store : new ChangedStore(store, beforePut)),
            [("FUNCTION_GATEWAY", Address.AbsoluteUri), ("WORK_DIRECTORY", WorkDirectory(name)), .. settings]);
    }

    private async Task ServeAsync(HttpContext context)
    {
        Assert.Equal("/function/ingest-video/chunks", context.Request.Path);
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        context.Items["body"] = body;
        _calls.Enqueue(NameOf(JsonDocument.Parse(body.ToArray()).RootElement));
        await OnCall(context, async () =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Random.Shared.GetItems(Replicas.ToArray(), 1)[0], "/chunks"))
            {
                Content = new ByteArrayContent(body.ToArray()),
            };
            request.Headers.Add("X-Chunk-Token", (string?)context.Request.Headers["X-Chunk-Token"]);
            using var answer = await _http.SendAsync(request, context.RequestAborted);
            context.Response.StatusCode = (int)answer.StatusCode;
            context.Response.ContentLength = answer.Content.Headers.ContentLength;
            await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        });
    }
}
