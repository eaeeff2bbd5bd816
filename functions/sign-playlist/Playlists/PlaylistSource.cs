using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Logging;
using Reelseal;
using Reelseal.Storage;
using Reelseal.Telemetry;

namespace SignPlaylist.Playlists;

/// <summary>Fetches playlists from the store, and keeps them: the store is asked again only after a while, and then whether anything changed.</summary>
internal sealed class PlaylistSource(IObjectStore store, IMemoryCache cache, SigningOptions options, TimeProvider clock, ILogger<PlaylistSource> logger)
{
    /// <summary>How long after a failed check the copy at hand is served without another.</summary>
    private static readonly TimeSpan s_pauseAfterFault = TimeSpan.FromSeconds(5);

    private readonly SingleFlight<string, Playlist?> _flights = new();
    private long _tellAgain; // ticks

    /// <summary>The playlist, or null when there is none.</summary>
    /// <exception cref="UpstreamException">The store failed, and no copy at hand was confirmed within half a URL's lifetime; or what lies there is not a playlist.</exception>
    public async ValueTask<Playlist?> FetchAsync(PlaylistKey key, CancellationToken cancellationToken)
    {
        var known = cache.Get<Copy>(key.Key);
        var fresh = known is not null && clock.GetUtcNow() < known.CheckAgain;
        CacheLookups.Count("playlist", fresh);
        if (fresh)
            return known!.Playlist;
        return await _flights.RunAsync(key.Key, () => CheckAsync(key.Key, known), cancellationToken);
    }

    private async Task<Playlist?> CheckAsync(string key, Copy? known)
    {
        using var span = Signals.Activities.StartActivity("fetch playlist");
        var now = clock.GetUtcNow();
        try
        {
            using var timeout = new CancellationTokenSource(options.StoreTimeout);
            var playlist = await ReadAsync(key, known?.Playlist, timeout.Token);
            if (playlist is null)
                cache.Remove(key);
            else
                Keep(key, new(playlist, Confirmed: now, CheckAgain: now + options.Freshness));
            return playlist;
        }
        catch (UpstreamException e) when (known is not null && now < known.Confirmed + (options.Lifetime.Minimum / 2))
        {
            // A published video does not change, and what was signed a moment ago would still be valid: better than nothing.
            Keep(key, known with { CheckAgain = now + s_pauseAfterFault });
            if (now.UtcTicks >= _tellAgain) // one line for one fault, however many playlists it meets
            {
                _tellAgain = (now + s_pauseAfterFault).UtcTicks;
                logger.LogWarning("The {Dependency} failed, copies at hand are served: {Reason}", e.Dependency, e.Reason);
            }
            return known.Playlist;
        }
    }

    private async Task<Playlist?> ReadAsync(string key, Playlist? known, CancellationToken timeout)
    {
        try
        {
            await using var stored = await store.GetAsync(key, range: null, known?.ETag, timeout);
            if (stored is null)
                return null;
            if (stored.NotModified)
                return known;
            if (stored.Entry.Length > Playlist.LongestInBytes)
                throw new UpstreamException($"The stored playlist is longer than {Playlist.LongestInBytes} bytes.", timedOut: false);
            var content = new byte[stored.Entry.Length];
            await stored.Content.ReadExactlyAsync(content, timeout);
            return new(content, stored.Entry.ETag);
        }
        catch (OperationCanceledException e) when (timeout.IsCancellationRequested)
        {
            throw new UpstreamException("The object store did not answer in time.", timedOut: true, e);
        }
        catch (EndOfStreamException e)
        {
            throw new UpstreamException("The object store's answer was cut short.", timedOut: false, e);
        }
    }

    private void Keep(string key, Copy copy) =>
        cache.Set(key, copy, new MemoryCacheEntryOptions { Size = copy.Playlist.Content.Length + CacheSizes.Entry });

    /// <param name="Playlist">What was read.</param>
    /// <param name="Confirmed">When the store last said that it stands.</param>
    /// <param name="CheckAgain">When the store is asked next.</param>
    private sealed record Copy(Playlist Playlist, DateTimeOffset Confirmed, DateTimeOffset CheckAgain);
}
