using System.Runtime.CompilerServices;
using Reelseal;
using Reelseal.Storage;

namespace IngestVideo.Publishing;

/// <summary>An object store whose passing faults are waited out: an hour of encoding is not thrown away for a second of trouble.</summary>
/// <remarks>
/// A write that failed may have happened all the same. Writes without a condition may simply be repeated; where there is one, the caller finds its own work and knows it.
/// </remarks>
public sealed class RetryingObjectStore(IObjectStore store, TimeProvider clock, ILogger<RetryingObjectStore> logger) : IObjectStore
{
    private static readonly TimeSpan[] s_waits = [TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(8)];

    public Task<ObjectEntry?> HeadAsync(string key, CancellationToken cancellationToken) =>
        RetryAsync(() => store.HeadAsync(key, cancellationToken), cancellationToken);

    public Task<StoredObject?> GetAsync(string key, ByteRange? range, string? unlessETag, CancellationToken cancellationToken) =>
        RetryAsync(() => store.GetAsync(key, range, unlessETag, cancellationToken), cancellationToken);

    public Task<string?> PutAsync(string key, Stream content, WriteCondition condition, CancellationToken cancellationToken) =>
        RetryAsync(() => store.PutAsync(key, content, condition, cancellationToken), cancellationToken);

    public Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken) => RetryAsync(
        async () =>
        {
            await store.DeleteAsync(keys, cancellationToken);
            return true;
        },
        cancellationToken);

    /// <summary>Lists everything before it returns the first entry, so that an interrupted list can start again. A list here never covers more than one video.</summary>
    public async IAsyncEnumerable<ObjectEntry> ListAsync(string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var entry in await RetryAsync(async () => await store.ListAsync(prefix, startAfter, cancellationToken).ToListAsync(cancellationToken), cancellationToken))
            yield return entry;
    }

    private async Task<T> RetryAsync<T>(Func<Task<T>> attempt, CancellationToken cancellationToken)
    {
        foreach (var wait in s_waits)
        {
            try
            {
                return await attempt();
            }
            catch (UpstreamException e)
            {
                logger.LogInformation("The store failed, and is tried again in {Wait}: {Reason}", wait, e.Message);
                // Not all at the same moment, when many wait for the same store.
                await Task.Delay(wait * (0.75 + Random.Shared.NextDouble() / 2), clock, cancellationToken);
            }
        }
        return await attempt();
    }
}
