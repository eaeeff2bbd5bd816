using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Reelseal.Testing;

namespace Reelseal.EndToEnd.Tests;

/// <summary><c>make serve</c>, as a developer meets it.</summary>
public class ServeTests
{
    [Fact(Timeout = 60_000)]
    public async Task A_port_in_use_is_reported_in_one_line()
    {
        Published.Require();
        using var store = new TemporaryDirectory();
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;

        var program = Path.Combine(AppContext.BaseDirectory, "Reelseal.Local.dll");
        string[] arguments = [program, "serve", "--store", store.Path, "--gateway-port", $"{port}", "--edge-port", "0"];
        using var serve = Process.Start(new ProcessStartInfo("dotnet", arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var (output, errors) = (
            serve.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken),
            serve.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await serve.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal((1, ""), (serve.ExitCode, await output));
        Assert.Equal($"Failed to bind to address http://127.0.0.1:{port}: address already in use.\n", await errors);
    }
}
