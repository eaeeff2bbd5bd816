using System.Net;
using System.Runtime.Versioning;
using CliWrap;
using Reelseal.Local;
using Reelseal.Local.Functions;
using Reelseal.Local.Keys;
using Reelseal.Testing;
using Reelseal.Tokens;

namespace Reelseal.EndToEnd.Tests;

/// <summary>A function that is still starting: requests that are sent before it is ready would be lost.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class ReadinessTests
{
    private const string Key = "a key for tests, long enough for HS256";

    [Theory(Timeout = 120_000)]
    [InlineData(LocalSystem.SignPlaylist, "secrets/reelseal-token-key")]
    [InlineData(LocalSystem.IngestVideo, "secrets/reelseal-token-key")]
    [InlineData(LocalSystem.IngestVideo, "sandbox")]
    public async Task It_is_not_ready_before_it_has_what_it_waits_for_and_then_it_serves(string name, string awaited)
    {
        Published.Require();
        var cancellation = TestContext.Current.CancellationToken;
        using var folder = new TemporaryDirectory();
        using var signingKey = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        foreach (var (file, text) in ((string, string)[])
        [
            ("secrets/reelseal-signing-key", signingKey.ExportPkcs8PrivateKeyPem()),
            ("secrets/reelseal-origin-secret", new('o', 32)),
            ("secrets/reelseal-token-key", Key),
            ("bin/unshare", $"#!/bin/sh\ncd {folder.Path}; [ ! -p sandbox ] || {{ cat sandbox; rm sandbox; }}\n"), // waits when it is tried first
        ])
        {
            Directory.CreateDirectory(Path.Combine(folder.Path, Path.GetDirectoryName(file)!));
            await File.WriteAllTextAsync(Path.Combine(folder.Path, file), text, cancellation);
        }
        File.SetUnixFileMode(Path.Combine(folder.Path, "bin/unshare"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var pipe = Path.Combine(folder.Path, awaited);
        File.Delete(pipe);
        await Cli.Wrap("mkfifo").WithArguments([pipe]).ExecuteAsync(cancellation);
        var program = new FunctionProgram
        {
            Name = name,
            Executable = Path.Combine(new LocalOptions().FunctionsDirectory, name, "Root"),
            SecretsDirectory = Path.Combine(folder.Path, "secrets"),
            Environment = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["STORE_DIRECTORY"] = folder.Path, ["CLOUDFRONT_URL"] = "https://cdn.example", ["KEY_PAIR_ID"] = "K1",
                ["PATH"] = $"{folder.Path}/bin:{Environment.GetEnvironmentVariable("PATH")}",
            },
        };

        var starting = FunctionProcess.StartAsync(program, cancellation);
        bool? early = null; // as long as it has not asked
        var giving = Task.Run(
            async () =>
            {
                await using var writer = new FileStream(pipe, FileMode.Open, FileAccess.Write, FileShare.ReadWrite); // opens when the function reads
                await Task.Delay(TimeSpan.FromSeconds(1), cancellation);
                early = starting.IsCompleted;
                await writer.WriteAsync(System.Text.Encoding.ASCII.GetBytes(Key), cancellation);
            },
            cancellation);
        await using var function = await starting;

        Assert.False(early);
        await giving;
        using var http = new HttpClient { BaseAddress = function.Address };
        foreach (var (key, status) in ((string, HttpStatusCode)[])[(new('x', 32), HttpStatusCode.Unauthorized), (Key, HttpStatusCode.NotFound)])
        {
            http.DefaultRequestHeaders.Authorization = new(
                "Bearer", new TokenMint(key, TimeProvider.System).Mint(new() { Scopes = [Scopes.Ingest, Scopes.Play] }));
            using var answer = await http.GetAsync($"/videos/{VideoId.New()}", cancellation);
            Assert.Equal(status, answer.StatusCode);
        }
    }
}
