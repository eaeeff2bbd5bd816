using System.Collections.Concurrent;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Logging;
using Reelseal;
using Reelseal.Storage;
using Reelseal.Telemetry;

namespace SignPlaylist.Playlists;

/// <summary>Fetches playlists from the store, and keeps them: the store is asked again only after a while, and then whether anything changed.</summary>
internal sealed class PlaylistSource(
    IObjectStore store, IMemoryCache cache, WorkingMemory memory, SigningOptions options, TimeProvider clock, OutageLog outages,
    ILogger<PlaylistSource> logger)
{
    private const int MaxReported = 1000;

    /// <summary>How long after a failed check the copy at hand is served without another.</summary>
    private static readonly TimeSpan s_pauseAfterFault = TimeSpan.FromSeconds(5);

    /// <summary>How long a large playlist waits for others: CloudFront gives up after 30 s.</summary>
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(20);

    private readonly SingleFlight<string, Playlist?> _flights = new();
    private readonly ConcurrentDictionary<string, string> _reported = new(StringComparer.Ordinal); // entity tags of playlists with unsigned URIs, by key

    /// <summary>Returns the playlist, or null when it does not exist.</summary>
    /// <exception cref="UpstreamException">The store failed, and no copy at hand was confirmed within half a URL's lifetime.</exception>
    /// <exception cref="PlaylistException">What is stored cannot be signed.</exception>
    public ValueTask<Playlist?> FetchAsync(PlaylistKey key, CancellationToken cancellationToken) => FetchAsync(key, response: null, cancellationToken);

    /// <summary>
    /// Returns the playlist for a response, or null when it does not exist. The memory that it takes is accounted for until the response ends.
    /// </summary>
    /// <inheritdoc cref="FetchAsync(PlaylistKey, CancellationToken)"/>
    public async ValueTask<Playlist?> FetchAsync(PlaylistKey key, HttpResponse? response, CancellationToken cancellationToken)
    {
        var known = cache.Get<Copy>(key.Key);
        var fresh = known is not null && clock.GetUtcNow() < known.CheckAgain;
        CacheLookups.Count("playlist", fresh);
        if (fresh)
            return known!.Playlist;
        var reservation = new Reservation();
        response?.RegisterForDispose(reservation);
        return await _flights.RunAsync(key.Key, async () =>
        {
            try
            {
                return await CheckAsync(key, known, reservation);
            }
            finally
            {
                if (response is null)
                    reservation.Dispose();
            }
        }, cancellationToken);
    }

    private async Task<Playlist?> CheckAsync(PlaylistKey key, Copy? known, Reservation reservation)
    {
        using var span = Signals.Activities.StartActivity("fetch playlist");
        var now = clock.GetUtcNow();
        try
        {
            var playlist = await ReadAsync(key, known?.Playlist, reservation);
            outages.End();
            if (playlist is null)
            {
                cache.Remove(key.Key);
            }
            else
            {
                var freshness = key.IsMultivariant ? options.OwnMultivariantFreshness : options.Freshness;
                if (playlist.ChangesWithin is { } soon && soon < freshness)
                    freshness = soon;
                Keep(new(playlist, Confirmed: now, CheckAgain: now + freshness));
            }
            return playlist;
        }
        catch (UpstreamException e) when (known is not null && now < known.Confirmed + (options.Lifetime.Minimum / 2))
        {
            // A published video does not change, and what was signed a moment ago would still be valid: better than nothing.
            Keep(known with { CheckAgain = now + s_pauseAfterFault });
            outages.Report(e);
            return known.Playlist;
        }
        catch (PlaylistException e)
        {
            e.Key = key.Key;
            throw;
        }
    }

    private async Task<Playlist?> ReadAsync(PlaylistKey key, Playlist? known, Reservation reservation)
    {
        var reserved = 0;
        while (true)
        {
            using var timeout = new CancellationTokenSource(options.StoreTimeout);
            try
            {
                await using var stored = await store.GetAsync(key.Key, range: null, known?.ETag, timeout.Token);
                if (stored is null)
                    return null;
                if (stored.NotModified)
                    return known;
                if (stored.Entry.Length > Playlist.MaxBytes)
                    throw new PlaylistException($"The stored playlist is longer than {Playlist.MaxBytes} bytes. Publish it in parts.");
                var length = (int)stored.Entry.Length;
                if (length > reserved && !TryReserve(length, reservation))
                {
                    // The store's answer is not kept open meanwhile.
                    reserved = length;
                }
                else
                {
                    var content = new byte[length];
                    await stored.Content.ReadExactlyAsync(content, timeout.Token);
                    var playlist = new Playlist(content, stored.Entry.ETag, key, options.Distribution);
                    Report(playlist);
                    return playlist.Stage == PublicationStage.Withdrawn ? null : playlist;
                }
            }
            catch (OperationCanceledException e) when (timeout.IsCancellationRequested)
            {
                throw new UpstreamException("The object store did not answer in time.", timedOut: true, e);
            }
            catch (EndOfStreamException e)
            {
                throw new UpstreamException("The object store's answer was cut short.", timedOut: false, e);
            }
            await ReserveAsync(reserved, reservation);
        }
    }

    private bool TryReserve(int bytes, Reservation reservation)
    {
        var lease = memory.TryTake(bytes);
        if (lease.IsAcquired)
            reservation.Hold(lease);
        else
            lease.Dispose();
        return lease.IsAcquired;
    }

    private async Task ReserveAsync(int bytes, Reservation reservation)
    {
        using var wait = new CancellationTokenSource(s_longestWait);
        try
        {
            reservation.Hold(await memory.TakeAsync(bytes, wait.Token));
        }
        catch (OperationCanceledException) when (wait.IsCancellationRequested)
        {
            throw new PlaylistException("Too many large playlists are being signed at the moment. Try again soon.", StatusCodes.Status503ServiceUnavailable);
        }
    }

    /// <summary>Logs once for each version of a playlist that some of its URIs cannot be signed.</summary>
    private void Report(Playlist playlist)
    {
        if (playlist.Unsigned.Count == 0)
            return;
        if (_reported.Count >= MaxReported)
            _reported.Clear();
        if (_reported.TryGetValue(playlist.Key.Key, out var eTag) && eTag == playlist.ETag)
            return;
        _reported[playlist.Key.Key] = playlist.ETag;
        logger.LogWarning(
            "The playlist {Key} has {Count} URIs of its video that cannot be signed and stay as they are. The first is in line {Line}: {Reason}",
            playlist.Key.Key, playlist.Unsigned.Count, playlist.Unsigned.FirstLine, playlist.Unsigned.Reason);
    }

    private void Keep(Copy copy) =>
        cache.Set(copy.Playlist.Key.Key, copy, new MemoryCacheEntryOptions { Size = copy.Playlist.Content.Length + CacheSizes.Entry });

    /// <param name="Playlist">What was read.</param>
    /// <param name="Confirmed">When the store last confirmed that it is current.</param>
    /// <param name="CheckAgain">When the store is asked next.</param>
    private sealed record Copy(Playlist Playlist, DateTimeOffset Confirmed, DateTimeOffset CheckAgain);
}
