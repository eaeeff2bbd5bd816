using CliWrap;
using CliWrap.Buffered;
using IngestVideo.Status;
using Reelseal.Storage;
using Reelseal.Testing;

namespace Reelseal.Reliability.Tests.Fsck;

/// <summary>Runs the command as operators do.</summary>
public sealed class CommandTests
{
    [Fact(Timeout = 120_000)]
    public async Task Exits_with_1_while_something_is_wrong_and_with_0_when_everything_is_repaired()
    {
        using var folder = new TemporaryDirectory();
        var store = new StoreToCheck(new DirectoryObjectStore(folder.Path, TimeSpan.FromSeconds(30)));
        var video = VideoId.New();
        await store.WriteStatusAsync(video, VideoState.Transcoding, updated: DateTimeOffset.UtcNow.AddDays(-1));
        (string, string) settings = ("STORE_DIRECTORY", folder.Path);

        var (reported, repaired, clean) =
            (await RunAsync([], settings), await RunAsync(["--remove"], settings), await RunAsync(["--older-than", "1s"], settings));

        Assert.Equal((1, 0, 0), (reported.ExitCode, repaired.ExitCode, clean.ExitCode));
        Assert.Matches($"^stuck status: status/{video}.json \\(Transcoding since .*\\)\n2 objects, 1 problems, 0 of them repaired\n$", reported.StandardOutput);
        Assert.Contains("): repaired\n", repaired.StandardOutput, StringComparison.Ordinal);
        Assert.Equal("2 objects, 0 problems, 0 of them repaired\n", clean.StandardOutput);
    }

    [Fact(Timeout = 120_000)]
    public async Task Exits_with_2_and_the_reason_if_the_store_cannot_be_read()
    {
        var unset = await RunAsync([]);
        var unreachable = await RunAsync(
            [], ("S3_BUCKET", "videos"), ("S3_ENDPOINT", "http://127.0.0.1:1"), ("S3_TIMEOUT", "1s"),
            ("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b"));
        Assert.Equal((2, 2), (unset.ExitCode, unreachable.ExitCode));
        Assert.Contains("Set either S3_BUCKET, or STORE_DIRECTORY", unset.StandardError, StringComparison.Ordinal);
        Assert.Matches("^The object store (cannot be reached|did not answer)[^\n]*\n$", unreachable.StandardError);
    }

    private static async Task<BufferedCommandResult> RunAsync(string[] arguments, params (string Name, string Value)[] settings)
    {
        var environment = Environment.GetEnvironmentVariables().Keys.Cast<string>()
            .Where(name => name.StartsWith("S3_", StringComparison.Ordinal) || name.StartsWith("AWS_", StringComparison.Ordinal))
            .ToDictionary(name => name, _ => (string?)null, StringComparer.Ordinal);
        foreach (var (name, value) in settings)
            environment[name] = value;
        return await Cli.Wrap("dotnet").WithArguments([Path.Combine(AppContext.BaseDirectory, "Reelseal.Fsck.dll"), .. arguments])
            .WithEnvironmentVariables(environment).WithValidation(CommandResultValidation.None).ExecuteBufferedAsync();
    }
}
