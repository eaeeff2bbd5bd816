using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using IngestVideo;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Logging;
using Reelseal.Testing;

namespace Reelseal.Corpus;

/// <summary>ingest-video with its default settings on a server at a free port, with a folder as its store, which it also serves to browsers.</summary>
internal sealed class IngestServer : IAsyncDisposable
{
    private const string Key = "a key for the corpus, long enough for HS256";
    private readonly WebApplication _app;
    private readonly TemporaryDirectory _folder;

    private IngestServer(WebApplication app, TemporaryDirectory folder, PlaybackReports reports)
    {
        (_app, _folder, Reports) = (app, folder, reports);
        var claims = new JsonObject { ["aud"] = "reelseal", ["scope"] = "video:ingest", ["exp"] = DateTimeOffset.UtcNow.AddDays(7).ToUnixTimeSeconds() };
        Client = new() { BaseAddress = Address, Timeout = TimeSpan.FromHours(12) };
        Client.DefaultRequestHeaders.Authorization = new("Bearer", Jwt.Create(claims, System.Text.Encoding.UTF8.GetBytes(Key)));
    }

    public Uri Address => new(_app.Urls.First());

    public HttpClient Client { get; }

    /// <summary>What browsers say of playing.</summary>
    public PlaybackReports Reports { get; }

    public string Store => Path.Combine(_folder.Path, "store");

    public static async Task<IngestServer> StartAsync(string format)
    {
        var folder = new TemporaryDirectory();
        foreach (var name in (string[])["store", "work", "secrets"])
            Directory.CreateDirectory(Path.Combine(folder.Path, name));
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "secrets", "reelseal-token-key"), Key);
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["STORE_DIRECTORY"] = Path.Combine(folder.Path, "store"),
            ["WORK_DIRECTORY"] = Path.Combine(folder.Path, "work"),
            ["SEGMENT_FORMAT"] = format,
        };
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        builder.Logging.ClearProviders();
        builder.Services.AddProblemDetails();
        Handler.MapServices(
            builder.Services,
            new Settings(
                name => settings.GetValueOrDefault(name) ?? Environment.GetEnvironmentVariable(name), Path.Combine(folder.Path, "secrets")));
        var app = builder.Build();
        app.UseExceptionHandler();
        Serve(app, "/store", Path.Combine(folder.Path, "store"));
        Serve(app, "/play", AppContext.BaseDirectory);
        if (PlaybackReports.FindHls() is { } hls)
            Serve(app, "/hls", hls);
        app.UseRouting();
        var reports = new PlaybackReports();
        app.MapPost("/reports/{id}", async (string id, HttpRequest request) => reports.Add(id, await new StreamReader(request.Body).ReadToEndAsync()));
        Handler.MapEndpoints(app);
        await app.StartAsync();
        return new(app, folder, reports);
    }

    private static void Serve(WebApplication app, string path, string folder) =>
        app.UseStaticFiles(new StaticFileOptions { RequestPath = path, FileProvider = new PhysicalFileProvider(folder), ServeUnknownFileTypes = true });

    /// <summary>Sends a file as the body.</summary>
    public async Task<HttpResponseMessage> PostAsync(string path, VideoId id)
    {
        await using var file = File.OpenRead(path);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = new StreamContent(file) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        request.Headers.Add("X-Call-Id", id.ToString());
        return await Client.SendAsync(request);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
        _folder.Dispose();
    }
}
