using Reelseal.Testing;

namespace Reelseal.Reliability.Tests;

/// <summary>What S3, or the connection to it, does for a while.</summary>
internal static class S3Trouble
{
    private static readonly TimeSpan s_burst = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(2.5);

    /// <summary>Passing faults, which a client can wait out.</summary>
    public static readonly string[] Passing =
    [
        "latency", "uploads cut in the middle", "answers cut in the middle", "answers lost", "bytes changed in uploads", "bytes changed in answers",
        "bursts of 500 InternalError", "bursts of 503 ServiceUnavailable", "every second request 503 SlowDown",
    ];

    /// <summary>Lasts until it is repaired.</summary>
    public static readonly string[] Staying =
        ["403 InvalidAccessKeyId", "403 SignatureDoesNotMatch", "403 ExpiredToken", "403 RequestTimeTooSkewed", "500 InternalError", "no answer"];

    public static Func<ProxiedRequest, Fault?> Of(string name, Random random)
    {
        var start = TimeProvider.System.GetTimestamp();
        bool InBurst() => TimeSpan.FromTicks(TimeProvider.System.GetElapsedTime(start).Ticks % (s_burst + s_pause).Ticks) < s_burst;
        var first = true;
        bool Often(int oneIn)
        {
            lock (random)
            {
                var chosen = first || random.Next(oneIn) == 0; // an ingest may read no more than one object
                first = false;
                return chosen;
            }
        }
        return name switch
        {
            "latency" => _ => new() { Latency = TimeSpan.FromMilliseconds(Often(10) ? 1500 : 150) },
            "uploads cut in the middle" => request => request.Method == "PUT" && Often(3) ? new() { CutRequestAfter = 300 } : null,
            "answers cut in the middle" => request => Often(3) ? new() { CutAnswerAfter = 10 } : null,
            "answers lost" => request => Often(3) ? new() { LoseAnswer = true } : null,
            "bytes changed in uploads" => request => request.Method == "PUT" && Often(3) ? new() { CorruptRequestAt = 200 } : null,
            // Only of objects: lists have no checksum, and TLS sees to them.
            "bytes changed in answers" => request => request.Method == "GET" && !request.Target.Contains("list-type", StringComparison.Ordinal) && Often(3)
                ? new() { CorruptAnswerAt = 50 } : null,
            "bursts of 500 InternalError" => _ => InBurst() ? Fault.S3Error(500, "InternalError") : null,
            "bursts of 503 ServiceUnavailable" => _ => InBurst() ? Fault.S3Error(503, "ServiceUnavailable") : null,
            "every second request 503 SlowDown" => _ => Often(2) ? Fault.S3Error(503, "SlowDown") : null,
            "no answer" => _ => new() { StallAnswerAfter = -1 },
            ['4' or '5', ..] => _ => Fault.S3Error(int.Parse(name.AsSpan(0, 3), System.Globalization.CultureInfo.InvariantCulture), name[4..]),
            _ => throw new ArgumentOutOfRangeException(nameof(name), name, message: null),
        };
    }

    /// <summary>A passing fault, chosen for each request; most requests have none.</summary>
    public static Func<ProxiedRequest, Fault?> Mixed(Random random)
    {
        Func<ProxiedRequest, Fault?>[] all = [.. Passing.Where(name => !name.StartsWith("bursts", StringComparison.Ordinal)).Select(name => Of(name, random))];
        return request =>
        {
            Func<ProxiedRequest, Fault?>? one;
            lock (random)
                one = random.Next(2) == 0 ? random.GetItems(all, 1)[0] : null;
            return one?.Invoke(request);
        };
    }
}
