namespace Reelseal.Benchmarks;

/// <summary>Measures two things in turn, A B A B …, so that noise affects both.</summary>
internal static class Rounds
{
    /// <summary>The number of rounds: the same for short and long measurements; only the smoke test, which needs no figure, takes one.</summary>
    public static int At(double scale, int rounds) => scale < 0.1 ? 1 : rounds;

    /// <summary>The ratio A to B of each round.</summary>
    public static async Task<IReadOnlyList<double>> RatiosAsync(int rounds, Func<Task<double>> a, Func<Task<double>> b)
    {
        var ratios = new List<double>();
        for (var round = 0; round < rounds; round++)
            ratios.Add(await a() / await b());
        return ratios;
    }
}
