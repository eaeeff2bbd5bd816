using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using CliWrap;
using CliWrap.Buffered;
using Reelseal.Local;
using Reelseal.Local.Playback;
using Reelseal.Testing;

namespace Reelseal.EndToEnd.Tests;

/// <summary>The gateway of compose.yaml, a real Caddy with the Caddyfile of the repository, in front of both functions.</summary>
public sealed class ComposeGatewayTests
{
    [Fact(Timeout = 300_000)]
    public async Task It_serves_both_functions_under_the_paths_of_the_OpenFaaS_gateway_and_nothing_else()
    {
        Published.Require();
        var cancellation = TestContext.Current.CancellationToken;
        using var folder = new TemporaryDirectory();
        await using var system = await LocalSystem.StartAsync(new() { StoreDirectory = Path.Combine(folder.Path, "store") }, cancellation);
        await using var caddy = await Caddy.StartAsync(system, folder.Path);
        using var http = new HttpClient { BaseAddress = caddy.Address };

        var clip = Path.Combine(folder.Path, "clip.mp4");
        await Clip.CreateAsync(clip, TimeSpan.FromSeconds(1), 160, 120, cancellation);
        using var client = new VideoClient(caddy.Address.GetLeftPart(UriPartial.Authority), system.Tokens);
        var video = VideoId.New(); // the client's X-Call-Id
        await using (var content = File.OpenRead(clip))
            await client.UploadAsync(video, content, cancellation);
        Assert.Equal("ready", (await client.GetProgressAsync(video, cancellation))?.State);
        Assert.StartsWith(system.Edge, (await client.GetTicketAsync(video, until: null, cancellation)).Url.AbsoluteUri, StringComparison.Ordinal);

        foreach (var (method, path, status) in ((string, string, int)[])
        [
            ("POST", "/function/ingest-video", 401), ("POST", "/function/ingest-video/", 401), ("POST", "/function/ingest-video?title=x", 401),
            ("GET", "/function/ingest-video/health", 200), ("GET", "/function/sign-playlist/health", 200),
            ("GET", $"/function/sign-playlist/videos/{video}", 401),
            ("GET", "/", 404), ("GET", "/function/", 404), ("GET", "/function/other/health", 404), ("GET", "/function/ingest-videos/health", 404),
            ("POST", "/async-function/ingest-video", 404), ("GET", "/system/functions", 404),
        ])
        {
            using var request = new HttpRequestMessage(new(method), path);
            using var answer = await http.SendAsync(request, cancellation);
            Assert.True((int)answer.StatusCode == status, $"{method} {path}: {answer.StatusCode}");
            if (path.StartsWith("/function/ingest-video/", StringComparison.Ordinal) || path.StartsWith("/function/sign-playlist/", StringComparison.Ordinal))
                Assert.True(Guid.TryParse(answer.Headers.GetValues("X-Call-Id").Single(), out _), path);
        }
        using (var own = new HttpRequestMessage(HttpMethod.Get, "/function/sign-playlist/health") { Headers = { { "X-Call-Id", "mine" } } })
        using (var answer = await http.SendAsync(own, cancellation))
            Assert.Equal("mine", answer.Headers.GetValues("X-Call-Id").Single());

        // An upload that is refused while it is sent.
        using var refused = new HttpRequestMessage(HttpMethod.Post, "/function/ingest-video") { Content = new ByteArrayContent(new byte[45_000_000]) };
        refused.Headers.ExpectContinue = true;
        using var refusal = await http.SendAsync(refused, cancellation);
        Assert.Equal(HttpStatusCode.Unauthorized, refusal.StatusCode);
    }

    /// <summary>What Caddy logs of a request that fails holds no token.</summary>
    [Fact(Timeout = 300_000)]
    public async Task It_logs_no_query_and_no_header()
    {
        Published.Require();
        using var folder = new TemporaryDirectory();
        var options = new LocalOptions { StoreDirectory = Path.Combine(folder.Path, "store") };
        await using var system = await LocalSystem.StartAsync(options, TestContext.Current.CancellationToken);
        await using var caddy = await Caddy.StartAsync(system, folder.Path);
        using var http = new HttpClient { BaseAddress = caddy.Address };
        await system.Functions[LocalSystem.SignPlaylist].KillAsync();

        using var request = new HttpRequestMessage(HttpMethod.Get, "/function/sign-playlist/videos/a/b.m3u8?token=canary");
        request.Headers.Add("X-Origin-Verify", "canary");
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        var log = await caddy.StopAsync();
        Assert.Contains("\"status\":502", log, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", log, StringComparison.Ordinal);
    }

    private sealed class Caddy : IAsyncDisposable
    {
        private readonly Process _process;
        private readonly Task<string> _log;

        private Caddy(Process process, Uri address) => (_process, _log, Address) = (process, process.StandardError.ReadToEndAsync(), address);

        public Uri Address { get; }

        public static async Task<Caddy> StartAsync(LocalSystem system, string folder)
        {
            var install = await Cli.Wrap("bash").WithArguments([Path.Combine(Repository.Root, "tests", "caddy", "install.sh")])
                .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(TestContext.Current.CancellationToken);
            Assert.SkipWhen(install.ExitCode == 3, install.StandardError);
            Assert.True(install.IsSuccess, install.StandardError);
            var address = new Uri($"http://127.0.0.1:{FreePort()}");
            var configuration = Path.Combine(Repository.Root, "infra", "compose", "Caddyfile");
            var start = new ProcessStartInfo(install.StandardOutput.Trim(), ["run", "--adapter", "caddyfile", "--config", configuration])
            {
                UseShellExecute = false,
                RedirectStandardError = true,
                Environment =
                {
                    ["GATEWAY_SITE"] = address.GetLeftPart(UriPartial.Authority),
                    ["SIGN_PLAYLIST"] = system.Functions[LocalSystem.SignPlaylist].Address.Authority,
                    ["INGEST_VIDEO"] = system.Functions[LocalSystem.IngestVideo].Address.Authority,
                    ["XDG_DATA_HOME"] = folder, ["XDG_CONFIG_HOME"] = folder,
                },
            };
            var caddy = new Caddy(Process.Start(start)!, address);
            using var http = new HttpClient { BaseAddress = address };
            while (true)
            {
                Assert.False(caddy._process.HasExited, caddy._process.HasExited ? await caddy._log : "");
                try
                {
                    using var answer = await http.GetAsync("/", TestContext.Current.CancellationToken);
                    return caddy;
                }
                catch (HttpRequestException)
                {
                    await Task.Delay(20, TestContext.Current.CancellationToken); // it does not listen yet
                }
            }
        }

        /// <returns>What it has logged.</returns>
        public async Task<string> StopAsync()
        {
            _process.Kill();
            await _process.WaitForExitAsync();
            return await _log;
        }

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            _process.Dispose();
        }

        private static int FreePort()
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            return ((IPEndPoint)socket.LocalEndPoint!).Port;
        }
    }
}
