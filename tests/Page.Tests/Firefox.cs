using System.Diagnostics;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Reelseal.Testing;

namespace Reelseal.Page.Tests;

/// <summary>Firefox as its users have it, driven by WebDriver BiDi, which it speaks itself: Playwright brings a Firefox of its own.</summary>
internal sealed class Firefox : IAsyncDisposable
{
    public const string Program = "/usr/bin/firefox-esr";

    private const string Listening = "WebDriver BiDi listening on ";

    private readonly TemporaryDirectory _profile = new();
    private readonly ClientWebSocket _socket = new();
    private readonly Process _process;
    private string _context = "";
    private int _lastId;

    private Firefox()
    {
        // It may play without a click; and it asks nobody but the page.
        File.WriteAllLines(Path.Combine(_profile.Path, "user.js"),
        [
            """user_pref("media.autoplay.default", 0);""", """user_pref("media.autoplay.blocking_policy", 0);""",
            """user_pref("network.captive-portal-service.enabled", false);""", """user_pref("network.connectivity-service.enabled", false);""",
            """user_pref("app.normandy.enabled", false);""", """user_pref("datareporting.policy.dataSubmissionEnabled", false);""",
            """user_pref("services.settings.server", "http://127.0.0.1:9");""", """user_pref("browser.shell.checkDefaultBrowser", false);""",
        ]);
        _process = Process.Start(new ProcessStartInfo(Program, ["--headless", "--no-remote", "--profile", _profile.Path, "--remote-debugging-port", "0"])
        {
            UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true, Environment = { ["HOME"] = _profile.Path },
        })!;
    }

    public static async Task<Firefox> OpenAsync(string address, CancellationToken cancellationToken)
    {
        var firefox = new Firefox();
        try
        {
            string? url = null;
            while (url is null && await firefox._process.StandardError.ReadLineAsync(cancellationToken) is { } line)
                url = line.StartsWith(Listening, StringComparison.Ordinal) ? line[Listening.Length..].Trim() : null;
            _ = firefox._process.StandardError.ReadToEndAsync(CancellationToken.None);
            _ = firefox._process.StandardOutput.ReadToEndAsync(CancellationToken.None);
            await firefox._socket.ConnectAsync(new($"{url ?? throw new InvalidOperationException("Firefox has ended.")}/session"), cancellationToken);
            await firefox.CallAsync("session.new", new() { ["capabilities"] = new JsonObject() }, cancellationToken);
            var tree = await firefox.CallAsync("browsingContext.getTree", [], cancellationToken);
            firefox._context = (string)tree["contexts"]![0]!["context"]!;
            await firefox.CallAsync("browsingContext.navigate", firefox.InContext(("url", address), ("wait", "complete")), cancellationToken);
            return firefox;
        }
        catch
        {
            await firefox.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a script, and waits for the promise that it returns.</summary>
    public async Task<JsonNode> EvaluateAsync(string script, CancellationToken cancellationToken)
    {
        var answer = await CallAsync(
            "script.evaluate",
            new() { ["expression"] = script, ["target"] = new JsonObject { ["context"] = _context }, ["awaitPromise"] = true }, cancellationToken);
        return (string?)answer["type"] == "success" ? answer["result"]! : throw new InvalidOperationException(answer["exceptionDetails"]!.ToJsonString());
    }

    /// <summary>Waits until an expression is true.</summary>
    public Task WaitAsync(string expression, CancellationToken cancellationToken) => EvaluateAsync(
        $$"""
        new Promise((resolve, reject) => {
          const end = Date.now() + {{Visit.Patience}};
          const look = () => {
            if ({{expression}}) resolve(true);
            else if (Date.now() > end) reject(new Error({{JsonSerializer.Serialize(expression)}} + " is not so: " + document.body.innerText));
            else setTimeout(look, 100);
          };
          look();
        })
        """, cancellationToken);

    /// <summary>Gives files to an input.</summary>
    public async Task SetFilesAsync(string selector, string[] files, CancellationToken cancellationToken)
    {
        var input = await EvaluateAsync($"document.querySelector({JsonSerializer.Serialize(selector)})", cancellationToken);
        await CallAsync(
            "input.setFiles",
            InContext(("element", new JsonObject { ["sharedId"] = (string)input["sharedId"]! }), ("files", new JsonArray([.. files]))), cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _profile.Dispose();
    }

    private JsonObject InContext(params (string Name, JsonNode Value)[] more)
    {
        var parameters = new JsonObject { ["context"] = _context };
        foreach (var (name, value) in more)
            parameters[name] = value;
        return parameters;
    }

    private async Task<JsonNode> CallAsync(string method, JsonObject parameters, CancellationToken cancellationToken)
    {
        var id = ++_lastId;
        var call = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters };
        await _socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(call), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
        while (true)
        {
            using var message = new MemoryStream();
            var buffer = new byte[16 << 10];
            ValueWebSocketReceiveResult part;
            do
            {
                part = await _socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
                message.Write(buffer, 0, part.Count);
            }
            while (!part.EndOfMessage);
            var answer = JsonNode.Parse(message.ToArray())!;
            if ((int?)answer["id"] == id)
                return (string?)answer["type"] == "success" ? answer["result"]! : throw new InvalidOperationException($"{method}: {answer.ToJsonString()}");
        }
    }
}
