using Reelseal;
using Reelseal.Storage;

namespace IngestVideo.Publishing;

/// <summary>Reads objects that the store may not send to their end: a <see cref="RetryingObjectStore"/> retries only the beginning.</summary>
internal static class ObjectReads
{
    private const int MaxReads = 4;

    /// <summary>Appends an object to a stream. If the store breaks off in the middle of it, it begins that object again.</summary>
    /// <returns>false if the object does not exist.</returns>
    /// <exception cref="UpstreamException">The store failed again and again.</exception>
    public static async Task<bool> TryAppendAsync(this IObjectStore store, string key, Stream to, CancellationToken cancellationToken)
    {
        var start = to.Position;
        for (var reads = 1; ; reads++)
        {
            try
            {
                await using var stored = await store.GetAsync(key, range: null, unlessETag: null, cancellationToken);
                if (stored is null)
                    return false;
                await stored.Content.CopyToAsync(to, cancellationToken);
                return true;
            }
            catch (UpstreamException) when (reads < MaxReads)
            {
                to.SetLength(start);
                to.Position = start;
            }
        }
    }
}
