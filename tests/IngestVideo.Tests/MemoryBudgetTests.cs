using IngestVideo.Processes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Reelseal;

namespace IngestVideo.Tests;

/// <summary>What ffmpeg may use of the container's memory.</summary>
public sealed class MemoryBudgetTests
{
    private const long GiB = 1L << 30;

    [Theory]
    [InlineData("4294967296", null, 4 * GiB)] // cgroup v2
    [InlineData("max", null, 24 * GiB)]
    [InlineData(null, "2147483648", 2 * GiB)] // cgroup v1
    [InlineData(null, "9223372036854771712", 24 * GiB)] // its way of saying that there is none
    [InlineData(null, null, 24 * GiB)]
    [InlineData("68719476736", null, 24 * GiB)] // more than there is
    public void The_containers_memory_is_its_limit_or_the_machines_where_that_is_less(string? v2, string? v1, long bytes)
    {
        var root = Directory.CreateTempSubdirectory("reelseal-test-memory-");
        try
        {
            Write("proc/meminfo", $"MemTotal:       {24 * GiB / 1024} kB\nMemFree:        1024 kB\n");
            Write("sys/fs/cgroup/memory.max", v2 + "\n");
            Write("sys/fs/cgroup/memory/memory.limit_in_bytes", v1 + "\n");
            if (v2 is null)
                File.Delete(Path.Combine(root.FullName, "sys/fs/cgroup/memory.max"));
            if (v1 is null)
                File.Delete(Path.Combine(root.FullName, "sys/fs/cgroup/memory/memory.limit_in_bytes"));

            Assert.Equal(bytes, MemoryBudget.ContainerBytes(root.FullName));
        }
        finally
        {
            root.Delete(recursive: true);
        }

        void Write(string name, string text)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(root.FullName, name))!);
            File.WriteAllText(Path.Combine(root.FullName, name), text);
        }
    }

    [Fact]
    public void This_machine_has_some() => Assert.InRange(MemoryBudget.ContainerBytes(), 1L << 26, long.MaxValue - 1);

    [Theory]
    [InlineData("", 4 * GiB, (4 * GiB - MemoryBudget.OwnBytes) / 2)]
    [InlineData("MAX_TRANSCODES=1", 4 * GiB, 4 * GiB - MemoryBudget.OwnBytes)]
    [InlineData("MAX_TRANSCODES=3", 4 * GiB, (4 * GiB - MemoryBudget.OwnBytes) / 3)]
    [InlineData("FFMPEG_MEMORY_BYTES=1073741824", 4 * GiB, GiB)]
    public void Each_ffmpeg_gets_an_equal_share_unless_it_is_set(string settings, long container, long bytes)
    {
        var (options, faults) = Read(settings, container);
        Assert.Empty(faults);
        Assert.Equal(bytes, options.FfmpegMemoryBytes);
    }

    [Theory]
    [InlineData(
        "FFMPEG_MEMORY_BYTES=8589934592", 4 * GiB,
        "FFMPEG_MEMORY_BYTES is 8589934592 and MAX_TRANSCODES 2, but the container has 4294967296 bytes of memory, of which 268435456 are kept",
        "leaves 2013265920 for each")]
    [InlineData("FFMPEG_MEMORY_BYTES=2147483648", 4 * GiB, "that leaves 2013265920 for each ffmpeg", "")]
    [InlineData("MAX_TRANSCODES=16", 4 * GiB, "Each ffmpeg would have 251658240 bytes", "the container has 4294967296, MAX_TRANSCODES is 16.")]
    [InlineData("FFMPEG_MEMORY_BYTES=1000000", 4 * GiB, "Each ffmpeg would have 1000000 bytes", "FFMPEG_MEMORY_BYTES 1000000.")]
    [InlineData("FFMPEG_MEMORY_BYTES=1073741823", 4 * GiB, "Each ffmpeg would have 1073741823 bytes", "less than the 1073741824 that it needs")]
    [InlineData("", GiB / 4, "Each ffmpeg would have 0 bytes", "the container has 268435456")]
    public void A_contradiction_is_refused_at_the_start_with_its_numbers(string settings, long container, string said, string alsoSaid)
    {
        var fault = Assert.Single(Read(settings, container).Faults);
        Assert.Contains(said, fault, StringComparison.Ordinal);
        Assert.Contains(alsoSaid, fault, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task An_ffmpeg_that_exceeds_its_limit_ends_alone_with_an_error_that_is_recognised()
    {
        string[] arguments = ["-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=3840x2160:d=0.2", "-c:v", "libx264", "-f", "null", "-"];
        var command = await new Sandbox(NullLogger<Sandbox>.Instance).WrapAsync("ffmpeg", arguments, new(100L << 20, TimeSpan.FromMinutes(1), FileBytes: 0));

        var result = await ChildProcess.RunAsync(command, onStarted: null, _ => { }, TestContext.Current.CancellationToken);

        Assert.True(FfmpegErrors.OutOfMemory(result), $"{result.ExitCode}: {string.Join('\n', result.LastErrors)}");
    }

    private static (IngestOptions Options, IEnumerable<string> Faults) Read(string text, long container)
    {
        var values = text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('='))
            .ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
        var settings = new Settings(values.GetValueOrDefault, secretsDirectory: "/nowhere");
        var options = IngestOptions.Read(settings, container);
        try
        {
            settings.ThrowIfInvalid();
            return (options, []);
        }
        catch (OptionsValidationException faulty)
        {
            return (options, faulty.Failures);
        }
    }
}
