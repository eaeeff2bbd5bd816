using System.Globalization;

namespace Reelseal.Benchmarks.Servers;

/// <summary>A control group that gets a fifth of one core (cgroup v1, <c>cpu.cfs_quota_us</c>).</summary>
/// <remarks>https://docs.kernel.org/scheduler/sched-bwc.html</remarks>
internal sealed class ProcessorShare : IDisposable
{
    private const string Root = "/sys/fs/cgroup/cpu";
    private const int PeriodMicroseconds = 100_000;

    private readonly DirectoryInfo _group;

    private ProcessorShare()
    {
        _group = Directory.CreateDirectory(Path.Combine(Root, $"reelseal-bench-{Guid.NewGuid()}"));
        Write("cpu.cfs_period_us", PeriodMicroseconds);
        Write("cpu.cfs_quota_us", PeriodMicroseconds / 5);
    }

    /// <summary>Whether this machine has them.</summary>
    public static bool IsPossible => Environment.IsPrivilegedProcess && File.Exists(Path.Combine(Root, "cpu.cfs_quota_us"));

    public static IReadOnlyList<ProcessorShare> Fifths(int count) => [.. Enumerable.Range(0, count).Select(_ => new ProcessorShare())];

    /// <summary>A command whose processes all belong to the group.</summary>
    public string[] Wrap(string[] command) =>
        ["sh", "-c", "echo $$ > \"$0\" && exec \"$@\"", Path.Combine(_group.FullName, "cgroup.procs"), .. command];

    /// <summary>Removes the group; its processes have ended.</summary>
    public void Dispose() => _group.Delete();

    private void Write(string file, int value) => File.WriteAllText(Path.Combine(_group.FullName, file), value.ToString(CultureInfo.InvariantCulture));
}
