using System.Text.RegularExpressions;
using CliWrap;
using CliWrap.Buffered;
using Reelseal.Local;
using Reelseal.Local.Playback;
using Reelseal.Testing;
using Reelseal.Tokens;

namespace Reelseal.EndToEnd.Tests;

/// <summary>The lines of docs/http-api.md that a reader tries first, as they are.</summary>
public sealed partial class CurlTests(DirectorySystem directory) : IClassFixture<DirectorySystem>
{
    [Fact(Timeout = 120_000)]
    public async Task The_lines_with_curl_take_a_video_in_and_play_it()
    {
        var system = await directory.StartedAsync();
        var lines = Lines().Match(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "http-api.md"), TestContext.Current.CancellationToken));
        Assert.True(lines.Success);
        Assert.Equal(5, lines.Groups["lines"].Value.Count('\n'));
        using var folder = new TemporaryDirectory();
        await Clip.CreateAsync(Path.Combine(folder.Path, "holiday.mov"), TimeSpan.FromSeconds(2), 320, 180, TestContext.Current.CancellationToken);

        var result = await Cli.Wrap("bash").WithArguments(["-euo", "pipefail", "-c", lines.Groups["lines"].Value])
            .WithWorkingDirectory(folder.Path)
            .WithEnvironmentVariables(variables => variables
                .Set("OPENFAAS_URL", system.Local.Gateway)
                .Set("TOKEN", system.Local.Tokens.Mint(new() { Scopes = [Scopes.Ingest, Scopes.Play], Lifetime = TimeSpan.FromHours(1) })))
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(TestContext.Current.CancellationToken);

        Assert.Equal((0, ""), (result.ExitCode, result.StandardError));
        Assert.StartsWith("{\"state\":\"ready\",\"title\":\"Holiday\",\"duration\":2}\n#EXTM3U\n", result.StandardOutput, StringComparison.Ordinal);
    }

    [GeneratedRegex("## Try it with curl\n.*?```sh\n(?<lines>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Lines();
}
