using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Reelseal.Benchmarks.Servers;

/// <summary>A server in its own process: ours, nginx or Node.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private const int TicksPerSecond = 100; // USER_HZ

    private readonly Process _process;

    private ServerProcess(Process process, Uri address) => (_process, Address) = (process, address);

    public Uri Address { get; }

    public int Id => _process.Id; // taskset becomes the server

    /// <summary>Starts it and waits until it accepts connections.</summary>
    /// <param name="command">The command's name and arguments for a port.</param>
    /// <param name="environment">Further environment variables for a port.</param>
    /// <param name="cores">The cores to run on, in taskset's notation.</param>
    public static async Task<ServerProcess> StartAsync(
        Func<int, string[]> command, Func<int, Dictionary<string, string>> environment, string cores = Cores.Server)
    {
        var port = FreePort();
        var start = new ProcessStartInfo("taskset", ["-c", cores, .. command(port)])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment(port))
            start.Environment[name] = value;
        var process = Process.Start(start)!;
        process.BeginOutputReadLine();
        var errors = process.StandardError.ReadToEndAsync();
        while (!await AcceptsAsync(port))
        {
            if (process.HasExited)
                throw new InvalidOperationException(await errors);
            await Task.Delay(5);
        }
        return new(process, new Uri($"http://127.0.0.1:{port}"));
    }

    /// <summary>The processor time it has used so far.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>The same, with that of the programs that it has run and that have ended (proc(5), <c>/proc/pid/stat</c>).</summary>
    public TimeSpan ProcessorTimeWithChildren
    {
        get
        {
            var stat = File.ReadAllText($"/proc/{Id}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' '); // from the third field on
            return TimeSpan.FromSeconds(fields[11..15].Sum(ticks => double.Parse(ticks, CultureInfo.InvariantCulture)) / TicksPerSecond);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static async Task<bool> AcceptsAsync(int port)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false; // not yet
        }
    }
}
