using System.Globalization;
using System.Text.RegularExpressions;

namespace Reelseal.Benchmarks.Servers;

/// <summary>Load by wrk, from one core.</summary>
internal static partial class Wrk
{
    /// <param name="url">What is asked for.</param>
    /// <param name="seconds">For how long.</param>
    /// <param name="connections">By how many connections at once.</param>
    /// <param name="headers">Headers as <c>Name: value</c>.</param>
    /// <returns>Requests a second.</returns>
    public static Task<double> RequestsPerSecondAsync(string url, int seconds, int connections, params string[] headers) => Task.Run(() =>
    {
        var output = Command.Run("taskset",
            ["-c", $"{Cores.Load}", "wrk", "-t1", $"-c{connections}", $"-d{seconds}s", "--timeout", "30s", .. headers.SelectMany(header => new[] { "-H", header }), url]);
        if (output.Contains("Non-2xx", StringComparison.Ordinal) || output.Contains("Socket errors", StringComparison.Ordinal))
            throw new InvalidOperationException($"Not every request was answered with success:\n{output}");
        return double.Parse(Rate().Match(output).Groups["rate"].ValueSpan, CultureInfo.InvariantCulture);
    });

    [GeneratedRegex(@"Requests/sec:\s+(?<rate>[0-9.]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Rate();
}
