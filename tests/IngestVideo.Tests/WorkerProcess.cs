using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Reelseal.Testing;

namespace IngestVideo.Tests;

/// <summary>The function as a process of its own, on the store of a host of the same test.</summary>
internal sealed partial class WorkerProcess : IAsyncDisposable
{
    private readonly Process _process;

    private WorkerProcess(Process process, Uri address, string workDirectory)
    {
        (_process, WorkDirectory) = (process, workDirectory);
        Client = new HttpClient { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
        Client.DefaultRequestHeaders.Authorization = new("Bearer", IngestHost.Token());
    }

    public HttpClient Client { get; }

    public string WorkDirectory { get; }

    public static async Task<WorkerProcess> StartAsync(IngestHost host, params (string Name, string Value)[] settings)
    {
        var work = Directory.CreateDirectory(Path.Combine(host.Root, "worker")).FullName;
        var start = new ProcessStartInfo(
            "dotnet", [Path.Combine(AppContext.BaseDirectory, "Worker.dll")]) { UseShellExecute = false, RedirectStandardOutput = true };
        foreach (var (name, value) in (IEnumerable<(string, string)>)[
            ("ASPNETCORE_URLS", "http://127.0.0.1:0"), ("STORE_DIRECTORY", host.StoreDirectory), ("WORK_DIRECTORY", work),
            ("SECRETS_DIRECTORY", Path.Combine(host.Root, "secrets")), ("HEARTBEAT_INTERVAL", "500ms"), ("S3_TIMEOUT", "2s"), .. settings])
            start.Environment[name] = value;
        var process = Process.Start(start)!;
        return new(process, new(await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The worker did not start.")), work);
    }

    /// <summary>Its peak resident memory in bytes (VmHWM, proc(5)).</summary>
    public long PeakMemory => 1024 * long.Parse(
        File.ReadLines($"/proc/{_process.Id}/status").Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);

    public void Freeze() => Signal(19);

    public void Thaw() => Signal(18);

    public Task KillAsync()
    {
        Signal(9);
        return _process.WaitForExitAsync();
    }

    /// <summary>Programs that work in this worker's folders.</summary>
    public IEnumerable<int> Programs() => RunningPrograms.WorkingIn(WorkDirectory);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
    }

    private void Signal(int signal) => _ = Kill(_process.Id, signal);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
