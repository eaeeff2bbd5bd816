using System.Diagnostics;

namespace Reelseal.Benchmarks.Servers;

/// <summary>Keeps servers on one core and the load on the other, so that they do not compete.</summary>
internal static class Cores
{
    public const string Server = "0";
    public const string Load = "1";
    public const string All = "0,1";
}

/// <summary>Runs a command to its end.</summary>
internal static class Command
{
    /// <returns>What it wrote to its standard output.</returns>
    /// <exception cref="InvalidOperationException">It failed; the message contains its standard error.</exception>
    public static string Run(string name, string[] arguments, string? folder = null)
    {
        using var process = Process.Start(new ProcessStartInfo(name, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{name} {string.Join(' ', arguments)} failed: {errors.Result}{output}");
    }
}
