using System.Collections.Concurrent;
using System.Text.Json;
using IngestVideo.Chunks;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Reelseal;
using Reelseal.Storage;

namespace IngestVideo.Tests.Chunks;

/// <summary>A lead and workers on one store, and a gateway between them that a test can make fail.</summary>
internal sealed class ChunkCluster : IAsyncDisposable
{
    public const string WorkerKey = "a key that replicas share, long enough";

    /// <summary>How many chunks three replicas make of the film.</summary>
    public const int FilmChunks = 6;

    private const string Picture = "-f lavfi -i testsrc2=s=128x72:r=5:d=60";
    private const string X264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 25";
    private static readonly (string Name, string Value)[] s_settings = [("CHUNK_CALLS", "2"), ("CHUNK_TIMEOUT", "30s"), ("COPY_SOURCE", "false")];

    private readonly WebApplication _gateway;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = Timeout.InfiniteTimeSpan };
    private readonly ConcurrentQueue<GatewayCall> _calls = new();
    private readonly List<IngestHost> _workers = [];
    private readonly string _root = Directory.CreateTempSubdirectory("reelseal-test-").FullName;

    private readonly (string Name, string Value)[] _settings;

    private ChunkCluster(WebApplication gateway, (string Name, string Value)[] settings) => (_gateway, _settings) = (gateway, settings);

    public IngestHost Lead { get; private set; } = null!;

    /// <summary>What answers calls, each time one at random.</summary>
    public List<Uri> Replicas { get; } = [];

    /// <summary>What is done with a call; by default it is forwarded to a replica, and its answer returned.</summary>
    public Func<HttpContext, Func<Task>, Task> OnCall { get; set; } = (_, forward) => forward();

    /// <summary>The calls so far, in order.</summary>
    public IReadOnlyCollection<GatewayCall> Calls => _calls;

    public Uri Address => new(_gateway.Urls.First());

    public static Task<ChunkCluster> StartAsync(int workers = 1, params (string Name, string Value)[] settings) =>
        StartAsync(new ReplicaChange(), workers, settings);

    /// <param name="beforePut">What is done before the lead writes an object.</param>
    /// <param name="workers">How many replicas there are beside the lead.</param>
    /// <param name="settings">Of all.</param>
    public static Task<ChunkCluster> StartAsync(Func<string, Task> beforePut, int workers, params (string Name, string Value)[] settings) =>
        StartAsync(new ReplicaChange(beforePut), workers, settings);

    /// <param name="lead">How the lead differs.</param>
    /// <param name="workers">How many replicas there are beside the lead.</param>
    /// <param name="settings">Of all.</param>
    public static async Task<ChunkCluster> StartAsync(ReplicaChange lead, int workers, params (string Name, string Value)[] settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var gateway = builder.Build();
        var cluster = new ChunkCluster(gateway, settings);
        gateway.Run(cluster.ServeAsync);
        await gateway.StartAsync();
        cluster.Lead = await cluster.StartHostAsync("lead", lead);
        for (var worker = 0; worker < workers; worker++)
            await cluster.AddWorkerAsync();
        return cluster;
    }

    /// <summary>Starts another replica, which leads the videos that are sent to it.</summary>
    public Task<IngestHost> AddWorkerAsync(params (string Name, string Value)[] settings) => AddWorkerAsync(new ReplicaChange(), settings);

    /// <summary>The same, with a difference.</summary>
    public async Task<IngestHost> AddWorkerAsync(ReplicaChange change, params (string Name, string Value)[] settings)
    {
        var host = await StartHostAsync($"worker-{_workers.Count}", change, settings);
        _workers.Add(host);
        Replicas.Add(host.Address);
        return host;
    }

    /// <summary>The folder in which a replica has its workspaces.</summary>
    public string WorkDirectoryOf(IngestHost worker) => WorkDirectory($"worker-{_workers.IndexOf(worker)}");

    /// <summary>The settings of a process of the function that leads.</summary>
    public (string Name, string Value)[] LeadSettings =>
        [.. s_settings, ("FUNCTION_GATEWAY", Address.AbsoluteUri), ("X264_PRESET", "ultrafast"), .. _settings];

    /// <summary>A minute at five pictures a second: <see cref="FilmChunks"/> chunks, which take hardly any time to encode.</summary>
    public static Task<string> FilmAsync() => Clip.MakeAsync("film.mp4", $"{Picture} -f lavfi -i sine=f=440:d=60 {X264} -c:a aac");

    /// <summary>The same without a sound.</summary>
    public static Task<string> SilentFilmAsync() => Clip.MakeAsync("silent-film.mp4", $"{Picture} {X264}");

    /// <summary>What holds a replica in each chunk that it encodes, before it writes what it has made, until a task has ended.</summary>
    public static Func<string, Task> HoldChunks(Task until) => key =>
        key.StartsWith(ObjectKeys.WorkPrefix, StringComparison.Ordinal) && !IsPackets(key) ? until : Task.CompletedTask;

    /// <summary>Whether an object has the packets of a chunk.</summary>
    public static bool IsPackets(string key) => key.EndsWith("/cut.nut", StringComparison.Ordinal);

    /// <summary>The call that the gateway is at.</summary>
    public static GatewayCall CallOf(HttpContext context) => (GatewayCall)context.Items["call"]!;

    /// <summary>Answers a call as a replica would that has done nothing.</summary>
    public static Task AnswerAsync(HttpContext context, string? failure)
    {
        var chunk = CallOf(context).Id;
        context.Response.StatusCode = failure is null ? 200 : 422;
        return context.Response.WriteAsync(JsonSerializer.Serialize(new { plan = chunk.Plan, chunk = chunk.Name, failure, end = "reelseal" }));
    }

    /// <summary>Has an action done whenever a replica has encoded a chunk for another.</summary>
    public void OnHelp(Action action) => OnCall = async (context, forward) =>
    {
        await forward();
        if (context.Response.StatusCode == StatusCodes.Status200OK)
            action();
    };

    /// <summary>Delivers a call to a replica.</summary>
    public async Task<HttpResponseMessage> DeliverAsync(Uri replica, GatewayCall call, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(replica, "/chunks")) { Content = new ByteArrayContent(call.Body) };
        request.Headers.Add("X-Chunk-Token", call.Token);
        return await _http.SendAsync(request, cancellationToken);
    }

    /// <summary>Waits until replicas have left nothing of any video for each other.</summary>
    public async Task AssertNoWorkAsync()
    {
        List<string> left;
        var wait = 0;
        do
        {
            left = await Lead.Store.ListAsync(ObjectKeys.WorkPrefix, TestContext.Current.CancellationToken).Select(entry => entry.Key)
                .ToListAsync(TestContext.Current.CancellationToken);
            await Task.Delay(left is [] ? 0 : 50, TestContext.Current.CancellationToken);
        }
        while (left is not [] && wait++ < 600); // what was broken off may have to end first
        Assert.Empty(left);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in (IEnumerable<IngestHost>)[Lead, .. _workers])
            await host.DisposeAsync();
        await _gateway.DisposeAsync();
        _http.Dispose();
    }

    private string WorkDirectory(string replica) => Directory.CreateDirectory(Path.Combine(_root, "replicas", replica)).FullName;

    private async Task<IngestHost> StartHostAsync(string name, ReplicaChange change, params (string Name, string Value)[] settings)
    {
        var secrets = Directory.CreateDirectory(Path.Combine(_root, "secrets")).FullName;
        await File.WriteAllTextAsync(Path.Combine(secrets, "reelseal-worker-key"), WorkerKey);
        var store = new DirectoryObjectStore(Path.Combine(_root, "store"), TimeSpan.FromSeconds(5));
        return await IngestHost.StartAsync(
            _root,
            services =>
            {
                services.AddSingleton<IObjectStore>(change.BeforePut is { } beforePut ? new ChangedStore(store, beforePut) : store);
                if (change.Clock is { } clock)
                    services.AddSingleton(clock);
                if (change.Image is { } image)
                    services.AddSingleton(new Replica { Image = image });
            },
            [.. s_settings, ("FUNCTION_GATEWAY", Address.AbsoluteUri), ("WORK_DIRECTORY", WorkDirectory(name)), .. _settings, .. settings]);
    }

    private async Task ServeAsync(HttpContext context)
    {
        Assert.Equal("/function/ingest-video/chunks", context.Request.Path);
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var call = new GatewayCall(body.ToArray(), (string?)context.Request.Headers["X-Chunk-Token"]);
        context.Items["call"] = call;
        _calls.Enqueue(call);
        await OnCall(context, async () =>
        {
            using var answer = await DeliverAsync(Random.Shared.GetItems(Replicas.ToArray(), 1)[0], call, context.RequestAborted);
            context.Response.StatusCode = (int)answer.StatusCode;
            context.Response.ContentLength = answer.Content.Headers.ContentLength;
            await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        });
    }
}

/// <summary>How a replica differs from others.</summary>
/// <param name="BeforePut">What is done before it writes an object.</param>
/// <param name="Image">Its image.</param>
/// <param name="Clock">Its clock.</param>
internal sealed record ReplicaChange(Func<string, Task>? BeforePut = null, string? Image = null, TimeProvider? Clock = null);

/// <summary>A call as it comes to the gateway.</summary>
internal sealed record GatewayCall(byte[] Body, string? Token)
{
    private readonly ChunkCall _call = ChunkCall.Read(Body);

    /// <summary>Which chunk it is for.</summary>
    public ChunkId Id => _call.Id;

    /// <summary>Who calls.</summary>
    public string Caller => _call.Caller;
}
