using IngestVideo.Publishing;
using IngestVideo.Status;
using Reelseal;
using Reelseal.Storage;

namespace IngestVideo;

/// <summary>The outcome of a request to ingest a video.</summary>
/// <param name="Status">The video's status document.</param>
/// <param name="Existed">The video was ready before, and nothing was done.</param>
public readonly record struct IngestResult(VideoStatus Status, bool Existed);

/// <summary>An attempt at a video that was begun.</summary>
/// <param name="Attempt">null when the video is ready.</param>
/// <param name="Ready">The status of the video that is ready, or null.</param>
public readonly record struct BegunAttempt(IngestAttempt? Attempt, VideoStatus? Ready);

/// <summary>Begins attempts.</summary>
/// <param name="store">Waits until the store is back when it fails for a while.</param>
/// <param name="statuses">Does not wait.</param>
/// <param name="options">Where workspaces are, and how often the status is written.</param>
/// <param name="clock">The present time.</param>
/// <param name="logger">Logs why attempts end.</param>
public sealed class IngestAttempts(IObjectStore store, StatusStore statuses, IngestOptions options, TimeProvider clock, ILogger<IngestAttempt> logger)
{
    private readonly StatusStore _retryingStatuses = new(store);

    /// <summary>Claims a video.</summary>
    /// <exception cref="IngestRefusedException">409: another worker has the video.</exception>
    /// <exception cref="UpstreamException">The store failed.</exception>
    public async Task<BegunAttempt> BeginAsync(VideoId video, CancellationToken cancellationToken)
    {
        var (claim, existing) = await VideoClaim.TakeAsync(statuses, _retryingStatuses, video, clock, options, logger, cancellationToken);
        if (claim is null)
        {
            return existing is { State: VideoState.Ready }
                ? new(Attempt: null, existing) : throw new IngestRefusedException(StatusCodes.Status409Conflict, "This video is being ingested right now.");
        }
        return new(new IngestAttempt(store, _retryingStatuses, video, claim, existing, options.WorkDirectory, logger), Ready: null);
    }
}

/// <summary>
/// One attempt at a video, as a transaction: the claim on the video, the publication that no player sees before the commit, and the workspace. Exactly one of
/// <see cref="AdoptFinishedAsync"/>, <see cref="CommitAsync"/> and <see cref="AbandonAsync"/> ends it.
/// </summary>
public sealed class IngestAttempt : IAsyncDisposable
{
    /// <summary>Cleaning up goes on when the request is gone, but not for ever.</summary>
    private static readonly TimeSpan s_longestCleanUp = TimeSpan.FromSeconds(60);

    private readonly IObjectStore _store;
    private readonly StatusStore _retryingStatuses;
    private readonly VideoClaim _claim;
    private readonly VideoStatus? _existing;
    private readonly string _workDirectory;
    private readonly ILogger _logger;
    private Workspace? _workspace;

    internal IngestAttempt(IObjectStore store, StatusStore retryingStatuses, VideoId video, VideoClaim claim, VideoStatus? existing, string workDirectory, ILogger logger)
    {
        (_store, _retryingStatuses, Video, _claim, _existing, _workDirectory, _logger) = (store, retryingStatuses, video, claim, existing, workDirectory, logger);
        Publication = new(store, video, claim.Attempt);
    }

    public VideoId Video { get; }

    /// <summary>What the attempt has in the store.</summary>
    public Publication Publication { get; }

    /// <summary>The attempt's scratch folder, created on first use.</summary>
    public Workspace Workspace => _workspace ??= Workspace.Create(_workDirectory);

    /// <summary>Is cancelled when another worker has the video, or the video was deleted.</summary>
    public CancellationToken Lost => _claim.Lost;

    /// <summary>The attempt is the video: it is no longer to be abandoned.</summary>
    public bool IsCommitted { get; private set; }

    /// <summary>Changes the status; the next heartbeat writes it.</summary>
    public void Update(Func<VideoStatus, VideoStatus> change) => _claim.Update(change);

    /// <summary>Writes the status now. If the claim is lost, <see cref="Lost"/> says so.</summary>
    public Task FlushAsync() => _claim.FlushAsync(Lost);

    /// <summary>Ends the attempt if an earlier one is the video already: a worker that died between the commit and its last status left a finished video.</summary>
    /// <returns>null when it is missing.</returns>
    public async Task<IngestResult?> AdoptFinishedAsync() =>
        _existing is not null && await Publication.FindCommittedAsync(Lost) is { } finished ? await AdoptAsync(_existing with { Attempt = finished }) : null;

    /// <summary>Removes what was made so far, apart from the source, to make it another way.</summary>
    /// <param name="reason">Why; for the log.</param>
    public async Task StartOverAsync(string reason)
    {
        _logger.LogWarning("{Video} is encoded after all: {Reason}", Video, reason);
        Update(status => status with { State = VideoState.Transcoding });
        Directory.Delete(Workspace.Output, recursive: true);
        await Publication.RemoveAsync(Lost);
    }

