using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Reelseal.Local.Functions;

/// <summary>A published function, running as its own process on a free port of 127.0.0.1, as of-watchdog would run it.</summary>
internal sealed class FunctionProcess : IAsyncDisposable
{
    /// <summary>What a function inherits of this process's environment: enough to find ffmpeg and its own folders.</summary>
    private static readonly string[] s_inherited = ["PATH", "HOME", "TMPDIR", "LANG"];

    private readonly Process _process;

    private FunctionProcess(Process process, Uri address, FunctionLog log) => (_process, Address, Log) = (process, address, log);

    public Uri Address { get; }

    public FunctionLog Log { get; }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Starts a function and waits until <c>/_/ready</c> succeeds.</summary>
    /// <exception cref="FunctionStartException">It is missing, it ended, or it is not ready in time.</exception>
    public static async Task<FunctionProcess> StartAsync(FunctionProgram program, CancellationToken cancellationToken)
    {
        if (!File.Exists(program.Executable))
            throw new FunctionStartException($"The function {program.Name} is not published: there is no {program.Executable}. Run make publish.");
        var address = new Uri($"http://127.0.0.1:{FreePort()}");
        var log = new FunctionLog(program.OnLine);
        var function = new FunctionProcess(Launch(program, address, log), address, log);
        try
        {
            await function.WaitUntilReadyAsync(program, cancellationToken);
            return function;
        }
        catch
        {
            await function.KillAsync();
            function._process.Dispose();
            throw;
        }
    }

    /// <summary>Sends SIGTERM and waits; a function that takes longer than <paramref name="within"/> is killed together with its child processes.</summary>
    /// <returns>The exit code; 137 when it was killed.</returns>
    public async Task<int> StopAsync(TimeSpan within)
    {
        if (!_process.HasExited)
            _ = Kill(_process.Id, Sigterm);
        using var patience = new CancellationTokenSource(within);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            await KillAsync();
        }
        return _process.ExitCode;
    }

    /// <summary>Kills it together with its child processes.</summary>
    public async Task KillAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.FromSeconds(10));
        _process.Dispose();
    }

    private static Process Launch(FunctionProgram program, Uri address, FunctionLog log)
    {
        var start = new ProcessStartInfo(program.Executable)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        start.Environment.Clear();
        foreach (var name in s_inherited)
        {
            if (Environment.GetEnvironmentVariable(name) is { } value)
                start.Environment[name] = value;
        }
        foreach (var (name, value) in program.Environment)
            start.Environment[name] = value;
        if (program.SecretsDirectory is { } secrets)
            start.Environment["SECRETS_DIRECTORY"] = secrets;
        start.Environment["ASPNETCORE_URLS"] = address.GetLeftPart(UriPartial.Authority);

        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => log.Add(line.Data);
        process.ErrorDataReceived += (_, line) => log.Add(line.Data);
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private async Task WaitUntilReadyAsync(FunctionProgram program, CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(2) };
        var deadline = TimeProvider.System.GetTimestamp();
        while (!await IsReadyAsync(http, cancellationToken))
        {
            if (_process.HasExited)
            {
                await _process.WaitForExitAsync(cancellationToken); // so that its last lines are in the log
                throw new FunctionStartException($"The function {program.Name} did not start (exit code {_process.ExitCode}):\n{Log}");
            }
            if (TimeProvider.System.GetElapsedTime(deadline) > program.StartWithin)
                throw new FunctionStartException($"The function {program.Name} was not ready within {program.StartWithin.TotalSeconds} s:\n{Log}");
            await Task.Delay(20, cancellationToken);
        }
    }

    private async Task<bool> IsReadyAsync(HttpClient http, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await http.GetAsync(new Uri(Address, "/_/ready"), cancellationToken);
            return response.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false; // it does not listen yet
        }
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private const int Sigterm = 15;

    // .NET can send no other signal than SIGKILL.
    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int processId, int signal);
}
