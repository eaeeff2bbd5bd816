using Reelseal.Health;

namespace Reelseal.Storage;

/// <summary>Asks the store for a playlist that need not be there, because each function may read one: only an answer to GET tells a missing object from a missing bucket.</summary>
internal sealed class ObjectStoreHealth(IObjectStore store) : DependencyHealth
{
    protected override async Task AskAsync(CancellationToken cancellationToken)
    {
        if (await store.GetAsync(ObjectKeys.HealthCheck, range: null, unlessETag: null, cancellationToken) is { } found)
            await found.DisposeAsync();
    }
}
