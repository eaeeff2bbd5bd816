using IngestVideo.Publishing;
using IngestVideo.Status;
using Reelseal;
using Reelseal.Storage;

namespace IngestVideo;

/// <summary>Removes what somebody may still need for a while.</summary>
/// <remarks>What waits here when the process ends is found by fsck.</remarks>
public sealed class LaterRemovals(IObjectStore store, StatusStore statuses, IngestOptions options, TimeProvider clock, ILogger<LaterRemovals> logger)
    : IDisposable
{
    private readonly CancellationTokenSource _ended = new();

    /// <summary>Removes an attempt that was playable until another one replaced it, once no player starts from its playlists any more.</summary>
    public void RemoveAttempt(VideoId video, string attempt) => _ = RunAsync(options.ReplacedAttemptLifetime, video, async () =>
    {
        var publication = new Publication(store, video, attempt);
        if ((await publication.LookAsync(_ended.Token))?.Attempt != attempt)
            await publication.RemoveAsync(_ended.Token);
    });

    /// <summary>Removes a folder of an attempt that a user has replaced, unless the multivariant playlist or the status names something in it.</summary>
    public void RemovePart(VideoId video, string attempt, string folder) => _ = RunAsync(options.ReplacedAttemptLifetime, video, async () =>
    {
        var part = $"{attempt}/{folder}/";
        foreach (var key in (string[])[ObjectKeys.Multivariant(video), ObjectKeys.Status(video)])
        {
            await using var stored = await store.GetAsync(key, range: null, unlessETag: null, _ended.Token);
            using var reader = new StreamReader(stored?.Content ?? Stream.Null);
            if ((await reader.ReadToEndAsync(_ended.Token)).Contains(part, StringComparison.Ordinal))
                return;
        }
        var keys = await store.ListAsync(ObjectKeys.Video(video) + part, _ended.Token).Select(entry => entry.Key).ToListAsync(_ended.Token);
        if (keys is not [])
            await store.DeleteAsync(keys, _ended.Token);
    });

    /// <summary>Removes the mark of a deleted video, once no worker can hold a claim from before any more.</summary>
    public void RemoveMark(VideoId video) => _ = RunAsync(options.ClaimLifetime, video, () => statuses.RemoveMarkAsync(video, _ended.Token));

    public void Dispose()
    {
        _ended.Cancel();
        _ended.Dispose();
    }

    private async Task RunAsync(TimeSpan delay, VideoId video, Func<Task> remove)
    {
        try
        {
            await Task.Delay(delay, clock, _ended.Token);
            await remove();
        }
        catch (UpstreamException e)
        {
            logger.LogWarning(e, "What is no longer needed of {Video} could not be removed", video);
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
    }
}
