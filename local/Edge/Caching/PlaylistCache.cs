using System.Collections.Concurrent;

namespace Reelseal.Local.Edge.Caching;

/// <summary>Whether an answer came from the cache; the words of CloudFront's header <c>X-Cache</c>.</summary>
internal enum CacheOutcome
{
    /// <summary>The origin was asked.</summary>
    Miss,

    /// <summary>The copy was still fresh.</summary>
    Hit,

    /// <summary>The copy was stale, and the origin confirmed it (304).</summary>
    RefreshHit,
}

/// <summary>Keeps the origin's answers for as long as their headers allow. Concurrent requests for the same thing share one fetch.</summary>
internal sealed class PlaylistCache(TimeProvider clock)
{
    private const int MostEntries = 1000;
    private readonly ConcurrentDictionary<CacheKey, Slot> _slots = new();

    /// <param name="key">What is asked for.</param>
    /// <param name="fetch">Asks the origin; receives the stale copy, if there is one, so that it can revalidate it.</param>
    /// <param name="cancellationToken">Ends the wait, and the fetch if it is this caller's.</param>
    public async Task<(OriginAnswer Answer, CacheOutcome Outcome, TimeSpan Age)> GetAsync(
        CacheKey key, Func<OriginAnswer?, CancellationToken, Task<OriginAnswer>> fetch, CancellationToken cancellationToken)
    {
        if (_slots.Count >= MostEntries)
            _slots.Clear();
        var slot = _slots.GetOrAdd(key, _ => new());
        await slot.Gate.WaitAsync(cancellationToken);
        try
        {
            var now = clock.GetUtcNow();
            if (slot.Answer is { } kept && now < slot.Until)
                return (kept, CacheOutcome.Hit, now - slot.Since);
            var stale = slot.Answer is { Status: StatusCodes.Status200OK } ? slot.Answer : null;
            var answer = await fetch(stale, cancellationToken);
            var isRefreshed = answer.Status == StatusCodes.Status304NotModified && stale is not null;
            if (isRefreshed)
                answer = Refreshed(stale!, answer);
            (slot.Answer, slot.Since, slot.Until) = (answer.Freshness > TimeSpan.Zero ? answer : null, now, now + answer.Freshness);
            return (answer, isRefreshed ? CacheOutcome.RefreshHit : CacheOutcome.Miss, TimeSpan.Zero);
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    /// <summary>The kept body with the headers that the 304 brought (RFC 9111, section 4.3.4).</summary>
    private static OriginAnswer Refreshed(OriginAnswer kept, OriginAnswer notModified) => kept with
    {
        Headers =
        [
            .. kept.Headers.Where(header => !notModified.Headers.Any(other => other.Key.Equals(header.Key, StringComparison.OrdinalIgnoreCase))),
            .. notModified.Headers,
        ],
    };

    private sealed class Slot
    {
        public SemaphoreSlim Gate { get; } = new(1);
        public OriginAnswer? Answer { get; set; }
        public DateTimeOffset Since { get; set; }
        public DateTimeOffset Until { get; set; }
    }
}
