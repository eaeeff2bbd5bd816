using System.Globalization;

namespace Reelseal.Reliability.Tests;

/// <summary>Repeatable random moments: the seed is printed, and <c>RELIABILITY_SEED</c> sets it.</summary>
internal static class Chance
{
    public static Random Create()
    {
        var seed = Environment.GetEnvironmentVariable("RELIABILITY_SEED") is { } given ? int.Parse(given, CultureInfo.InvariantCulture) : Random.Shared.Next();
        Report.Line($"seed {seed}");
        return new(seed);
    }
}

/// <summary>A test's measurements, printed even if it passes.</summary>
internal static class Report
{
    public static void Line(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);

    /// <summary>Counts how often each thing was seen.</summary>
    public static void Counts(string what, IEnumerable<string> seen)
    {
        var counts = seen.CountBy(one => one, StringComparer.Ordinal).OrderBy(one => one.Key, StringComparer.Ordinal);
        Line($"{what}: {string.Join(", ", counts.Select(one => $"{one.Value} {one.Key}"))}");
    }
}
