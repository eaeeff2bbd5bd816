using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace IngestVideo.Processes;

/// <summary>A program to run: an executable and its arguments, which no shell ever reads.</summary>
public sealed record Command(string Executable, IReadOnlyList<string> Arguments)
{
    /// <summary>The folder that it runs in; empty for this process' own.</summary>
    public string WorkingDirectory { get; init; } = "";

    /// <summary>In a form that can be pasted into a shell.</summary>
    public override string ToString() =>
        string.Join(' ', Arguments.Prepend(Executable).Select(word =>
            word.All(c => char.IsAsciiLetterOrDigit(c) || "-_=+./:,".Contains(c, StringComparison.Ordinal)) ? word
                : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'"));
}

/// <summary>How a program ended. <see cref="LastErrors"/> are the last lines of its standard error.</summary>
public sealed record ProcessResult(int ExitCode, IReadOnlyList<string> LastErrors);

/// <summary>A running program: starts, drains, pauses, kills and waits for it, without knowing about media.</summary>
public sealed partial class ChildProcess
{
    private const int LinesKept = 40;
    /// <summary>The number of characters of a line that are read unless more are asked for.</summary>
    public const int LongestLine = 1000;

    /// <summary>
    /// How long a killed program may take to be gone: one that hangs in the kernel, or left a child with its outputs, must not hold its caller for ever.
    /// </summary>
    private static readonly TimeSpan s_killTimeout = TimeSpan.FromSeconds(3);
    private readonly TaskCompletionSource<Process> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _signalling = new();
    private int _id;
    private bool _paused;

    private ChildProcess()
    {
    }

    /// <summary>Whether the program is stopped by <see cref="SetPaused"/>.</summary>
    public bool Paused => _paused;

    /// <summary>
    /// Runs a program to its end. The call returns, or throws, only when the process is gone and both its outputs are read, or three seconds
    /// after it was killed.
    /// </summary>
    /// <param name="command">What to run; its environment is empty.</param>
    /// <param name="onStarted">Receives the running process.</param>
    /// <param name="onLine">Receives each line of standard output.</param>
    /// <param name="cancellationToken">Kills the process and what it started.</param>
    /// <param name="longestLine">The number of characters of a line to read; the rest is skipped. A program's output may contain a stranger's text.</param>
    /// <param name="onError">Receives each line of standard error.</param>
    public static async Task<ProcessResult> RunAsync(
        Command command, Action<ChildProcess>? onStarted, Action<string> onLine, CancellationToken cancellationToken, int longestLine = LongestLine,
        Action<string>? onError = null)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var child = new ChildProcess();
        // The signal that setpriv --pdeathsig asks for is sent when the thread that started the process ends: this one lives as long as the child.
        new Thread(() => child.StartAndWait(command)) { IsBackground = true, Name = "child process" }.Start();
        var process = await child._started.Task;
        child._id = process.Id;
        using var abandoned = new CancellationTokenSource();
        await using var kill = cancellationToken.Register(() =>
        {
            abandoned.CancelAfter(s_killTimeout);
            Kill(process);
        });
        onStarted?.Invoke(child);

        var errors = new Queue<string>();
        // Both outputs are drained together: a full pipe would stop the program.
        var ended = Task.WhenAll(
            child._exited.Task,
            ReadLinesAsync(process.StandardOutput, longestLine, onLine),
            ReadLinesAsync(process.StandardError, LongestLine, line =>
            {
                onError?.Invoke(line);
                errors.Enqueue(line);
                if (errors.Count > LinesKept)
                    errors.Dequeue();
            }));
        // Disposed of when all is over, however long that takes: what is left over may still hold the outputs.
        _ = ended.ContinueWith(_ => process.Dispose(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        await ended.WaitAsync(abandoned.Token);
        cancellationToken.ThrowIfCancellationRequested();
        return new(await child._exited.Task, [.. errors]);
    }

    /// <summary>Pauses or resumes the program.</summary>
    public void SetPaused(bool pause)
    {
        const int sigcont = 18, sigstop = 19;
        lock (_signalling)
        {
            if (_exited.Task.IsCompleted || _paused == pause)
                return;
            _ = SendSignal(_id, pause ? sigstop : sigcont);
            _paused = pause;
        }
    }

    private void StartAndWait(Command command)
    {
        Process process;
        try
        {
            var start = new ProcessStartInfo(command.Executable, command.Arguments)
            {
                UseShellExecute = false,
                WorkingDirectory = command.WorkingDirectory,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            start.Environment.Clear();
            process = Process.Start(start)!;
            process.StandardInput.Close();
        }
        catch (Exception e)
        {
            _started.SetException(e);
            return;
        }
        _started.SetResult(process);
        try
        {
            process.WaitForExit();
            lock (_signalling) // its process id may be reused from now on
                _exited.SetResult(process.ExitCode);
        }
        catch (Exception e)
        {
            _exited.SetException(e);
        }
    }

    /// <summary>Reads lines without buffering more of one than is wanted.</summary>
    private static async Task ReadLinesAsync(StreamReader reader, int longest, Action<string> onLine)
    {
        var buffer = new char[4096];
        var line = new StringBuilder();
        while (await reader.ReadAsync(buffer) is > 0 and var read)
        {
            for (var rest = buffer.AsMemory(0, read); !rest.IsEmpty;)
            {
                var end = rest.Span.IndexOf('\n');
                var piece = end < 0 ? rest : rest[..end];
                line.Append(piece[..Math.Min(piece.Length, longest - line.Length)]);
                if (end < 0)
                    break;
                onLine(line.ToString());
                line.Clear();
                rest = rest[(end + 1)..];
            }
        }
        if (line.Length > 0)
            onLine(line.ToString());
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or AggregateException or System.ComponentModel.Win32Exception)
        {
            // It has ended by itself, or a child of it has while the tree was walked.
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
