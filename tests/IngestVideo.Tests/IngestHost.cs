using System.Net;
using System.Net.Http.Headers;
using System.Text;
using IngestVideo.Status;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Reelseal;
using Reelseal.Storage;
using Reelseal.Testing;
using Reelseal.Tokens;
using Root;

namespace IngestVideo.Tests;

/// <summary>The function on a real server at a free port, with a directory of its own as its store.</summary>
internal sealed class IngestHost : IAsyncDisposable
{
    public const string Key = "a key for tests, long enough for HS256";
    private readonly WebApplication _app;
    private readonly string _root;
    private readonly TestLog _log;

    private IngestHost(WebApplication app, string root, TestLog log)
    {
        (_app, _root, _log) = (app, root, log);
        Client = CreateClient(Token());
    }

    /// <summary>A client with a token for all videos.</summary>
    public HttpClient Client { get; }

    public Uri Address => new(_app.Urls.First());

    public IObjectStore Store => _app.Services.GetRequiredService<IObjectStore>();

    public IServiceProvider Services => _app.Services;

    /// <summary>The warnings that were logged.</summary>
    public IReadOnlyCollection<string> Warnings => _log.Lines;

    public string StoreDirectory => Path.Combine(_root, "store");

    public string Root => _root;

    public string WorkDirectory => Path.Combine(_root, "work");

    public static async Task<IngestHost> StartAsync(params (string Name, string Value)[] settings)
    {
        var root = Directory.CreateTempSubdirectory("reelseal-test-").FullName;
        return await StartAsync(root, services => { }, settings);
    }

    /// <summary>The function on a directory store, but for what is done before a write.</summary>
    public static Task<IngestHost> StartAsync(Func<string, Task> beforePut, params (string Name, string Value)[] settings)
    {
        var root = Directory.CreateTempSubdirectory("reelseal-test-").FullName;
        var real = new DirectoryObjectStore(Path.Combine(root, "store"), TimeSpan.FromSeconds(5));
        return StartAsync(root, services => services.AddSingleton<IObjectStore>(new ChangedStore(real, beforePut)), settings);
    }

    /// <summary>The function on a bucket.</summary>
    public static Task<IngestHost> StartAsync(TestBucket bucket, Func<string, Task>? beforePut = null)
    {
        var options = new S3Options(bucket.Name, "us-east-1", bucket.Endpoint, TimeSpan.FromSeconds(5));
        return StartAsync(Directory.CreateTempSubdirectory("reelseal-test-").FullName, services => services
            .AddSingleton<IObjectStore>(new ChangedStore(bucket.CreateStore(options.Timeout), beforePut ?? (_ => Task.CompletedTask)))
            .AddSingleton<IMultipartStore>(new S3MultipartStore(options, new(bucket.CreateClient))));
    }

