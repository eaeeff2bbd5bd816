namespace Reelseal.Benchmarks;

/// <summary>One line of the table: what was measured, in which unit, against which goal, run by run.</summary>
/// <param name="Name">The row's name.</param>
/// <param name="Unit"><c>ratio</c>, or a unit if the row is not a ratio.</param>
/// <param name="Goal">The limit for the median, or null if it is only reported.</param>
/// <param name="Runs">Each run's value.</param>
internal sealed record Row(string Name, string Unit, Goal? Goal, IReadOnlyList<double> Runs)
{
    public double Median { get; } = MedianOf(Runs);

    public bool? Met => Goal?.IsMetBy(Median);

    private static double MedianOf(IReadOnlyList<double> runs)
    {
        var sorted = runs.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}

/// <summary>A limit for a median.</summary>
internal sealed record Goal(double Bound, bool AtLeast)
{
    public static Goal Least(double bound) => new(bound, AtLeast: true);

    public static Goal Most(double bound) => new(bound, AtLeast: false);

    public bool IsMetBy(double value) => AtLeast ? value >= Bound : value <= Bound;

    public override string ToString() => FormattableString.Invariant($"{(AtLeast ? "≥" : "≤")} {Bound}");
}