    /// <summary>Makes the attempt the video, or adopts another attempt that was faster.</summary>
    /// <exception cref="IngestRefusedException">409: the video was cancelled, deleted, or taken over.</exception>
    public async Task<IngestResult> CommitAsync(IReadOnlyList<PublishedRendition> renditions)
    {
        // The last look before the commit: a worker that was overtaken or cancelled stops here.
        if (!await _claim.FlushAsync(CancellationToken.None))
            throw Overtaken();
        IsCommitted = await Publication.CommitAsync(renditions, CancellationToken.None);
        return IsCommitted
            ? await CompleteAsync()
            : await AdoptAsync(_claim.Status with { Attempt = (await Publication.FindCommittedAsync(CancellationToken.None))! });
    }

    /// <summary>Ends an attempt that failed: removes what it wrote, and reports why.</summary>
    /// <param name="cause">What failed.</param>
    /// <param name="isSynchronous">The sender reads the answer, so a source that is not a video need not leave a status behind.</param>
    /// <param name="requestAborted">The sender is gone.</param>
    /// <returns>What to report to the caller.</returns>
    public async Task<Exception> AbandonAsync(Exception cause, bool isSynchronous, CancellationToken requestAborted)
    {
        if (Workspace.IsFull(cause))
            cause = IngestRefusedException.NoRoom(cause);
        using var timeout = new CancellationTokenSource(s_longestCleanUp);
        var step = _claim.Status.State;
        // A service error is logged with its stack where the request ends.
        _logger.LogWarning("Ingest of {Video}, attempt {Attempt}, ended in step {Step}: {Failure}: {Message}", Video, _claim.Attempt, step, cause.GetType().Name, cause.Message);
        try
        {
            _workspace?.Dispose(); // the next video may be waiting for the room
            await Publication.RemoveAsync(timeout.Token);
            await _claim.StopAsync();
            if (Lost.IsCancellationRequested)
                return Overtaken();
            var early = step is VideoState.Receiving or VideoState.Probing;
            // A broken connection is seen while reading, a moment before the request counts as aborted.
            var gone = cause is OperationCanceledException && (requestAborted.IsCancellationRequested || cause.InnerException is IOException);
            if (early && (gone || (isSynchronous && cause is IngestRefusedException)))
            {
                // Renewed before it is removed, so that no other worker can have taken it over in between.
                if (await _claim.FlushAsync(timeout.Token))
                    await _retryingStatuses.DeleteAsync(_claim.Status, timeout.Token);
                return cause;
            }
            var reason = cause is IngestRefusedException or UpstreamException ? cause.Message : "The ingest failed because of an internal error.";
            Update(status => status with { State = VideoState.Failed, Error = reason, Speed = null, Remaining = null, Renditions = [] });
            await _claim.FlushAsync(timeout.Token);
        }
        catch (Exception e) when (e is UpstreamException or OperationCanceledException)
        {
            // The claim runs out by itself, and the next attempt removes what this one left.
            _logger.LogError(e, "What attempt {Attempt} at {Video} wrote could not be removed", _claim.Attempt, Video);
        }
        return cause;
    }

    public async ValueTask DisposeAsync()
    {
        _workspace?.Dispose();
        await _claim.DisposeAsync();
    }

    /// <summary>After the commit: removes what earlier attempts left, and reports that the video is ready. In this order, because no worker looks after a ready video.</summary>
    private async Task<IngestResult> CompleteAsync()
    {
        await Publication.RemoveOthersAsync(CancellationToken.None);
        await _claim.StopAsync();
        Update(Ready);
        if (!await _claim.FlushAsync(CancellationToken.None) && await _retryingStatuses.ReadAsync(Video, CancellationToken.None) is null)
        {
            // Deleted between the last look and the commit.
            await Publication.WithdrawAsync(CancellationToken.None);
            throw new IngestRefusedException(StatusCodes.Status409Conflict, "This video was deleted.");
        }
        // Otherwise another worker has taken over; at its own commit it will find this one, and adopt it.
        return new(_claim.Status, Existed: false);
    }

    /// <summary>Another attempt is the video: ours is removed, and the status describes that one.</summary>
    private async Task<IngestResult> AdoptAsync(VideoStatus finished)
    {
        await Publication.RemoveAsync(CancellationToken.None);
        await new Publication(_store, Video, finished.Attempt).RemoveOthersAsync(CancellationToken.None);
        await _claim.StopAsync();
        Update(_ => Ready(finished));
        await _claim.FlushAsync(CancellationToken.None);
        return new(_claim.Status, Existed: true);
    }

    private VideoStatus Ready(VideoStatus status) => status with
    {
        State = VideoState.Ready,
        Progress = 1,
        Speed = null,
        Remaining = null,
        Error = null,
        Playlist = ObjectKeys.Multivariant(Video),
    };

    private static IngestRefusedException Overtaken() => new(StatusCodes.Status409Conflict, "This video was cancelled, or taken over by another worker.");
}
