using IngestVideo.Publishing;
using IngestVideo.Status;
using Reelseal;
using Reelseal.Storage;

namespace IngestVideo;

/// <summary>Removes objects after a delay, because somebody may still use them until then.</summary>
/// <remarks>What waits here when the process ends is found by fsck.</remarks>
public sealed class LaterRemovals : IDisposable
{
    private readonly IObjectStore _store;
    private readonly StatusStore _statuses;
    private readonly IngestOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger<LaterRemovals> _logger;
    private readonly CancellationTokenSource _end = new();
    private readonly CancellationToken _ended;

    public LaterRemovals(IObjectStore store, StatusStore statuses, IngestOptions options, TimeProvider clock, ILogger<LaterRemovals> logger)
    {
        (_store, _statuses, _options, _clock, _logger) = (store, statuses, options, clock, logger);
        _ended = _end.Token;
    }

    /// <summary>Removes an attempt that was playable until another one replaced it, once no player starts from its playlists any more.</summary>
    public void RemoveAttempt(VideoId video, string attempt) => _ = RunAsync(_options.ReplacedAttemptLifetime, video, async () =>
    {
        var publication = new Publication(_store, video, attempt);
        if ((await publication.LookAsync(_ended))?.Attempt != attempt)
            await publication.RemoveAsync(_ended);
    });

    /// <summary>
    /// Removes a folder of an attempt that a user has replaced, unless the multivariant playlist or the status names something in it: once those who began
    /// before can have seen the longest video to its end.
    /// </summary>
    public void RemovePart(VideoId video, string attempt, string folder) => _ = RunAsync(
        _options.ReplacedAttemptLifetime + _options.MaxDuration, video, async () =>
    {
        var part = $"{attempt}/{folder}/";
        foreach (var key in (string[])[ObjectKeys.Multivariant(video), ObjectKeys.Status(video)])
        {
            await using var stored = await _store.GetAsync(key, range: null, unlessETag: null, _ended);
            using var reader = new StreamReader(stored?.Content ?? Stream.Null);
            if ((await reader.ReadToEndAsync(_ended)).Contains(part, StringComparison.Ordinal))
                return;
        }
        var keys = await _store.ListAsync(ObjectKeys.Video(video) + part, _ended).Select(entry => entry.Key).ToListAsync(_ended);
        if (keys is not [])
            await _store.DeleteAsync(keys, _ended);
    });

    /// <summary>Removes the mark of a deleted video, once no worker can hold a claim from before any more.</summary>
    public void RemoveMark(VideoId video) => _ = RunAsync(
        _options.ClaimLifetime, video, () => _statuses.RemoveMarkAsync(video, _clock.GetUtcNow(), _ended));

    public void Dispose()
    {
        _end.Cancel();
        _end.Dispose();
    }

    private async Task RunAsync(TimeSpan delay, VideoId video, Func<Task> remove)
    {
        try
        {
            await Task.Delay(delay, _clock, _ended);
            await remove();
        }
        catch (Exception e) when (!_ended.IsCancellationRequested)
        {
            // Nobody awaits this: the log is where a failure shows, and fsck where it is repaired.
            _logger.LogWarning(e, "What is no longer needed of {Video} could not be removed", video);
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
    }
}
