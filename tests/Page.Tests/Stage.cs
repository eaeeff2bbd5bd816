using System.Net;
using Reelseal.Local;
using Reelseal.Testing;
using Reelseal.Tokens;

namespace Reelseal.Page.Tests;

/// <summary>
/// What all tests share: the running system with one published film, and Chromium. It starts with the first test, so a missing program skips that test.
/// </summary>
public sealed class Stage : IAsyncDisposable
{
    private static readonly string[] s_browsers = ["/usr/bin/chromium", "/usr/bin/chromium-browser"];

    private readonly TemporaryDirectory _files = new();
    private readonly TemporaryDirectory _store = new();
    private readonly SemaphoreSlim _gate = new(1);
    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private LocalSystem? _system;

    internal LocalSystem System => _system!;

    internal IBrowser Browser => _browser!;

    /// <summary>The published film.</summary>
    internal VideoId Film { get; } = VideoId.New();

    /// <summary>A folder for files.</summary>
    internal string Files => _files.Path;

    /// <summary>The film as it was before it was published.</summary>
    internal string FilmFile => Path.Combine(Files, $"{Tests.Film.Title}.mp4");

    /// <summary>The folder of the system's store.</summary>
    internal string StoreDirectory => _store.Path;

    /// <summary>Starts what is not running yet.</summary>
    internal async Task<Stage> StartedAsync()
    {
        Require();
        await _gate.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            _playwright ??= await Playwright.CreateAsync().WaitAsync(TestContext.Current.CancellationToken);
            _browser ??= await _playwright.Chromium.LaunchAsync(new()
            {
                ExecutablePath = s_browsers.First(File.Exists),
                Args =
                [
                    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
                ],
            });
            if (_system is null)
            {
                _system = await StartSystemAsync(new Dictionary<string, string>(StringComparer.Ordinal) { ["DOWNLOADS"] = "360p,234p" });
                await Tests.Film.CreateAsync(FilmFile, TestContext.Current.CancellationToken);
                await PublishFilmAsync(_system);
            }
        }
        finally
        {
            _gate.Release();
        }
        return this;
    }

    private async Task PublishFilmAsync(LocalSystem system)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        http.DefaultRequestHeaders.Authorization = new("Bearer", system.Tokens.Mint(new() { Scopes = [Scopes.Ingest] }));
        http.DefaultRequestHeaders.Add("X-Call-Id", Film.ToString());
        using var form = new MultipartFormDataContent { { new StreamContent(File.OpenRead(FilmFile)), "file", $"{Tests.Film.Title}.mp4" } };
        using var answer = await http.PostAsync($"{system.Gateway}/function/ingest-video/", form, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
    }

    /// <summary>Another system on the same store, with other settings.</summary>
    internal Task<LocalSystem> StartSystemAsync(IReadOnlyDictionary<string, string> settings, int replicas = 1) =>
        LocalSystem.StartAsync(new() { StoreDirectory = StoreDirectory, Settings = settings, Replicas = replicas }, TestContext.Current.CancellationToken);

    /// <summary>A file of a short video, of a certain size.</summary>
    internal async Task<string> ShortVideoAsync(string name, int bytes = 0, int seconds = 2)
    {
        var path = Path.Combine(Files, name);
        await Tests.Film.CreateShortAsync(path, seconds, bytes, TestContext.Current.CancellationToken);
        return path;
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
        if (_system is not null)
            await _system.DisposeAsync();
        _files.Dispose();
        _store.Dispose();
        _gate.Dispose();
    }

    private static void Require()
    {
        var options = new LocalOptions();
        foreach (var name in (string[])[LocalSystem.IngestVideo, LocalSystem.SignPlaylist])
            Assert.SkipUnless(File.Exists(Path.Combine(options.FunctionsDirectory, name, "Root")),
                $"The function {name} is not published: make publish does that.");
        Assert.SkipUnless(
            File.Exists(Path.Combine(options.SiteDirectory, "player", "hls", "hls.js")), "hls.js is not beside the player: make page puts it there.");
        Assert.SkipUnless(s_browsers.Any(File.Exists), $"There is no Chromium: neither {string.Join(" nor ", s_browsers)}.");
    }
}
