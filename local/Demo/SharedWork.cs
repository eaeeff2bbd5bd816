using System.Text.Json;

namespace Reelseal.Local.Demo;

/// <summary>What several processes of ingest-video did together at one video, from their logs.</summary>
internal static class SharedWork
{
    /// <summary>Returns a sentence.</summary>
    /// <param name="replicas">How many processes there are.</param>
    /// <param name="log">The lines that they wrote, each an object.</param>
    public static string Describe(int replicas, IEnumerable<string> log)
    {
        var lines = log.ToList();
        return CountChunks(lines) switch
        {
            0 => $"One of {replicas} processes encoded all of it. {FindObstacle(lines)}".TrimEnd(),
            1 => $"{replicas} processes encoded it: 1 chunk was made by another than the one that leads.",
            var count => $"{replicas} processes encoded it: {count} chunks were made by others than the one that leads.",
        };
    }

    /// <summary>Counts the chunks that processes have encoded for another.</summary>
    public static int CountChunks(IEnumerable<string> log) =>
        log.Count(line => line.Contains("was encoded for another replica", StringComparison.Ordinal));

    /// <summary>Why a video could not be divided, in a sentence; null where it could.</summary>
    private static string? FindObstacle(List<string> log)
    {
        foreach (var line in log.Where(line => line.Contains("is encoded by this replica alone", StringComparison.Ordinal)))
        {
            if (JsonSerializer.Deserialize<JsonElement>(line).TryGetProperty("State", out var state) && state.TryGetProperty("Obstacle", out var obstacle))
                return obstacle.GetString();
        }
        return null;
    }
}
