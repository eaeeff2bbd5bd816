using System.Runtime.CompilerServices;
using Reelseal;
using Reelseal.Storage;

namespace IngestVideo.Tests.Publishing;

/// <summary>The real store of a test, with an outage that begins at a certain call.</summary>
/// <param name="store">The real one.</param>
/// <param name="begins">Whether the outage begins with this call: a method of the store, and a key. Only the first time counts.</param>
/// <param name="lasts">How long it lasts.</param>
/// <param name="answerIsLost">The first affected call is carried out nevertheless.</param>
internal sealed class OutageStore(IObjectStore store, Func<string, string, bool> begins, TimeSpan lasts, bool answerIsLost = false) : IObjectStore
{
    private long _begun;

    public bool Begun => Interlocked.Read(ref _begun) != 0;

    public Task<ObjectEntry?> HeadAsync(string key, CancellationToken cancellationToken) =>
        CallAsync("HEAD", key, () => store.HeadAsync(key, cancellationToken));

    public Task<StoredObject?> GetAsync(string key, ByteRange? range, string? unlessETag, CancellationToken cancellationToken) =>
        CallAsync("GET", key, () => store.GetAsync(key, range, unlessETag, cancellationToken));

    public Task<string?> PutAsync(string key, Stream content, WriteCondition condition, CancellationToken cancellationToken) =>
        CallAsync("PUT", key, () => store.PutAsync(key, content, condition, cancellationToken));

    public Task<bool> CopyAsync(string from, string to, CancellationToken cancellationToken) =>
        CallAsync("COPY", to, () => store.CopyAsync(from, to, cancellationToken));

    public Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken) => CallAsync("DELETE", keys.First(), async () =>
    {
        await store.DeleteAsync(keys, cancellationToken);
        return true;
    });

    public async IAsyncEnumerable<ObjectEntry> ListAsync(string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var entry in await CallAsync(
            "LIST", prefix, async () => await store.ListAsync(prefix, startAfter, cancellationToken).ToListAsync(cancellationToken)))
            yield return entry;
    }

    private async Task<T> CallAsync<T>(string method, string key, Func<Task<T>> call)
    {
        if (!Begun && begins(method, key) && Interlocked.CompareExchange(ref _begun, TimeProvider.System.GetTimestamp(), 0) == 0 && answerIsLost)
            await call();
        return Begun && TimeProvider.System.GetElapsedTime(_begun) < lasts
            ? throw new UpstreamException("The object store cannot be reached.", timedOut: false) : await call();
    }
}
