using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using Reelseal.Local.Playback;
using Reelseal.Testing;

namespace Reelseal.EndToEnd.Tests;

/// <summary><c>make serve</c>, as a developer meets it.</summary>
public class ServeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = 60_000)]
    public async Task A_port_in_use_is_reported_in_one_line()
    {
        Published.Require();
        using var data = new TemporaryDirectory();
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;

        using var serve = Start("serve", "--data", data.Path, "--gateway-port", $"{port}", "--edge-port", "0");
        var (output, errors) = (serve.StandardOutput.ReadToEndAsync(Token), serve.StandardError.ReadToEndAsync(Token));
        await serve.WaitForExitAsync(Token);

        Assert.Equal((1, ""), (serve.ExitCode, await output));
        Assert.Equal($"Port {port} is in use. Choose others: make serve ARGS=\"--gateway-port {port + 100} --edge-port 0\"\n", await errors);
    }

    [Fact(Timeout = 240_000)]
    public async Task A_link_that_upload_prints_plays_the_video_the_next_day_as_well()
    {
        Published.Require();
        using var data = new TemporaryDirectory();
        var clip = Path.Combine(data.Path, "Anna's film.mp4");
        await Clip.CreateAsync(clip, TimeSpan.FromSeconds(5), 320, 180, Token);
        var gateway = FreePort();
        string[] options = ["--data", data.Path, "--gateway-port", $"{gateway}", "--edge-port", $"{FreePort()}"];
        string link;
        await using (await ServeAsync(options))
        {
            using var upload = Start(["upload", clip, .. options]);
            var output = await upload.StandardOutput.ReadToEndAsync(Token);
            await upload.WaitForExitAsync(Token);
            Assert.Contains("ready", output, StringComparison.Ordinal);
            link = output.Split('\n', StringSplitOptions.TrimEntries).Single(line => line.StartsWith("http", StringComparison.Ordinal));
        }

        await using (await ServeAsync(options))
        {
            var content = new Uri(link).Fragment.TrimStart('#').Split('&').ToDictionary(part => part.Split('=')[0], part => part.Split('=')[1]);
            using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
            var ticket = await http.GetFromJsonAsync<PlayTicket>(
                $"http://127.0.0.1:{gateway}/function/sign-playlist/videos/{content["video"]}?until={content["until"]}&share={content["share"]}", Token);
            Assert.Contains("#EXT-X-STREAM-INF", await http.GetStringAsync(ticket!.Url, Token), StringComparison.Ordinal);
        }
    }

    /// <remarks>Tests that a shell starts in the background ignore Ctrl-C, and so would what they start.</remarks>
    private static Process Start(params IEnumerable<string> arguments) => Process.Start(
        new ProcessStartInfo("env", ["--default-signal=INT", "dotnet", Path.Combine(AppContext.BaseDirectory, "Reelseal.Local.dll"), .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

    /// <summary>Serves until it is disposed of, as by Ctrl-C.</summary>
    private static async Task<IAsyncDisposable> ServeAsync(string[] options)
    {
        var serve = new Served(Start(["serve", .. options]));
        while (await serve.Process.StandardOutput.ReadLineAsync(Token) is { } line)
        {
            if (line.StartsWith("  page", StringComparison.Ordinal))
                return serve;
        }
        await using (serve)
            throw new InvalidOperationException(await serve.Process.StandardError.ReadToEndAsync(Token));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private sealed class Served(Process process) : IAsyncDisposable
    {
        public Process Process => process;

        public async ValueTask DisposeAsync()
        {
            using var interrupt = Process.Start("kill", ["-INT", $"{process.Id}"]);
            await process.WaitForExitAsync(CancellationToken.None);
            process.Dispose();
        }
    }
}
