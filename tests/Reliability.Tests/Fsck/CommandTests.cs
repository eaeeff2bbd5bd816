using System.Diagnostics;
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
        Assert.Matches($"^stuck status: status/{video}.json \\(Transcoding since .*\\)\n2 objects, 1 problems, 0 of them repaired\n$", reported.Output);
        Assert.Contains("): repaired\n", repaired.Output, StringComparison.Ordinal);
        Assert.Equal("2 objects, 0 problems, 0 of them repaired\n", clean.Output);
    }

    [Fact(Timeout = 120_000)]
    public async Task Exits_with_2_and_the_reason_if_the_store_cannot_be_read()
    {
        var unset = await RunAsync([]);
        var unreachable = await RunAsync(
            [], ("S3_BUCKET", "videos"), ("S3_ENDPOINT", "http://127.0.0.1:1"), ("S3_TIMEOUT", "1s"),
            ("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b"));
        Assert.Equal((2, 2), (unset.ExitCode, unreachable.ExitCode));
        Assert.Contains("Set either S3_BUCKET, or STORE_DIRECTORY", unset.Errors, StringComparison.Ordinal);
        Assert.Matches("^The object store (cannot be reached|did not answer)[^\n]*\n$", unreachable.Errors);
    }

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(string[] arguments, params (string Name, string Value)[] settings)
    {
        var start = new ProcessStartInfo(
            "dotnet", [Path.Combine(AppContext.BaseDirectory, "Reelseal.Fsck.dll"), .. arguments]) { UseShellExecute = false, RedirectStandardOutput = true,
            RedirectStandardError = true };
        foreach (var name in start.Environment.Keys.Where(
            name => name.StartsWith("S3_", StringComparison.Ordinal) || name.StartsWith("AWS_", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }
}