    /// <param name="root">The folder of the store and of the workspaces.</param>
    /// <param name="change">Changes services before the start.</param>
    /// <param name="settings">Environment variables.</param>
    public static async Task<IngestHost> StartAsync(string root, Action<IServiceCollection> change, params (string Name, string Value)[] settings)
    {
        Directory.CreateDirectory(Path.Combine(root, "work"));
        Directory.CreateDirectory(Path.Combine(root, "secrets"));
        await File.WriteAllTextAsync(Path.Combine(root, "secrets", "reelseal-token-key"), Key);
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["STORE_DIRECTORY"] = Path.Combine(root, "store"),
            ["WORK_DIRECTORY"] = Path.Combine(root, "work"),
            ["X264_PRESET"] = "ultrafast",
            ["HEARTBEAT_INTERVAL"] = "500ms",
            ["S3_TIMEOUT"] = "2s",
        };
        foreach (var (name, value) in settings)
            variables[name] = value;

        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var log = new TestLog(TestContext.Current.TestOutputHelper);
        builder.Logging.ClearProviders().AddProvider(log);
        builder.Services.AddProblemDetails(problems => problems.CustomizeProblemDetails = Problems.Complete);
        Handler.MapServices(builder.Services, new Settings(variables.GetValueOrDefault, Path.Combine(root, "secrets")));
        change(builder.Services);
        var app = builder.Build();
        app.UseProblems();
        Handler.MapEndpoints(app);
        await app.StartAsync();
        return new(app, root, log);
    }

    public HttpClient CreateClient(string? token)
    {
        var client = new HttpClient(
            new DocumentedHandler("ingest-video", new SocketsHttpHandler())) { BaseAddress = Address, Timeout = Timeout.InfiniteTimeSpan };
        if (token is not null)
            client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return client;
    }

    public static string Token(string scope = Scopes.Ingest, params string[] videos)
    {
        var claims = new Dictionary<string, object>(StringComparer.Ordinal) { ["scope"] = scope };
        if (videos is not [])
            claims["video"] = videos;
        return Token(claims);
    }

    public static string Token(Dictionary<string, object> claims) =>
        new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Audience = "reelseal",
            Expires = DateTime.UtcNow.AddHours(2), // the longest test takes less
            Claims = claims,
            SigningCredentials = new(new SymmetricSecurityKey(Encoding.UTF8.GetBytes(Key)), SecurityAlgorithms.HmacSha256),
        });

    /// <summary>Sends a video as the raw body, without a Content-Length, as the gateway does.</summary>
    public async Task<HttpResponseMessage> PostAsync(Stream video, VideoId? id = null, string? query = null, HttpClient? client = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/" + query) { Content = new StreamContent(video) };
        request.Headers.TransferEncodingChunked = true;
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        if (id is not null)
            request.Headers.Add("X-Call-Id", id.ToString());
        return await (client ?? Client).SendAsync(request, TestContext.Current.CancellationToken);
    }

    public async Task<HttpResponseMessage> PostAsync(string path, VideoId? id = null, string? query = null, HttpClient? client = null)
    {
        await using var file = File.OpenRead(path);
        return await PostAsync(file, id, query, client);
    }

    /// <summary>Ingests a clip that must succeed.</summary>
    public async Task<PublishedVideo> IngestAsync(string path)
    {
        using var response = await PostAsync(path);
        return await PublishedVideo.OfAsync(this, response);
    }

    /// <summary>Waits until the status of a video is as wanted.</summary>
    public async Task<VideoStatus> WaitForAsync(VideoId id, Func<VideoStatus, bool> wanted)
    {
        while (true)
        {
            var status = await Services.GetRequiredService<StatusStore>().ReadAsync(id, TestContext.Current.CancellationToken);
            if (status is not null && wanted(status.Status))
                return status.Status;
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>
    /// The keys of all objects, but for the places in the list of videos that have a status document, which follow from it, and for the marks of deleted
    /// videos, which stay for a while.
    /// </summary>
    public async Task<List<string>> KeysAsync()
    {
        var keys = await Store.ListAsync("", TestContext.Current.CancellationToken).Select(entry => entry.Key)
            .ToListAsync(TestContext.Current.CancellationToken);
        foreach (var status in keys.Where(key => key.StartsWith(ObjectKeys.StatusPrefix, StringComparison.Ordinal)).ToList())
        {
            if (await IsDeletionMarkAsync(status))
                keys.Remove(status);
        }
        keys.RemoveAll(key => key.StartsWith(ObjectKeys.ListingPrefix, StringComparison.Ordinal)
            && ListedVideo.TryParse(key[ObjectKeys.ListingPrefix.Length..], out var listed) && keys.Contains(ObjectKeys.Status(listed.Video)));
        return keys;
    }

    /// <summary>Sends a video again until nobody else has it: a worker that is gone keeps it for the lifetime of its claim.</summary>
    public async Task<HttpResponseMessage> InsistAsync(string path, VideoId id, HttpClient? client = null)
    {
        while (true)
        {
            var response = await PostAsync(path, id, client: client);
            if (response.StatusCode != HttpStatusCode.Conflict)
                return response;
            response.Dispose();
            await Task.Delay(200, TestContext.Current.CancellationToken);
        }
    }

    private async Task<bool> IsDeletionMarkAsync(string key)
    {
        await using var stored = await Store.GetAsync(key, range: null, unlessETag: null, TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stored?.Content ?? Stream.Null);
        var text = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        return stored is null || text.Contains("\"state\":\"deleted\"", StringComparison.Ordinal); // it may have been removed since it was listed
    }

    /// <summary>Nothing in the store, nothing in the work directory.</summary>
    public async Task AssertNothingIsLeftAsync()
    {
        // The answer may come, or the connection go, a moment before the last of it is removed.
        for (var wait = 0; wait < 100 && ((await KeysAsync()).Count > 0 || Directory.EnumerateFileSystemEntries(WorkDirectory).Any()); wait++)
            await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.Empty(await KeysAsync());
        Assert.Empty(Directory.EnumerateFileSystemEntries(WorkDirectory));
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        if (Directory.Exists(_root)) // another host on the same folder may have removed it
            Directory.Delete(_root, recursive: true);
    }
}
