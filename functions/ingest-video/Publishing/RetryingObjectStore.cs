using System.Runtime.CompilerServices;
using Reelseal;
using Reelseal.Storage;

namespace IngestVideo.Publishing;

/// <summary>An object store that retries passing faults, so that an hour of encoding is not lost for a second of trouble.</summary>
/// <remarks>
/// A failed write may have succeeded nevertheless. Unconditional writes can simply be repeated; after a conditional one, the caller recognises its own work.
/// </remarks>
public sealed class RetryingObjectStore(IObjectStore store, TimeProvider clock, ILogger<RetryingObjectStore> logger) : IObjectStore
{
    private static readonly TimeSpan[] s_waits =
        [TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(8)];

    public Task<ObjectEntry?> HeadAsync(string key, CancellationToken cancellationToken) =>
        RetryAsync(() => store.HeadAsync(key, cancellationToken), cancellationToken);

    public Task<StoredObject?> GetAsync(string key, ByteRange? range, string? unlessETag, CancellationToken cancellationToken) =>
        RetryAsync(() => store.GetAsync(key, range, unlessETag, cancellationToken), cancellationToken);

    public Task<string?> PutAsync(string key, Stream content, WriteCondition condition, CancellationToken cancellationToken) =>
        RetryAsync(() => store.PutAsync(key, content, condition, cancellationToken), cancellationToken);

    public Task<bool> CopyAsync(string from, string to, CancellationToken cancellationToken) =>
        RetryAsync(() => store.CopyAsync(from, to, cancellationToken), cancellationToken);

    public Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken) => RetryAsync(
        async () =>
        {
            await store.DeleteAsync(keys, cancellationToken);
            return true;
        },
        cancellationToken);

    /// <summary>
    /// Lists everything before it returns the first entry, so that an interrupted list can start again. A list here never covers more than one video.
    /// </summary>
    public async IAsyncEnumerable<ObjectEntry> ListAsync(string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var entry in await RetryAsync(
            async () => await store.ListAsync(prefix, startAfter, cancellationToken).ToListAsync(cancellationToken), cancellationToken))
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
                // Jitter: not all callers retry at the same moment.
                await Task.Delay(wait * (0.75 + Random.Shared.NextDouble() / 2), clock, cancellationToken);
            }
        }
        return await attempt();
    }
}
