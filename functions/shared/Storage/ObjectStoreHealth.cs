using Reelseal.Health;

namespace Reelseal.Storage;

/// <summary>
/// Reads the playlist that always exists, because each function may read playlists. A store that truthfully says that it is missing works as well.
/// </summary>
internal sealed class ObjectStoreHealth(IObjectStore store) : DependencyHealth
{
    protected override async Task AskAsync(CancellationToken cancellationToken)
    {
        if (await store.GetAsync(ObjectKeys.HealthCheck, range: null, unlessETag: null, cancellationToken) is { } found)
            await found.DisposeAsync();
    }
}
