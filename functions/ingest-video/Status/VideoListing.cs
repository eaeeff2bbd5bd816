using System.Runtime.CompilerServices;
using Reelseal;
using Reelseal.Storage;

namespace IngestVideo.Status;

/// <summary>
/// The order of the videos, the newest first: an empty object for each, whose key holds the time at which the video was created and its id. Any replica adds to
/// it without a lock, and a page of the list is one listing of keys from a place on, however many videos there are.
/// </summary>
/// <remarks>
/// An entry is written before the status document and removed after it, so that no video is missing from the list. An entry that a crash left behind
/// fits no status document, and does not count.
/// </remarks>
internal sealed class VideoListing(IObjectStore store)
{
    public async Task AddAsync(VideoId video, DateTimeOffset created, CancellationToken cancellationToken)
    {
        using var nothing = new MemoryStream();
        await store.PutAsync(ObjectKeys.Listing(video, created), nothing, WriteCondition.None, cancellationToken);
    }

    public Task RemoveAsync(VideoId video, DateTimeOffset created, CancellationToken cancellationToken) =>
        store.DeleteAsync([ObjectKeys.Listing(video, created)], cancellationToken);

    /// <summary>The places after one of them, or all.</summary>
    public async IAsyncEnumerable<ListedVideo> ReadAsync(ListedVideo? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var entry in store.ListAsync(ObjectKeys.ListingPrefix, after is { } place ? ObjectKeys.ListingPrefix + place : null, cancellationToken))
        {
            if (ListedVideo.TryParse(entry.Key[ObjectKeys.ListingPrefix.Length..], out var listed))
                yield return listed;
        }
    }
}
