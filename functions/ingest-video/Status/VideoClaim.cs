using System.Security.Cryptography;
using Reelseal;
using Reelseal.Storage;

namespace IngestVideo.Status;

/// <summary>How a request for a video stands to what is known of the video.</summary>
/// <param name="Claim">The right to work on it, or null.</param>
/// <param name="Existing">What was there before: with a claim, what it took over.</param>
public readonly record struct ClaimResult(VideoClaim? Claim, VideoStatus? Existing);

/// <summary>
/// The right to work on a video, held by writing its status document: taken with If-None-Match, kept by heartbeats with If-Match. A worker that finds
/// the document changed by another has lost it, and stops. A claim whose last heartbeat is older than <see cref="IngestOptions.ClaimLifetime"/> may be taken
/// over.
/// </summary>
/// <remarks>
/// It is no lock: a worker that was frozen may go on for a moment after it was overtaken. That does no harm, because every attempt writes under a folder
/// of its own, and only one can write the multivariant playlist.
/// </remarks>
public sealed class VideoClaim : IAsyncDisposable
{
    private readonly StatusStore _statuses;
    private readonly StatusStore _retryingStatuses;
    private readonly VideoId _video;
    private readonly TimeProvider _clock;
    private readonly TimeSpan _interval;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _lost = new();
    private readonly CancellationTokenSource _ended = new();
    private readonly SemaphoreSlim _writing = new(1);
    private readonly Lock _changing = new();
    private Task _heartbeats = Task.CompletedTask;
    private VideoStatus _status;
    private string _storedAttempt; // what the document named when it was written last
    private string _etag;

    private VideoClaim(StatusStore statuses, StatusStore retryingStatuses, VideoId video, VideoStatus status, string etag, TimeProvider clock,
        TimeSpan interval, ILogger logger) =>
        (_statuses, _retryingStatuses, _video, _status, _storedAttempt, _etag, _clock, _interval, _logger) =
            (statuses, retryingStatuses, video, status, status.Attempt, etag, clock, interval, logger);

    public string Attempt => _status.Attempt;

    public VideoStatus Status
    {
        get
        {
            lock (_changing)
                return _status;
        }
    }

    /// <summary>Is cancelled when another has the video, or it was deleted.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>Takes a video that nobody works on: a new one, a failed one, or one whose worker is silent.</summary>
    /// <param name="statuses">For heartbeats, of which the next makes good a lost one, and for the first look: a caller learns at once that the store is
    /// gone.</param>
    /// <param name="retryingStatuses">For what must be written: it waits until the store is back. A claim that may have been written must not be left
    /// behind.</param>
    /// <param name="video">Which video.</param>
    /// <param name="clock">The present time.</param>
    /// <param name="options">How often the heart beats, and how long a claim lives without.</param>
    /// <param name="logger">Logs heartbeats that failed.</param>
    /// <param name="cancellationToken">Gives up before there is a claim.</param>
    public static async Task<ClaimResult> TakeAsync(
        StatusStore statuses, StatusStore retryingStatuses, VideoId video, TimeProvider clock, IngestOptions options, ILogger logger,
            CancellationToken cancellationToken)
    {
        var attempt = NewAttempt();
        VideoStatus? before = null;
        DateTimeOffset? announced = null;
        while (true)
        {
            var found = await statuses.FindAsync(video, cancellationToken);
            var now = clock.GetUtcNow();
            if (found is { Status: var existing } && existing.Attempt != attempt)
            {
                // By the store's clock: the worker's and ours may be minutes apart.
                var alive = existing.State != VideoState.Failed && found.Age <= options.ClaimLifetime;
                if (existing.State == VideoState.Ready || alive)
                {
                    if (announced is { } created && created != existing.Created)
                        await retryingStatuses.RetractAsync(video, created, CancellationToken.None);
                    return new(Claim: null, existing);
                }
                before = existing.State == VideoState.Deleted ? null : existing;
            }
            var status = new VideoStatus
            {
                Id = video.ToString(),
                State = VideoState.Receiving,
                Title = before?.Title,
                Edits = before?.Edits,
                Created = before?.Created ?? announced ?? now,
                Updated = now,
                Attempt = attempt,
                Playable = before?.Playable,
                Playlist = before?.Playlist,
            };
            if (announced != status.Created)
            {
                await retryingStatuses.AnnounceAsync(video, status.Created, cancellationToken);
                announced = status.Created;
            }
            // Where the answer to a write was lost, the next round finds our own attempt, and writes it again. Not given up half-way: nobody would know of the
            // claim.
            if (await retryingStatuses.WriteAsync(
                video, status, found is null ? WriteCondition.IfNew : WriteCondition.IfUnchanged(found.ETag), CancellationToken.None) is not { } etag)
                continue;
            var claim = new VideoClaim(statuses, retryingStatuses, video, status, etag, clock, options.HeartbeatInterval, logger);
            claim._heartbeats = claim.BeatAsync();
            return new(claim, before);
        }
    }

