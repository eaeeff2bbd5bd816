using System.Diagnostics.Metrics;
using Reelseal.Telemetry;

namespace SignPlaylist.Playlists;

/// <summary>The metric <c>reelseal.cache.lookups</c>: how often what was needed was at hand.</summary>
internal static class CacheLookups
{
    private static readonly Counter<long> s_lookups = Signals.Meter.CreateCounter<long>(
        "reelseal.cache.lookups", "{lookup}", "Lookups in the caches of stored and of signed playlists.");

    /// <param name="cache"><c>playlist</c>, or <c>signed</c>.</param>
    /// <param name="hit">Whether it was there.</param>
    public static void Count(string cache, bool hit)
    {
        if (s_lookups.Enabled) // before the tags are made: almost every answer comes by here
            s_lookups.Add(1, new("reelseal.cache.name", cache), new("reelseal.cache.hit", hit));
    }
}
