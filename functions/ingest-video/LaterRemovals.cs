using IngestVideo.Publishing;
using IngestVideo.Status;
using Reelseal;
using Reelseal.Storage;

namespace IngestVideo;

/// <summary>Removes objects after a delay, because somebody may still use them until then.</summary>
/// <remarks>What waits here when the process ends is found by fsck.</remarks>
public sealed class LaterRemovals(
    IObjectStore store, StatusStore statuses, IngestOptions options, TimeProvider clock, IHostApplicationLifetime host, ILogger<LaterRemovals> logger)
{
    private readonly CancellationToken _ended = host.ApplicationStopping;

    /// <summary>Removes an attempt that was playable until another one replaced it, once no player starts from its playlists any more.</summary>
    public void RemoveAttempt(VideoId video, string attempt) => _ = RunAsync(options.ReplacedAttemptLifetime, video, async () =>
    {
        var publication = new Publication(store, video, attempt);
        if ((await publication.LookAsync(_ended))?.Attempt != attempt)
            await publication.RemoveAsync(_ended);
    });

    /// <summary>
    /// Removes a folder of an attempt that a user has replaced, unless the multivariant playlist or the status names something in it: once those who began
    /// before can have seen the longest video to its end.
    /// </summary>
    public void RemovePart(VideoId video, string attempt, string folder) => _ = RunAsync(
        options.ReplacedAttemptLifetime + options.MaxDuration, video, async () =>
    {
        var part = $"{attempt}/{folder}/";
        foreach (var key in (string[])[ObjectKeys.Multivariant(video), ObjectKeys.Status(video)])
        {
            if (await store.ReadTextAsync(key, _ended) is { } stored && stored.Text.Contains(part, StringComparison.Ordinal))
                return;
        }
        await store.DeleteAllAsync(ObjectKeys.Video(video) + part, _ended);
    });

    /// <summary>Removes the mark of a deleted video, once no worker can hold a claim from before any more.</summary>
    public void RemoveMark(VideoId video) => _ = RunAsync(
        options.ClaimLifetime, video, () => statuses.RemoveMarkAsync(video, clock.GetUtcNow(), _ended));

    private async Task RunAsync(TimeSpan delay, VideoId video, Func<Task> remove)
    {
        try
        {
            await Task.Delay(delay, clock, _ended);
            await remove();
        }
        catch (Exception e) when (!_ended.IsCancellationRequested)
        {
            // Nobody awaits this: the log is where a failure shows, and fsck where it is repaired.
            logger.LogWarning(e, "What is no longer needed of {Video} could not be removed", video);
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
    }
}