    /// <summary>Changes the status; the next heartbeat writes it.</summary>
    public void Update(Func<VideoStatus, VideoStatus> change)
    {
        lock (_changing)
            _status = change(_status);
    }

    /// <summary>Goes on with the same video under a new attempt, because names under an attempt stand for the same bytes for ever.</summary>
    /// <returns>false when the claim is lost.</returns>
    /// <exception cref="UpstreamException">The store cannot be reached for long.</exception>
    public async Task<bool> BeginAgainAsync(CancellationToken cancellationToken)
    {
        // Written before and after: a document that still bears the old attempt would pass for another worker's.
        if (!await FlushAsync(cancellationToken))
            return false;
        Update(status => status with { Attempt = NewAttempt() });
        return await FlushAsync(cancellationToken);
    }

    /// <summary>Writes the status now, or when the store is back.</summary>
    /// <returns>false when the claim is lost.</returns>
    /// <exception cref="UpstreamException">The store cannot be reached for long.</exception>
    public Task<bool> FlushAsync(CancellationToken cancellationToken) => FlushAsync(_retryingStatuses, cancellationToken);

    private async Task<bool> FlushAsync(StatusStore statuses, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            while (!_lost.IsCancellationRequested)
            {
                Update(status => status with { Updated = _clock.GetUtcNow() });
                var now = Status;
                if (await statuses.WriteAsync(_video, now, WriteCondition.IfUnchanged(_etag), cancellationToken) is { } written)
                {
                    (_etag, _storedAttempt) = (written, now.Attempt);
                    return true;
                }
                // A write whose answer was lost leaves another ETag, too: as long as the attempt is ours, so is the claim.
                if (await statuses.ReadAsync(_video, cancellationToken) is { } found && found.ETag != _etag
                    && (found.Status.Attempt == now.Attempt || found.Status.Attempt == _storedAttempt))
                {
                    _etag = found.ETag;
                    Update(status => status.WithEditsOf(found.Status)); // or a user has changed something
                }
                else
                {
                    await _lost.CancelAsync();
                }
            }
            return false;
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Ends the heartbeats: what is flushed after that stays.</summary>
    public async Task StopAsync()
    {
        await _ended.CancelAsync();
        await _heartbeats;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _lost.Dispose();
        _ended.Dispose();
        _writing.Dispose();
    }

    private static string NewAttempt() => RandomNumberGenerator.GetHexString(16, lowercase: true);

    private async Task BeatAsync()
    {
        using var timer = new PeriodicTimer(_interval, _clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_ended.Token))
            {
                try
                {
                    if (!await FlushAsync(_statuses, _ended.Token))
                        return;
                }
                catch (Exception e) when (e is not OperationCanceledException || !_ended.IsCancellationRequested)
                {
                    // Also a timeout of somebody else: heartbeats that end silently lose the video. It may still be ours, as the next one will show.
                    // After the last one the status is written again.
                    _logger.LogWarning(e, "The status of {Video} could not be written", _video);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The ingest has ended.
        }
    }
}
