using System.Diagnostics;
using IngestVideo.Processes;
using Microsoft.Extensions.Logging.Abstractions;
using Reelseal.Testing;

namespace IngestVideo.Tests;

/// <summary>What a program that reads a stranger's file can still do, asked from inside.</summary>
public sealed class SandboxTests
{
    private const int Limit = 60_000;
    private static readonly ProcessLimits s_limits = new(MemoryBytes: 1L << 30, TimeSpan.FromSeconds(10), FileBytes: 1 << 20);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task Secrets_cannot_be_read_not_even_after_an_attempt_to_unmount_what_hides_them()
    {
        using var folder = new TemporaryDirectory();
        var secret = Path.Combine(folder.Path, "reelseal-token-key");
        await File.WriteAllTextAsync(secret, "secret", Token);

        var lines = await RunAsync(
            $"cat {secret}; umount {folder.Path}; umount -l {folder.Path}; cat {secret}; ls -A {folder.Path}; touch {folder.Path}/x; echo end", folder.Path);

        Assert.Equal(["end"], lines);
        Assert.Equal("secret", await File.ReadAllTextAsync(secret, Token)); // hidden there, not here
    }

    [Fact(Timeout = Limit)]
    public async Task A_single_file_can_be_hidden_too()
    {
        using var folder = new TemporaryDirectory();
        var (credentials, other) = (Path.Combine(folder.Path, "credentials"), Path.Combine(folder.Path, "other"));
        await File.WriteAllTextAsync(credentials, "secret", Token);
        await File.WriteAllTextAsync(other, "open\n", Token);

        Assert.Equal(["open", "end"], await RunAsync($"cat {credentials} {other}; echo end", credentials, Path.Combine(folder.Path, "missing")));
    }

    [Fact(Timeout = Limit)]
    public async Task The_environment_is_empty()
    {
        using var folder = new TemporaryDirectory();

        var lines = new List<string>();
        await ChildProcess.RunAsync(
            await new Sandbox(NullLogger<Sandbox>.Instance, folder.Path).WrapAsync("cat", ["/proc/self/environ"], s_limits), onStarted: null, lines.Add, Token);

        Assert.Empty(lines);
    }

    [Fact(Timeout = Limit)]
    public async Task There_are_no_capabilities_and_no_way_to_new_privileges()
    {
        var status = await RunAsync("cat /proc/self/status");

        Assert.Contains("NoNewPrivs:\t1", status);
        foreach (var set in (string[])["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"])
            Assert.Contains($"{set}:\t0000000000000000", status);
    }

    [Fact(Timeout = Limit)]
    public async Task There_is_no_network_but_a_loopback_that_is_down() =>
        Assert.Equal(["lo"], (await RunAsync("tail -n +3 /proc/net/dev")).Select(line => line.Split(':')[0].Trim()));

    [Fact(Timeout = Limit)]
    public async Task Every_limit_is_the_one_that_was_asked_for()
    {
        var limits = (await RunAsync("cat /proc/self/limits")).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList();

        foreach (var (name, value) in ((string, long)[])
            [("cpu time", 10), ("data size", 1L << 30), ("stack size", 2 << 20), ("file size", 1 << 20), ("core file size", 0)])
            Assert.Contains(limits, words => string.Join(' ', words).StartsWith($"Max {name} {value} {value} ", StringComparison.Ordinal));
        // It is added to that of these tests, and 19 is the most.
        var own = RunningPrograms.NicenessOf(await File.ReadAllTextAsync("/proc/self/stat"));
        Assert.Equal(Math.Min(own + 10, 19), RunningPrograms.NicenessOf((await RunAsync("cat /proc/self/stat"))[0]));
    }

    [Fact(Timeout = Limit)]
    public async Task A_file_that_grows_beyond_the_limit_ends_the_program()
    {
        using var folder = new TemporaryDirectory();
        var file = Path.Combine(folder.Path, "large");

        var result = await ChildProcess.RunAsync(
            await new Sandbox(NullLogger<Sandbox>.Instance).WrapAsync("dd", ["if=/dev/zero", $"of={file}", "bs=64k", "count=100"], s_limits), onStarted: null,
                _ => { }, Token);

        Assert.NotEqual(0, result.ExitCode);
        Assert.Equal(s_limits.FileBytes, new FileInfo(file).Length);
    }

    [Fact(Timeout = Limit)]
    public async Task A_cancelled_call_returns_although_a_stray_child_holds_the_outputs_open()
    {
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var stray = 0;
        // Its parent ends at once, so that it is in no process tree that could be killed.
        var running = ChildProcess.RunAsync(
            new("/bin/sh", ["-c", "(sleep 50 & echo $!); sleep 60"]), onStarted: null, line =>
                stray = int.Parse(line, System.Globalization.CultureInfo.InvariantCulture), cancellation.Token);
        while (Volatile.Read(ref stray) == 0)
            await Task.Delay(20, Token);
        var watch = Stopwatch.StartNew();

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);

        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 20); // the stray child would hold it for 50
        using var left = Process.GetProcessById(stray);
        left.Kill();
    }

    private static async Task<List<string>> RunAsync(string script, params string[] hidden)
    {
        var lines = new List<string>();
        await ChildProcess.RunAsync(
            await new Sandbox(NullLogger<Sandbox>.Instance, hidden).WrapAsync("sh", ["-c", script], s_limits), onStarted: null, lines.Add, Token);
        return lines;
    }
}
