namespace Reelseal.Benchmarks;

/// <summary>Measures two things in turn, A B A B …: what disturbs the machine disturbs both.</summary>
internal static class Rounds
{
    /// <summary>The ratio A to B of each round.</summary>
    public static async Task<IReadOnlyList<double>> RatiosAsync(int rounds, Func<Task<double>> a, Func<Task<double>> b)
    {
        var ratios = new List<double>();
        for (var round = 0; round < rounds; round++)
            ratios.Add(await a() / await b());
        return ratios;
    }
}
