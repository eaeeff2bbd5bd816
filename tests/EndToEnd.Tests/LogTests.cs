using System.Collections.Concurrent;
using System.Runtime.Versioning;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Reelseal.Local;
using Reelseal.Local.Playback;
using Reelseal.Testing;
using Reelseal.Tokens;

namespace Reelseal.EndToEnd.Tests;

/// <summary>What a whole run leaves in the logs of the functions, the gateway and the edge.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class LogTests
{
    [Fact(Timeout = 180_000)]
    public async Task No_log_error_or_status_document_holds_a_token_a_secret_or_a_signature()
    {
        Published.Require();
        var cancellation = TestContext.Current.CancellationToken;
        using var store = new TemporaryDirectory();
        using var log = new CollectingLog();
        var hidden = new HashSet<string>(StringComparer.Ordinal);
        var options = new LocalOptions
        {
            StoreDirectory = store.Path,
            OnFunctionLine = (name, line) => log.Lines.Enqueue($"{name}: {line}"),
            Logging = logging => logging.AddProvider(log).SetMinimumLevel(LogLevel.Trace),
        };
        IReadOnlyList<string> answers;
        await using (var system = await RunningSystem.StartAsync(options, cancellation))
        {
            hidden.UnionWith(system.Local.SecretTexts);
            await PlayAsync(system, hidden, cancellation);
            answers = await MisbehaveAsync(system, hidden, cancellation);
        }
        var text = string.Join('\n', log.Lines);
        Assert.Contains("ingest-video: {", text, StringComparison.Ordinal); // the functions do log
        Assert.DoesNotContain("Bearer ", text, StringComparison.Ordinal);
        Assert.DoesNotContain("eyJ", text, StringComparison.Ordinal); // how every JWT begins
        Assert.All(hidden, secret => Assert.DoesNotContain(secret, text, StringComparison.Ordinal));
        Assert.Contains(answers, answer => answer.Contains("\"state\"", StringComparison.Ordinal));
        Assert.All(answers, answer => Assert.All(hidden, secret => Assert.DoesNotContain(secret, answer, StringComparison.Ordinal)));
    }

    [Fact(Timeout = 180_000)]
    public async Task Text_from_strangers_makes_no_line_and_no_header_of_its_own()
    {
        const string forged = """{"LogLevel":"Forged"}""";
        Published.Require();
        var cancellation = TestContext.Current.CancellationToken;
        using var folder = new TemporaryDirectory();
        // ffmpeg prints what it finds in a file.
        var ffmpeg = Path.Combine(folder.Path, "ffmpeg");
        await File.WriteAllTextAsync(ffmpeg, $"#!/bin/sh\nprintf 'a\\r\\n{forged}\\n\\033[2J' >&2\nexit 1\n", cancellation);
        File.SetUnixFileMode(ffmpeg, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var clip = Path.Combine(folder.Path, "clip.mp4");
        await Clip.CreateAsync(clip, TimeSpan.FromSeconds(1), 320, 180, cancellation);
        var lines = new ConcurrentQueue<string>();
        var options = new LocalOptions
        {
            StoreDirectory = Path.Combine(folder.Path, "store"),
            Settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["PATH"] = $"{folder.Path}:{Environment.GetEnvironmentVariable("PATH")}" },
            OnFunctionLine = (_, line) => lines.Enqueue(line),
        };
        await using (var system = await LocalSystem.StartAsync(options, cancellation))
        {
            var token = system.Tokens.Mint(new() { Scopes = [Scopes.Ingest, Scopes.Play] });
            var evil = Uri.EscapeDataString($"a\r\nX-Forged: yes\r\n\r\n{forged}\n\u001b[2J");
            foreach (var (function, path, authorization, content) in ((string, string, string, HttpContent?)[])
            [
                (LocalSystem.IngestVideo, $"/?title={evil}", token, new ByteArrayContent(await File.ReadAllBytesAsync(clip, cancellation))),
                (LocalSystem.IngestVideo, $"/?callback={evil}", token, new StringContent(forged)),
                (LocalSystem.IngestVideo, "/", token, new StringContent($$"""{"source":"{{evil}}"}""", Encoding.UTF8, "application/json")),
                (LocalSystem.IngestVideo, $"/videos?after={evil}", token, null),
                (LocalSystem.SignPlaylist, $"/videos/{VideoId.New()}?until={evil}", token, null),
                (LocalSystem.SignPlaylist, $"/videos/{evil}/multivariant.m3u8", token, null),
                (LocalSystem.SignPlaylist, $"/videos/{VideoId.New()}/multivariant.m3u8?token={evil}", forged, null),
            ])
            {
                // Past the gateway, which stops some of them.
                var address = new Uri(system.Functions[function].Address, path);
                using var request = new HttpRequestMessage(content is null ? HttpMethod.Get : HttpMethod.Post, address) { Content = content };
                request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + authorization);
                request.Headers.TryAddWithoutValidation("X-Call-Id", forged);
                using var http = new HttpClient();
                using var answer = await http.SendAsync(request, cancellation);
                Assert.InRange((int)answer.StatusCode, 200, 499);
                Assert.DoesNotContain("forged", $"{answer.Headers}{answer.Content.Headers}", StringComparison.OrdinalIgnoreCase);
            }
        }

        Assert.Contains(lines, line => line.Contains("Forged", StringComparison.Ordinal)); // ffmpeg's output is logged, within a line
        Assert.All(lines, line =>
        {
            Assert.DoesNotContain(line, char.IsControl);
            Assert.NotEqual("Forged", JsonElement.Parse(line).GetProperty("LogLevel").GetString());
        });
    }

    private static async Task PlayAsync(RunningSystem system, HashSet<string> hidden, CancellationToken cancellation)
    {
        var ticket = await system.Client.GetTicketAsync(system.Video, until: null, cancellation);
        var withToken = system.Client.GatewayPlaylist(system.Video);
        Hide(hidden, ticket.Url);
        Hide(hidden, withToken);
        foreach (var multivariant in (Uri[])[ticket.Url, withToken])
        {
            var entries = await Crawler.CrawlAsync(system.Client, multivariant, cancellation);
            await Crawler.FetchAllAsync(system.Client, entries, cancellation);
        }
    }

    /// <summary>Requests that fail are those that get logged.</summary>
    /// <returns>Every status document and every error.</returns>
    private static async Task<IReadOnlyList<string>> MisbehaveAsync(RunningSystem system, HashSet<string> hidden, CancellationToken cancellation)
    {
        var token = system.Local.Tokens.Mint(new() { Scopes = [Scopes.Ingest, Scopes.Play], Until = DateTimeOffset.UtcNow.AddHours(1) });
        hidden.Add(token);
        hidden.Add(token.Split('.')[2]);
        var query = (await system.Client.GetTicketAsync(system.Video, until: null, cancellation)).Query;
        using var http = new HttpClient();
        var video = $"{system.Local.Gateway}/function/sign-playlist/videos/{system.Video}";
        using (var make = new HttpRequestMessage(HttpMethod.Get, $"{video}/share") { Headers = { Authorization = new("Bearer", token) } })
        using (var made = await http.SendAsync(make, cancellation))
        {
            var link = JsonElement.Parse(await made.Content.ReadAsStringAsync(cancellation));
            var share = link.GetProperty("share").GetString()!;
            hidden.Add(share);
            foreach (var until in (long[])[link.GetProperty("until").GetInt64(), 1])
                using (await http.GetAsync($"{video}?until={until}&share={share}", cancellation)) { }
        }
        var answers = new List<string>();
        foreach (var path in (string[])
        [
            "ingest-video", "ingest-video/videos", $"ingest-video/videos/{VideoId.New()}", $"ingest-video/videos/{system.Video}",
            "sign-playlist/videos/x", $"sign-playlist/videos/{VideoId.New()}", $"sign-playlist/videos/{system.Video}/nothing.m3u8",
            $"sign-playlist/videos/{system.Video}/x.ts", "nothing",
        ])
        {
            foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Post, HttpMethod.Delete])
            {
                if (method == HttpMethod.Delete && path.EndsWith(system.Video.ToString(), StringComparison.Ordinal))
                    continue;
                using var request = new HttpRequestMessage(method, $"{system.Local.Gateway}/function/{path}?token={token}&{query}");
                request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
                request.Headers.TryAddWithoutValidation("X-Origin-Verify", hidden.First());
                if (method == HttpMethod.Post)
                    request.Content = new StringContent("not a video");
                using var answer = await http.SendAsync(request, cancellation);
                if (!answer.IsSuccessStatusCode || path.StartsWith("ingest-video", StringComparison.Ordinal))
                    answers.Add(await answer.Content.ReadAsStringAsync(cancellation));
                using var atTheEdge = await http.GetAsync($"{system.Local.Edge}/videos/{system.Video}/x?{query}&token={token}", cancellation);
            }
        }
        return answers;
    }

    /// <summary>The values that open something. What is public, such as the key pair's id, may be logged.</summary>
    private static void Hide(HashSet<string> hidden, Uri address)
    {
        foreach (var parameter in address.Query.TrimStart('?').Split('&'))
        {
            if (parameter.Split('=', 2) is ["Signature" or "Policy" or "proof" or "share" or "token", var value])
                hidden.Add(value);
        }
    }

    private sealed class CollectingLog : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue(new StringBuilder(formatter(state, exception)).Append(' ').Append(exception).ToString());

        public void Dispose()
        {
        }
    }
}
