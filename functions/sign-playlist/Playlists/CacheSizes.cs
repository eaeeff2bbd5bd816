namespace SignPlaylist.Playlists;

/// <summary>How entries are counted against <see cref="SigningOptions.CacheBytes"/>.</summary>
internal static class CacheSizes
{
    /// <summary>What the cache itself takes for an entry, about: its key, its bookkeeping and the objects around the bytes.</summary>
    public const int Entry = 1024;
}
