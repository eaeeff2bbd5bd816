using System.Globalization;

namespace IngestVideo.Processes;

/// <summary>The limits of a program that reads a stranger's file.</summary>
/// <param name="MemoryBytes">What it may allocate: heap, stacks and buffers (<c>RLIMIT_DATA</c>). Its address space is several times as large, and most of it
/// is never touched.</param>
/// <param name="CpuTime">Its time on all processors together.</param>
/// <param name="FileBytes">The size of each file that it writes. One byte more, and the kernel kills it.</param>
/// <param name="Niceness">How far it gives way to other processes, up to 19.</param>
public readonly record struct ProcessLimits(long MemoryBytes, TimeSpan CpuTime, long FileBytes, int Niceness = 10);

/// <summary>
/// Starts a program without a network and without sight of the function's secrets, with limits on processor time, memory and files, at low priority, and
/// so that it dies with this process: <c>unshare</c>, <c>mount</c>, <c>setpriv</c>, <c>prlimit</c> (util-linux) and <c>nice</c>, each executing the next in its
/// own place.
/// </summary>
/// <remarks>A container's seccomp profile may refuse some of it. Parts that do not work here are detected once, logged and left out.</remarks>
/// <param name="logger">Where it is logged.</param>
/// <param name="hidden">The folders and files that the program sees empty.</param>
public sealed class Sandbox(ILogger<Sandbox> logger, params IReadOnlyList<string> hidden)
{
    /// <summary>
    /// 2 MiB for each thread's stack. The usual 8 MiB are never used, but would count as allocated: 384 MiB for the 48 threads of a 4K source.
    /// </summary>
    private const string ThreadStack = "--stack=2097152";

    /// <summary>
    /// Mounts an empty file system over each folder up to the word <c>--</c>, and an empty device over each file, and executes what follows without the
    /// variables that a shell sets.
    /// </summary>
    private const string Hide =
        """
        while [ "$1" != -- ]; do
          if [ -d "$1" ]; then mount -t tmpfs -o size=4k,mode=555,ro,nosuid,nodev,noexec none "$1"; else mount --bind /dev/null "$1"; fi || exit
          shift
        done
        shift
        exec env -i "$@"
        """;

    private readonly Lazy<Task<IReadOnlyList<Wrapper>>> _wrappers = new(() => FindAsync(logger, [.. hidden.Where(Path.Exists)]));

    /// <summary>Finds out now, rather than at the first video, what works here.</summary>
    public Task ProbeAsync() => _wrappers.Value;

    /// <summary>The same program inside the sandbox.</summary>
    /// <exception cref="InvalidOperationException">The program is not installed.</exception>
    public async Task<Command> WrapAsync(string program, IReadOnlyList<string> arguments, ProcessLimits limits)
    {
        var words = new List<string>();
        foreach (var wrapper in await _wrappers.Value)
            words.AddRange([wrapper.Path, .. wrapper.Arguments(limits)]);
        words.Add(Find(program) ?? throw new InvalidOperationException($"{program} is not installed."));
        words.AddRange(arguments);
        return new(words[0], words[1..]);
    }

    /// <summary>Runs a program inside the sandbox. What it may take of a processor's time, it may also take by the clock.</summary>
    /// <param name="program">Its name.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="limits">Its limits.</param>
    /// <param name="onLine">Receives each line of standard output.</param>
    /// <param name="cancellationToken">Kills it.</param>
    /// <param name="longestLine">The number of characters of a line to read.</param>
    /// <param name="onError">Receives each line of standard error.</param>
    /// <returns>null where it took longer, and was killed.</returns>
    /// <exception cref="InvalidOperationException">The program is not installed.</exception>
    public async Task<ProcessResult?> RunInTimeAsync(
        string program, IReadOnlyList<string> arguments, ProcessLimits limits, Action<string> onLine, CancellationToken cancellationToken,
        int longestLine = ChildProcess.LongestLine, Action<string>? onError = null)
    {
        var command = await WrapAsync(program, arguments, limits);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(limits.CpuTime);
        try
        {
            return await ChildProcess.RunAsync(command, onStarted: null, onLine, timeout.Token, longestLine, onError);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private static async Task<IReadOnlyList<Wrapper>> FindAsync(ILogger logger, string[] hidden)
    {
        // In this order: mounting takes the namespace of unshare and the root in it, which setpriv takes away, so that nothing can be unmounted again;
        // and the kernel forgets the death signal when a process gets new credentials.
        var working = new List<Wrapper>();
        var hasOwnMounts = await TryAsync("unshare", _ => ["--map-root-user", "--net", "--mount", "--"]);
        if (!hasOwnMounts && !await TryAsync("unshare", _ => ["--map-root-user", "--net", "--"]))
            Report("unshare", "has no network");
        // Among the function's own mounts, a privileged function would hide its secrets from itself.
        if (hidden is not [] && !(hasOwnMounts && await TryAsync("sh", _ => ["-c", Hide, "sh", .. hidden, "--"])))
            Report("mount", $"cannot read {string.Join(", ", hidden)}");
        // To drop capabilities takes a capability. In a container that refuses namespaces there is usually neither, and nothing to drop.
        if (!await TryAsync("setpriv", _ => ["--pdeathsig", "KILL", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--"])
            && !await TryAsync("setpriv", _ => ["--pdeathsig", "KILL", "--no-new-privs", "--"]))
            Report("setpriv", "dies with this process and gains no privileges");
        if (!await TryAsync("prlimit", limits =>
            [
                Limit("data", limits.MemoryBytes), ThreadStack, Limit("cpu", (long)Math.Ceiling(limits.CpuTime.TotalSeconds)), Limit("fsize", limits.FileBytes),
                "--core=0", "--",
            ]))
            Report("prlimit", "has limits on memory, processor time and the size of files");
        if (!await TryAsync("nice", limits => ["-n", limits.Niceness.ToString(CultureInfo.InvariantCulture), "--"]))
            Report("nice", "has a low priority");
        return working;

        // Keeps a wrapper that works inside those found before it.
        async Task<bool> TryAsync(string program, Func<ProcessLimits, string[]> arguments)
        {
            if (Find(program) is not { } path || Find("true") is not { } nothing)
                return false;
            Wrapper[] all = [.. working, new(path, arguments)];
            var limits = new ProcessLimits(1L << 30, TimeSpan.FromMinutes(1), FileBytes: 1 << 20);
            string[] words = [.. all.SelectMany(wrapper => wrapper.Arguments(limits).Prepend(wrapper.Path)), nothing];
            if (!await SucceedsAsync(new(words[0], words[1..])))
                return false;
            working.Add(all[^1]);
            return true;
        }

        void Report(string program, string purpose) =>
            logger.LogWarning("{Program} does not work here. ffmpeg runs without it, so nothing ensures that it {Purpose}", program, purpose);

        static string Limit(string name, long value) => string.Create(CultureInfo.InvariantCulture, $"--{name}={value}");
    }

    private static async Task<bool> SucceedsAsync(Command command)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            return (await ChildProcess.RunAsync(command, onStarted: null, _ => { }, timeout.Token)).ExitCode == 0;
        }
        catch (Exception e) when (e is OperationCanceledException or System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    /// <summary>Whether a program is installed.</summary>
    public static bool IsInstalled(string program) => Find(program) is not null;

    /// <summary>The path of a program, or null.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "/usr/local/bin:/usr/bin:/bin").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    private sealed record Wrapper(string Path, Func<ProcessLimits, string[]> Arguments);
}
