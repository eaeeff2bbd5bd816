namespace Reelseal.Storage;

/// <summary>The bucket, as both functions see it: objects by key, with conditional writes that have exactly one winner.</summary>
/// <remarks>
/// Content type and cache control follow from the key (<see cref="ObjectHeaders"/>). A key that cannot be (<see cref="ObjectKey.IsValid"/>) is that of no
/// object when reading, and an <see cref="ArgumentException"/> when writing. Every member, and reading the content, throws <see cref="UpstreamException"/> when
/// the store fails, and <see cref="OperationCanceledException"/> only when the caller cancels.
/// </remarks>
public interface IObjectStore
{
    /// <summary>Returns an object's metadata, or null if it does not exist.</summary>
    Task<ObjectEntry?> HeadAsync(string key, CancellationToken cancellationToken);

    /// <summary>Opens an object, or a range of it, or null when there is none.</summary>
    /// <param name="key">The object's key.</param>
    /// <param name="range">The bytes wanted; null for all. It must lie within the object,
    /// otherwise an <see cref="ArgumentOutOfRangeException"/> follows.</param>
    /// <param name="unlessETag">If-None-Match: an object that still has this ETag comes back with <see cref="StoredObject.NotModified"/> and without
    /// content.</param>
    /// <param name="cancellationToken">Ends the call, and reading the content as well.</param>
    Task<StoredObject?> GetAsync(string key, ByteRange? range, string? unlessETag, CancellationToken cancellationToken);

    /// <summary>Writes an object whole or not at all.</summary>
    /// <param name="key">The object's key.</param>
    /// <param name="content">A seekable stream, read from its start again when an attempt failed.</param>
    /// <param name="condition">What must hold for the write to happen.</param>
    /// <param name="cancellationToken">Ends the call; whether the object was written is then unknown.</param>
    /// <returns>The new ETag, or null when the condition did not hold.</returns>
    /// <exception cref="UpstreamException">Whether the object was written is unknown;
    /// repeating the call with the same <paramref name="condition"/> finds out.</exception>
    Task<string?> PutAsync(string key, Stream content, WriteCondition condition, CancellationToken cancellationToken);

    /// <summary>Copies an object inside the store; its bytes do not pass through here. What was under the new key is replaced, whole.</summary>
    /// <param name="from">The object's key.</param>
    /// <param name="to">The key of the copy, from which its headers follow.</param>
    /// <param name="cancellationToken">Ends the call; whether the copy was made is then unknown.</param>
    /// <returns>false when there is no such object.</returns>
    Task<bool> CopyAsync(string from, string to, CancellationToken cancellationToken);

    /// <summary>Removes objects; a missing one is not an error.</summary>
    Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken);

    /// <summary>Lists the objects whose keys start with <paramref name="prefix"/>, in the order of their keys (by bytes, as S3 does).</summary>
    /// <param name="prefix">What the keys start with.</param>
    /// <param name="startAfter">Only keys after this one are listed; null for all.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    IAsyncEnumerable<ObjectEntry> ListAsync(string prefix, string? startAfter, CancellationToken cancellationToken);
}

public static class ObjectStoreExtensions
{
    /// <summary>Lists all objects whose keys start with <paramref name="prefix"/>, in the order of their keys.</summary>
    public static IAsyncEnumerable<ObjectEntry> ListAsync(this IObjectStore store, string prefix, CancellationToken cancellationToken) =>
        store.ListAsync(prefix, startAfter: null, cancellationToken);

    /// <summary>Reads an object that is text, in UTF-8.</summary>
    /// <returns>null if the object does not exist.</returns>
    public static async Task<StoredText?> ReadTextAsync(this IObjectStore store, string key, CancellationToken cancellationToken)
    {
        await using var stored = await store.GetAsync(key, range: null, unlessETag: null, cancellationToken);
        if (stored is null)
            return null;
        using var reader = new StreamReader(stored.Content);
        return new(await reader.ReadToEndAsync(cancellationToken), stored.Entry.ETag);
    }

    /// <summary>Removes all objects whose keys start with <paramref name="prefix"/>.</summary>
    /// <returns>Whether there were any.</returns>
    public static async Task<bool> DeleteAllAsync(this IObjectStore store, string prefix, CancellationToken cancellationToken)
    {
        var keys = await store.ListAsync(prefix, cancellationToken).Select(entry => entry.Key).ToListAsync(cancellationToken);
        if (keys is not [])
            await store.DeleteAsync(keys, cancellationToken);
        return keys is not [];
    }
}
