using System.Diagnostics;
using System.Net;
using Reelseal.Local;
using Reelseal.Testing;
using Reelseal.Tokens;

namespace Reelseal.Page.Tests;

/// <summary>A film that is being ingested by a system of its own, its encoder held until the test lets it go: only its first stage is there.</summary>
public sealed class HeldFilm : IAsyncDisposable
{
    private readonly TemporaryDirectory _work = new();
    private readonly TemporaryDirectory _store = new();
    private LocalSystem? _system;
    private Task _ingest = Task.CompletedTask;
    private int? _encoder;

    private HeldFilm()
    {
    }

    public VideoId Video { get; } = VideoId.New();

    /// <summary>Where the page and the playlists come from, without a final slash.</summary>
    public string Edge => $"{_system!.Edge}";

    /// <summary>Begins to ingest the file, and holds its encoder.</summary>
    public static async Task<HeldFilm> IngestAsync(string file)
    {
        var film = new HeldFilm();
        try
        {
            var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["WORK_DIRECTORY"] = film._work.Path, ["X264_PRESET"] = "slow" };
            film._system = await LocalSystem.StartAsync(
                new() { StoreDirectory = film._store.Path, Settings = settings }, TestContext.Current.CancellationToken);
            film._ingest = film.SendAsync(film._system, file);
            film._encoder = await film.FindEncoderAsync();
            await film.SignalAsync("STOP");
            return film;
        }
        catch
        {
            await film.DisposeAsync();
            throw;
        }
    }

    /// <summary>Lets the encoder go on, and waits until the film is complete.</summary>
    public async Task FinishAsync()
    {
        await SignalAsync("CONT");
        await _ingest;
    }

    public async ValueTask DisposeAsync()
    {
        await SignalAsync("CONT");
        if (_system is not null)
            await _system.DisposeAsync();
        await _ingest.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // FinishAsync has seen its failure, if the test came that far
        _store.Dispose();
        _work.Dispose();
    }

    private async Task SendAsync(LocalSystem system, string path)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        http.DefaultRequestHeaders.Authorization = new("Bearer", system.Tokens.Mint(new() { Scopes = [Scopes.Ingest] }));
        http.DefaultRequestHeaders.Add("X-Call-Id", $"{Video}");
        await using var file = File.OpenRead(path);
        using var answer = await http.PostAsync($"{system.Gateway}/function/ingest-video/", new StreamContent(file), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
    }

    private async Task<int> FindEncoderAsync()
    {
        while (true)
        {
            if (_ingest.IsFaulted)
                await _ingest;
            foreach (var process in RunningPrograms.WorkingIn(_work.Path))
            {
                if (RunningPrograms.CommandOf(process) is var command && command.StartsWith("/usr/bin/ffmpeg", StringComparison.Ordinal)
                    && command.Contains("libx264", StringComparison.Ordinal))
                    return process;
            }
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    private async Task SignalAsync(string signal)
    {
        if (_encoder is not { } encoder)
            return;
        // It may have ended.
        var start = new ProcessStartInfo("kill", [$"-{signal}", $"{encoder}"]) { UseShellExecute = false, RedirectStandardError = true };
        using var kill = Process.Start(start)!;
        await kill.WaitForExitAsync(CancellationToken.None);
    }
}
