using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Reelseal.Testing;

namespace Reelseal.Corpus;

/// <summary>Plays streams in a real browser with hls.js, in a page that reports what happens.</summary>
internal sealed class PlaybackReports
{
    private const int Rate = 8;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private readonly ConcurrentDictionary<string, TaskCompletionSource<string>> _waiting = new(StringComparer.Ordinal);

    /// <summary>The folder of the page's own hls.js, which <c>make page</c> fills; null while it is empty.</summary>
    public static string? FindHls()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var hls = Path.Combine(folder.FullName, "web", "player", "src", "hls");
            if (File.Exists(Path.Combine(hls, "hls.js")))
                return hls;
        }
        return null;
    }

    public void Add(string id, string report)
    {
        if (_waiting.TryGetValue(id, out var waiting))
            waiting.TrySetResult(report);
    }

    /// <summary>Plays a stream eight times as fast, to its end.</summary>
    /// <returns><c>ended</c>, or where and why it stopped.</returns>
    /// <exception cref="InvalidOperationException">The browser or hls.js is missing.</exception>
    public async Task<string> PlayAsync(string browser, Uri playlist, double seconds)
    {
        if (FindHls() is null)
            throw new InvalidOperationException("hls.js is missing: run make page.");
        var id = Guid.NewGuid().ToString("N");
        var report = _waiting[id] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using var profile = new TemporaryDirectory();
        var page = new Uri(playlist, string.Create(CultureInfo.InvariantCulture, $"/play/play.html#{Rate} {playlist.AbsolutePath} /reports/{id}")).AbsoluteUri;
        using var process = await StartAsync(browser, profile.Path, page);
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            return await report.Task.WaitAsync(s_patience + TimeSpan.FromSeconds(seconds));
        }
        catch (TimeoutException)
        {
            return "it did not report";
        }
        finally
        {
            _waiting.TryRemove(id, out _);
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }
    }

    private static async Task<Process> StartAsync(string browser, string profile, string page)
    {
        var (program, arguments) = browser == "firefox"
            ? ("firefox-esr", (string[])["--headless", "--profile", profile, page])
            : (browser, ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                "--autoplay-policy=no-user-gesture-required", $"--user-data-dir={profile}", page]);
        await File.WriteAllTextAsync(Path.Combine(profile, "user.js"), """user_pref("media.autoplay.default", 0);"""); // Firefox reads it
        try
        {
            return Process.Start(new ProcessStartInfo(program, arguments)
            {
                UseShellExecute = false,
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            })!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidOperationException($"{program} is not installed.", e);
        }
    }
}
