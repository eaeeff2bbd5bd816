using System.Text.Json;
using Reelseal;
using Reelseal.Storage;

namespace IngestVideo.Callbacks;

/// <summary>A message as it lies in the store.</summary>
/// <param name="Message">The message.</param>
/// <param name="ETag">What a write that replaces it names; null where it could not be stored.</param>
/// <param name="Age">How long ago it was written, by the store's clock.</param>
internal sealed record StoredCallback(CallbackMessage Message, string? ETag, TimeSpan Age);

/// <summary>The callbacks that are not delivered yet. They outlive the process, and any replica may deliver them.</summary>
internal sealed class CallbackOutbox(IObjectStore store)
{
    /// <summary>Keeps a message.</summary>
    /// <returns>null when it is there already.</returns>
    public Task<StoredCallback?> AddAsync(CallbackMessage message, CancellationToken cancellationToken) =>
        WriteAsync(message, WriteCondition.IfNew, cancellationToken);

    /// <summary>Takes a message, to be sent by this replica alone.</summary>
    /// <returns>null when another replica has it, or it is gone.</returns>
    public Task<StoredCallback?> TakeAsync(StoredCallback stored, CancellationToken cancellationToken)
    {
        var taken = stored.Message with { Attempts = stored.Message.Attempts + 1 };
        return stored.ETag is null ? Task.FromResult<StoredCallback?>(stored with { Message = taken })
            : WriteAsync(taken, WriteCondition.IfUnchanged(stored.ETag), cancellationToken);
    }

    public Task RemoveAsync(CallbackMessage message, CancellationToken cancellationToken) =>
        store.DeleteAsync([ObjectKeys.Callback(message.Id)], cancellationToken);

    /// <summary>The ids of all messages that were written longer ago than <paramref name="minAge"/>.</summary>
    public IAsyncEnumerable<string> ListAsync(TimeSpan minAge, CancellationToken cancellationToken) =>
        store.ListAsync(ObjectKeys.CallbacksPrefix, cancellationToken).Where(entry => entry.Age > minAge)
            .Select(entry => ObjectKeys.CallbackIdIn(entry.Key));

    /// <returns>null when it is gone.</returns>
    /// <exception cref="UpstreamException">The store failed, or what it holds is not a message.</exception>
    public async Task<StoredCallback?> ReadAsync(string id, CancellationToken cancellationToken)
    {
        await using var stored = await store.GetAsync(ObjectKeys.Callback(id), range: null, unlessETag: null, cancellationToken);
        if (stored is null)
            return null;
        try
        {
            var message = await JsonSerializer.DeserializeAsync(stored.Content, CallbackJson.Default.CallbackMessage, cancellationToken);
            return message is { Address.IsAbsoluteUri: true, Attempts: >= 0 } && message.Id == id
                ? new(message, stored.Entry.ETag, stored.Entry.Age) : throw new JsonException("This is not the message of its key.");
        }
        catch (JsonException e)
        {
            throw new UnreadableObjectException("A stored callback cannot be read.", e);
        }
    }

    private async Task<StoredCallback?> WriteAsync(CallbackMessage message, WriteCondition condition, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(message, CallbackJson.Default.CallbackMessage));
        return await store.PutAsync(ObjectKeys.Callback(message.Id), content, condition, cancellationToken) is { } eTag
            ? new(message, eTag, TimeSpan.Zero) : null;
    }
}
