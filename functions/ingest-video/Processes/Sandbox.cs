namespace IngestVideo.Processes;

/// <summary>What a program that reads a stranger's file may use.</summary>
/// <param name="MemoryBytes">What it may allocate: heap, stacks and buffers (<c>RLIMIT_DATA</c>). Its address space is several times as large, and most of it
/// is never touched.</param>
/// <param name="CpuTime">Its time on all processors together.</param>
public readonly record struct ProcessLimits(long MemoryBytes, TimeSpan CpuTime);

/// <summary>
/// Starts a program without a network, with limits on processor time and memory, at low priority, and so that it dies with this process:
/// <c>unshare</c>, <c>setpriv</c>, <c>prlimit</c> (util-linux) and <c>nice</c>, each executing the next in its own place.
/// </summary>
/// <remarks>A container's seccomp profile may refuse some of it. What does not work here is found out once, logged, and left out.</remarks>
public sealed class Sandbox(ILogger<Sandbox> logger)
{
    /// <summary>
    /// 2 MiB for each thread's stack. The usual 8 MiB are never used, but would count as allocated: 384 MiB for the 48 threads of a 4K source.
    /// </summary>
    private const string ThreadStack = "--stack=2097152";

    private readonly Lazy<Task<IReadOnlyList<Wrapper>>> _wrappers = new(() => FindAsync(logger));

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

    private static async Task<IReadOnlyList<Wrapper>> FindAsync(ILogger logger)
    {
        // setpriv stands after unshare: the kernel forgets the death signal when a process gets new credentials.
        (string Program, Func<ProcessLimits, string[]> Arguments, string Purpose)[] candidates =
        [
            ("unshare", _ => ["--map-root-user", "--net", "--"], "has no network"),
            ("setpriv", _ => ["--pdeathsig", "KILL", "--"], "dies with this process"),
            (
                "prlimit",
                limits => [$"--data={limits.MemoryBytes}", ThreadStack, $"--cpu={(long)Math.Ceiling(limits.CpuTime.TotalSeconds)}", "--core=0", "--"],
                "has limits on memory and processor time"
            ),
            ("nice", _ => ["-n", "10", "--"], "has a low priority"),
        ];
        var working = new List<Wrapper>();
        foreach (var (program, arguments, purpose) in candidates)
        {
            if (Find(program) is { } path && Find("true") is { } nothing
                && await SucceedsAsync(new(path, [.. arguments(new(1L << 30, TimeSpan.FromMinutes(1))), nothing])))
                working.Add(new(path, arguments));
            else
                logger.LogWarning("{Program} does not work here, so ffmpeg runs without it: not sure that it {Purpose}", program, purpose);
        }
        return working;
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
