using System.Globalization;
using System.Text.RegularExpressions;
using CliWrap;
using CliWrap.Buffered;

namespace Reelseal.Benchmarks.Servers;

/// <summary>The result of wrk.</summary>
/// <param name="RequestsPerSecond">Requests per second.</param>
/// <param name="P99">The 99th percentile of the latency.</param>
internal sealed record Load(double RequestsPerSecond, TimeSpan P99);

/// <summary>Load by wrk, from one core.</summary>
internal static partial class Wrk
{
    /// <param name="url">What is asked for.</param>
    /// <param name="seconds">For how long.</param>
    /// <param name="connections">The number of concurrent connections.</param>
    /// <param name="headers">Headers as <c>Name: value</c>.</param>
    /// <exception cref="InvalidOperationException">A request failed.</exception>
    public static async Task<Load> RunAsync(string url, int seconds, int connections, params string[] headers)
    {
        var load = Cli.Wrap("taskset").WithArguments(
            ["-c", Cores.Load, "wrk", "-t1", $"-c{connections}", $"-d{seconds}s", "--latency", "--timeout", "30s",
                .. headers.SelectMany(header => new[] { "-H", header }), url]);
        var output = (await load.ExecuteBufferedAsync()).StandardOutput;
        if (output.Contains("Non-2xx", StringComparison.Ordinal) || output.Contains("Socket errors", StringComparison.Ordinal))
            throw new InvalidOperationException($"Not every request was answered with success:\n{output}");
        var latency = Latency().Match(output);
        var unit = latency.Groups["unit"].Value switch
        {
            "us" => TimeSpan.FromMicroseconds(1),
            "ms" => TimeSpan.FromMilliseconds(1),
            _ => TimeSpan.FromSeconds(1),
        };
        return new Load(Number(Rate().Match(output).Groups["rate"]), Number(latency.Groups["number"]) * unit);
    }

    private static double Number(Group group) => double.Parse(group.ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"Requests/sec:\s+(?<rate>[0-9.]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Rate();

    [GeneratedRegex(@"99%\s+(?<number>[0-9.]+)(?<unit>us|ms|s)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Latency();
}
