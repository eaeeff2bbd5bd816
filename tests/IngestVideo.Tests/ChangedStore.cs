using Reelseal.Storage;

namespace IngestVideo.Tests;

/// <summary>The real store of a test, with an action before and after a write, and one before a removal, a read and a look.</summary>
internal sealed class ChangedStore(
    IObjectStore store, Func<string, Task> beforePut, Func<string, Task>? afterPut = null, Func<IReadOnlyCollection<string>, Task>? beforeDelete = null,
    Action<string>? beforeGet = null, Action<string>? beforeHead = null)
    : IObjectStore
{
    public Task<ObjectEntry?> HeadAsync(string key, CancellationToken cancellationToken)
    {
        beforeHead?.Invoke(key);
        return store.HeadAsync(key, cancellationToken);
    }

    public Task<StoredObject?> GetAsync(string key, ByteRange? range, string? unlessETag, CancellationToken cancellationToken)
    {
        beforeGet?.Invoke(key);
        return store.GetAsync(key, range, unlessETag, cancellationToken);
    }

    public async Task<string?> PutAsync(string key, Stream content, WriteCondition condition, CancellationToken cancellationToken)
    {
        await beforePut(key);
        var written = await store.PutAsync(key, content, condition, cancellationToken);
        if (written is not null && afterPut is not null)
            await afterPut(key);
        return written;
    }

    public async Task<bool> CopyAsync(string from, string to, CancellationToken cancellationToken)
    {
        await beforePut(to);
        return await store.CopyAsync(from, to, cancellationToken);
    }

    public async Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        if (beforeDelete is not null)
            await beforeDelete(keys);
        await store.DeleteAsync(keys, cancellationToken);
    }

    public IAsyncEnumerable<ObjectEntry> ListAsync(string prefix, string? startAfter, CancellationToken cancellationToken) =>
        store.ListAsync(prefix, startAfter, cancellationToken);
}
