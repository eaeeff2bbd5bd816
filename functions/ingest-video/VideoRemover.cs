using IngestVideo.Status;
using IngestVideo.Uploads;
using Reelseal;
using Reelseal.Storage;

namespace IngestVideo;

/// <summary>
/// Removes a video with everything that belongs to it, or cancels its ingest: the worker finds its claim gone at the next heartbeat, and removes its attempt
/// itself. A mark stays as long as a claim lives.
/// </summary>
public sealed class VideoRemover(IObjectStore store, StatusStore statuses, UploadStore uploads, LaterRemovals removals, TimeProvider clock)
{
    /// <returns>false when there was nothing.</returns>
    public async Task<bool> RemoveAsync(VideoId video, CancellationToken cancellationToken)
    {
        // In this order: no new player begins, no worker goes on, and only then what they needed disappears.
        var existed = await store.HeadAsync(ObjectKeys.Multivariant(video), cancellationToken) is not null;
        await store.DeleteAsync([ObjectKeys.Multivariant(video)], cancellationToken);
        existed |= await MarkAsync(video, cancellationToken);
        var removed = await store.DeleteAllAsync(ObjectKeys.Video(video), cancellationToken);
        removed |= await store.DeleteAllAsync(ObjectKeys.Downloads(video), cancellationToken);
        removed |= await uploads.RemoveAsync(video, cancellationToken);
        await store.DeleteAllAsync($"{ObjectKeys.CallbacksPrefix}{video}.", cancellationToken);
        await store.DeleteAllAsync(ObjectKeys.Work(video), cancellationToken);
        return existed || removed;
    }

    private async Task<bool> MarkAsync(VideoId video, CancellationToken cancellationToken)
    {
        try
        {
            if (!await statuses.MarkDeletedAsync(video, clock.GetUtcNow(), cancellationToken))
                return false;
            removals.RemoveMark(video);
        }
        catch (UnreadableObjectException)
        {
            await store.DeleteAsync([ObjectKeys.Status(video)], cancellationToken); // damaged, but it has to go
        }
        return true;
    }
}
