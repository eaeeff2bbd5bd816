using System.Globalization;

namespace Reelseal.Reliability.Tests.Load;

/// <summary>How much memory a process has in use, over time.</summary>
internal sealed class Memory(string name, int process)
{
    private readonly List<(double Minutes, double MiB)> _samples = [];
    private readonly long _start = TimeProvider.System.GetTimestamp();

    public void Sample() => _samples.Add((TimeProvider.System.GetElapsedTime(_start).TotalMinutes, ReadMiB()));

    /// <summary>Half the growth from the second to the last third of the time: it shows a leak, but not a warm-up.</summary>
    public (double Before, double After, double MiBPerHour) Trend()
    {
        var third = _samples.Count / 3;
        var (before, after) = (_samples.Skip(third).Take(third).ToList(), _samples.Skip(2 * third).ToList());
        // The least-squares line through both.
        var both = _samples.Skip(third).ToList();
        var (meanTime, meanSize) = (both.Average(sample => sample.Minutes), both.Average(sample => sample.MiB));
        var slope = both.Sum(sample => (sample.Minutes - meanTime) * (sample.MiB - meanSize)) / both.Sum(sample => Math.Pow(sample.Minutes - meanTime, 2));
        return (before.Average(sample => sample.MiB), after.Average(sample => sample.MiB), slope * 60);
    }

    public override string ToString()
    {
        var (before, after, slope) = Trend();
        var most = _samples.Max(sample => sample.MiB);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: {_samples[0].MiB:0} MiB at first, {before:0} in the second third, {after:0} in the last, most {most:0}; {slope:+0.0;-0.0} MiB an hour");
    }

    private double ReadMiB()
    {
        var line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }
}
