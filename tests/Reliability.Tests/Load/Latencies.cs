using System.Collections.Concurrent;

namespace Reelseal.Reliability.Tests.Load;

/// <summary>How long requests took, by what they were for, and which of them failed.</summary>
internal sealed class Latencies
{
    private readonly ConcurrentDictionary<string, ConcurrentBag<double>> _milliseconds = new(StringComparer.Ordinal);

    public ConcurrentBag<string> Errors { get; } = [];

    public int Count => _milliseconds.Values.Sum(times => times.Count);

    public void Add(string what, TimeSpan took) => _milliseconds.GetOrAdd(what, _ => []).Add(took.TotalMilliseconds);

    public void Report()
    {
        foreach (var (what, times) in _milliseconds.OrderBy(one => one.Key, StringComparer.Ordinal))
        {
            double[] sorted = [.. times.Order()];
            double At(double part) => sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * part))];
            Tests.Report.Line($"{what}: {sorted.Length} requests, p50 {At(0.5):0} ms, p99 {At(0.99):0} ms, longest {sorted[^1]:0} ms");
        }
        Tests.Report.Line($"{Errors.Count} errors{string.Concat(Errors.Take(5).Select(error => "\n  " + error))}");
    }
}
