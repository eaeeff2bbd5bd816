using System.Globalization;

namespace IngestVideo;

/// <summary>How the memory of the container is divided between this process and the ffmpegs that it runs at the same time.</summary>
/// <remarks>
/// On cgroup v2 Kubernetes ends the whole container when it exceeds its limit, and with it every video in progress. An ffmpeg that exceeds a limit of its own
/// ends alone, and its video is refused with a reason.
/// </remarks>
public static class MemoryBudget
{
    /// <summary>What stays for this process, in bytes: runtime, heap, and the buffers of uploads.</summary>
    public const long OwnBytes = 256L << 20;

    /// <summary>
    /// The minimum of an ffmpeg, in bytes: what 1080p takes on two processors, rounded up. With less even ordinary videos would be refused, one by one.
    /// docs/operations.md, "Memory", has the measurements.
    /// </summary>
    public const long MinForFfmpeg = 1L << 30;

    // cgroup v2 and v1, as they look from within a container. What has no limit says "max", or a number beyond all memory.
    private static readonly string[] s_limits = ["sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes"];

    /// <summary>The bytes that this container may use: its limit, or the machine's memory where that is less.</summary>
    /// <param name="root">The folder in which <c>proc</c> and <c>sys</c> are.</param>
    public static long ContainerBytes(string root = "/")
    {
        var limits = s_limits.Select(path => Path.Combine(root, path)).Where(File.Exists).Select(path => Parse(File.ReadAllText(path)));
        return limits.Append(MachineBytes(Path.Combine(root, "proc/meminfo"))).Min();
    }

    /// <summary>The bytes for each of the ffmpegs that may run at once.</summary>
    public static long ForEachFfmpeg(long containerBytes, int transcodes) => (containerBytes - OwnBytes) / transcodes;

    /// <summary>The bytes, of those for a video's ffmpeg, for a process beside it that only copies: as much as a copy of 4K needs, twice.</summary>
    public static long ForCopy(long ffmpegBytes) => Math.Min(256L << 20, ffmpegBytes / 4);

    /// <summary>The same for a process that copies into many files at once: a few MiB for each.</summary>
    public static long ForCutting(long ffmpegBytes) => Math.Min(512L << 20, ffmpegBytes / 2);

    private static long MachineBytes(string path)
    {
        const string total = "MemTotal:";
        var line = File.ReadLines(path).First(line => line.StartsWith(total, StringComparison.Ordinal));
        return Parse(line[total.Length..].Replace("kB", "", StringComparison.Ordinal)) * 1024;
    }

    private static long Parse(string text) =>
        long.TryParse(text.AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? bytes : long.MaxValue;
}
