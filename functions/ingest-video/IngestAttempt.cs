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
/// <param name="removals">Removes attempts that players may still be reading.</param>
/// <param name="options">Where workspaces are, and how often the status is written.</param>
/// <param name="clock">The present time.</param>
/// <param name="logger">Logs why attempts end.</param>
public sealed class IngestAttempts(
    IObjectStore store, StatusStore statuses, LaterRemovals removals, IngestOptions options, TimeProvider clock, ILogger<IngestAttempt> logger)
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
            return existing is { State: VideoState.Ready } ? new(Attempt: null, existing) : throw new IngestRefusedException(
                StatusCodes.Status409Conflict,
                existing is { State: VideoState.Deleted } ? "This video was deleted a moment ago." : "This video is being ingested right now.");
        }
        return new(new IngestAttempt(store, _retryingStatuses, removals, video, claim, existing, options.WorkDirectory, logger), Ready: null);
    }
}

/// <summary>
/// One attempt at a video, as a transaction: the claim on the video, the publication that no player sees before its first stage or the commit, and the
/// workspace. Exactly one of <see cref="AdoptFinishedAsync"/>, <see cref="CommitAsync"/> and <see cref="AbandonAsync"/> ends it.
/// </summary>
public sealed class IngestAttempt : IAsyncDisposable
{
    /// <summary>The reason to report where the cause is nobody's business.</summary>
    internal const string InternalError = "The ingest failed because of an internal error.";

    /// <summary>Cleaning up goes on when the request is gone, but not for ever.</summary>
    private static readonly TimeSpan s_longestCleanUp = TimeSpan.FromSeconds(60);

    private readonly IObjectStore _store;
    private readonly StatusStore _retryingStatuses;
    private readonly LaterRemovals _removals;
    private readonly VideoClaim _claim;
    private readonly VideoStatus? _existing;
    private readonly string _workDirectory;
    private readonly ILogger _logger;
    private readonly HashSet<string> _replacedAttempts = new(StringComparer.Ordinal); // players may still be reading them
    private string? _shown; // an earlier attempt by this worker, of which viewers have the copy
    private Workspace? _workspace;

    internal IngestAttempt(
        IObjectStore store, StatusStore retryingStatuses, LaterRemovals removals, VideoId video, VideoClaim claim, VideoStatus? existing,
        string workDirectory, ILogger logger)
    {
        (_store, _retryingStatuses, _removals, Video, _claim, _existing, _workDirectory, _logger) =
            (store, retryingStatuses, removals, video, claim, existing, workDirectory, logger);
        Publication = new(store, video, claim.Attempt);
    }

    public VideoId Video { get; }

    /// <summary>What the attempt has in the store.</summary>
    public Publication Publication { get; private set; }

    /// <summary>The attempt's scratch folder, created on first use.</summary>
    public Workspace Workspace => _workspace ??= Workspace.Create(_workDirectory);

    /// <summary>The video's status, as it will be written next.</summary>
    public VideoStatus Status => _claim.Status;

    /// <summary>Is cancelled when another worker has the video, or the video was deleted.</summary>
    public CancellationToken Lost => _claim.Lost;

    /// <summary>Viewers can press play, and the status says so.</summary>
    public event EventHandler? Playable;

    /// <summary>The video is complete, by this attempt or by the one it adopted, and the status says so. What is no longer needed is still there.</summary>
    public event EventHandler? Completed;

    /// <summary>The attempt is the video: it is no longer to be abandoned.</summary>
    public bool IsCommitted { get; private set; }

    /// <summary>Changes the status; the next heartbeat writes it.</summary>
    public void Update(Func<VideoStatus, VideoStatus> change) => _claim.Update(change);

    /// <summary>Writes the status now. If the claim is lost, <see cref="Lost"/> says so.</summary>
    public Task FlushAsync() => _claim.FlushAsync(Lost);

    /// <summary>
    /// Ends the attempt if an earlier one is the video already: a worker that died between the commit and its last status left a finished video.
    /// </summary>
    /// <returns>null when it is missing.</returns>
    public async Task<IngestResult?> AdoptFinishedAsync()
    {
        var seen = await Publication.LookAsync(Lost);
        if (_existing is not null && seen is { Stage: PublicationStage.Final })
            return await AdoptAsync(_existing);
        // The status of an earlier worker may be older than what it published or withdrew.
        var playable = seen is { Stage: PublicationStage.Playable };
        Update(status => status with { Playable = playable ? true : null, Playlist = playable ? ObjectKeys.Multivariant(Video) : null });
        return null;
    }

    /// <summary>Makes what there is so far the video, for viewers who would otherwise have to wait for the rest.</summary>
    /// <param name="renditions">What is published: a part of the renditions as they will be in the end, or the beginning of all.</param>
    /// <param name="isGrowing">It is the beginning of all.</param>
    /// <returns>false when viewers have more of it, from a worker that died.</returns>
    public async Task<bool> PublishFirstStageAsync(IReadOnlyList<PublishedRendition> renditions, bool isGrowing)
    {
        if (IsShown)
            return true;
        // Viewers of a copy have as much as any first stage offers, so they are not moved twice.
        while (await Publication.ReadOfferAsync(Lost) is var offered && offered < double.PositiveInfinity)
        {
            if (isGrowing && offered > renditions.Min(rendition => rendition.Seconds))
                return false;
            if (await TryPublishAsync(renditions, PublicationStage.Playable, isGrowing))
                break;
            if (Publication.Seen is { Stage: PublicationStage.Final })
                return true; // another worker has completed the video
        }
        Update(status => status with
        {
            Playable = true,
            PlayableIn = null,
            Playlist = ObjectKeys.Multivariant(Video),
            Renditions = [.. renditions.Select(RenditionStatuses.Of)],
        });
        // A worker that was overtaken while it wrote stops here.
        if (!await _claim.FlushAsync(Lost))
            throw Overtaken();
        _logger.LogInformation("{Video} is playable", Video);
        Playable?.Invoke(this, EventArgs.Empty);
        return true;
    }

    /// <summary>Removes what was made so far, apart from the source, to make it another way. An intact copy stays for its viewers.</summary>
    /// <param name="reason">Why; for the log.</param>
    /// <param name="isCopyWhole">The reason is not the copy.</param>
    /// <exception cref="IngestRefusedException">409: the video was cancelled, deleted, or taken over.</exception>
    public async Task StartOverAsync(string reason, bool isCopyWhole)
    {
        _logger.LogWarning("{Video} is made another way, because {Reason}", Video, reason);
        if (Directory.Exists(Workspace.Output))
            Directory.Delete(Workspace.Output, recursive: true);
        if (isCopyWhole && !Publication.IsInDoubt && Publication.IsVisible && !Publication.Seen!.IsGrowing)
        {
            _shown = _claim.Attempt;
            _replacedAttempts.Add(_shown);
        }
        else
        {
            var shown = IsShown ? _shown : Publication.IsVisible ? _claim.Attempt : null;
            if (shown is not null && (!await _claim.FlushAsync(Lost) || !await Publication.TryWithdrawAsync(shown, Lost)))
                throw Overtaken();
            if (Publication.Seen is not { Stage: PublicationStage.Playable })
                Update(status => status with { Playable = null, Playlist = null });
            Update(status => status with { Renditions = [] });
            await Publication.RemoveAsync(Lost);
        }
        Update(status => status with { State = VideoState.Transcoding });
        // Names under an attempt stand for the same bytes for ever: a write that was given up may still come through.
        if (!await _claim.BeginAgainAsync(Lost))
            throw Overtaken();
        Publication = Publication.For(_claim.Attempt);
    }

    /// <summary>Makes the attempt the video, or adopts another attempt that was faster.</summary>
    /// <param name="renditions">All of the video.</param>
    /// <param name="clockStart">The presentation time of its first moment.</param>
    /// <exception cref="IngestRefusedException">409: the video was cancelled, deleted, or taken over.</exception>
    public async Task<IngestResult> CommitAsync(IReadOnlyList<PublishedRendition> renditions, TimeSpan clockStart)
    {
        var manifest = new AttemptManifest
        {
            Duration = Status.Duration ?? 0, ClockStart = clockStart.TotalSeconds, Renditions = [.. renditions.Select(RenditionStatuses.Of)],
            Poster = Status.Poster, Storyboard = Status.Storyboard, Chapters = Status.Chapters, Downloads = Status.Downloads,
        };
        await Publication.PutAsync(ObjectKeys.ManifestName, manifest.ToJson(), CancellationToken.None);
        IsCommitted = await TryPublishAsync(renditions, PublicationStage.Final);
        return IsCommitted ? await CompleteAsync() : await AdoptAsync(Status);
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
        _logger.LogWarning("Ingest of {Video}, attempt {Attempt}, ended in step {Step}: {Failure}: {Message}", Video, _claim.Attempt, step,
            cause.GetType().Name, cause.Message);
        try
        {
            _workspace?.Dispose(); // the next video may be waiting for the room
            if (await WithdrawAsync(cause, timeout.Token))
            {
                if (Publication.Seen is not { Stage: PublicationStage.Playable })
                    Update(status => status with { Playable = null, Playlist = null, Renditions = [], Downloads = null });
                await Publication.RemoveAsync(timeout.Token);
            }
            await _claim.StopAsync();
            if (Lost.IsCancellationRequested)
            {
                if (await _retryingStatuses.ReadAsync(Video, timeout.Token) is null or { Status.State: VideoState.Ready })
                    await Publication.RemoveWorkAsync(timeout.Token); // written after it was deleted, or completed by another worker
                return Overtaken();
            }
            var early = step is VideoState.Receiving or VideoState.Probing;
            // A broken connection is seen while reading, a moment before the request counts as aborted.
            var gone = cause is OperationCanceledException && (requestAborted.IsCancellationRequested || cause.InnerException is IOException);
            if (early && _existing is null && Status.Playable != true && (gone || (isSynchronous && cause is IngestRefusedException)))
            {
                // Renewed before it is removed, so that no other worker can have taken it over in between.
                if (await _claim.FlushAsync(timeout.Token))
                    await _retryingStatuses.DeleteAsync(_claim.Status, timeout.Token);
                return cause;
            }
            await RemoveWorkAsync(timeout.Token);
            var reason = cause is IngestRefusedException or UpstreamException ? cause.Message : InternalError;
            Update(status => status with { State = VideoState.Failed, Error = reason, Speed = null, Remaining = null, PlayableIn = null });
            await _claim.FlushAsync(timeout.Token);
        }
        catch (Exception e) when (e is UpstreamException or OperationCanceledException)
        {
            // The claim runs out by itself, and the next attempt removes what this one left.
            _logger.LogError(e, "Objects of attempt {Attempt} at {Video} could not be removed", _claim.Attempt, Video);
        }
        return cause;
    }

    /// <summary>Removes the work while the video is claimed: later it may be the next attempt's. What stays is found by fsck.</summary>
    private async Task RemoveWorkAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await _claim.FlushAsync(cancellationToken))
                await Publication.RemoveWorkAsync(cancellationToken);
        }
        catch (UpstreamException e)
        {
            _logger.LogError(e, "What replicas have handed to each other of {Video} could not be removed", Video);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _workspace?.Dispose();
        await _claim.DisposeAsync();
    }

    /// <summary>
    /// Writes the multivariant playlist as long as the claim is held and the video is not complete, whatever another worker may have written in between.
    /// </summary>
    /// <returns>false when another attempt has made the video complete, or as playable as this one would.</returns>
    /// <exception cref="IngestRefusedException">409: the claim is lost.</exception>
    private async Task<bool> TryPublishAsync(IReadOnlyList<PublishedRendition> renditions, PublicationStage stage, bool isGrowing = false)
    {
        var multivariant = MultivariantPlaylistWriter.Write(_claim.Attempt, renditions, stage, isGrowing, hasChapters: Status.Chapters is not null);
        do
        {
            // The last look before the write: a worker that was overtaken or cancelled stops here.
            if (!await _claim.FlushAsync(CancellationToken.None))
                throw Overtaken();
            var before = Publication.Seen;
            if (await Publication.TryPublishAsync(multivariant, stage, CancellationToken.None))
            {
                if (before is { Stage: PublicationStage.Playable } && before.Attempt != _claim.Attempt)
                    _replacedAttempts.Add(before.Attempt);
                return true;
            }
        }
        while (Publication.Seen is not { Stage: PublicationStage.Final } && Publication.Seen?.Stage != stage);
        return false;
    }

    /// <summary>Ends what players see of an attempt that failed, where it must not be seen any longer.</summary>
    /// <returns>Whether what the attempt wrote may be removed.</returns>
    private async Task<bool> WithdrawAsync(Exception cause, CancellationToken cancellationToken)
    {
        // What failed here may succeed elsewhere: only a source that is broken stays broken.
        var isBroken = cause is IngestRefusedException { StatusCode: < StatusCodes.Status500InternalServerError, IsLimit: false };
        if (!Publication.WasVisible)
        {
            if (isBroken && IsShown && await _claim.FlushAsync(cancellationToken) && await Publication.TryWithdrawAsync(_shown!, cancellationToken))
                _removals.RemoveAttempt(Video, _shown!);
            return true;
        }
        var isNamed = (await Publication.LookAsync(cancellationToken))?.Attempt == _claim.Attempt;
        if (Lost.IsCancellationRequested)
        {
            var current = await _retryingStatuses.ReadAsync(Video, cancellationToken);
            if (current?.Status.Created == _claim.Status.Created)
            {
                // Another worker has the video, and what viewers have stays until that one offers more, and a while longer.
                if (!isNamed)
                    _removals.RemoveAttempt(Video, _claim.Attempt);
                return false;
            }
            // The video was deleted while it was published, and perhaps sent again since.
            if (isNamed && current is null)
                await Publication.RetractAsync(cancellationToken);
            else if (isNamed)
                await Publication.TryWithdrawAsync(_claim.Attempt, cancellationToken);
            return true;
        }
        if (!isNamed || Publication.IsInDoubt)
            return false;
        // Nobody adds to playlists that grow.
        return (isBroken || Publication.Seen!.IsGrowing) && await Publication.TryWithdrawAsync(_claim.Attempt, cancellationToken);
    }

    /// <summary>Whether viewers have the copy of an earlier attempt by this worker.</summary>
    private bool IsShown => Publication.Seen is { Stage: PublicationStage.Playable } seen && seen.Attempt == _shown;

    /// <summary>After the commit: reports that the video is ready, and then removes what earlier attempts left.</summary>
    private async Task<IngestResult> CompleteAsync()
    {
        await _claim.StopAsync();
        Update(Ready);
        if (!await _claim.FlushAsync(CancellationToken.None) && await _retryingStatuses.ReadAsync(Video, CancellationToken.None) is null)
        {
            // Deleted between the last look and the commit.
            await Publication.RetractAsync(CancellationToken.None);
            await Publication.RemoveAsync(CancellationToken.None);
            throw new IngestRefusedException(StatusCodes.Status409Conflict, "This video was deleted.");
        }
        // Otherwise another worker has taken over; at its own commit it will find this one, and adopt it.
        Completed?.Invoke(this, EventArgs.Empty);
        await CleanUpAsync(Publication);
        return new(_claim.Status, Existed: false);
    }

    /// <summary>Another attempt is the video: the status describes that one, and ours is removed.</summary>
    private async Task<IngestResult> AdoptAsync(VideoStatus status)
    {
        var (ownAttempt, finished) = (_claim.Attempt, Publication.For(Publication.Seen!.Attempt));
        var manifest = await AttemptManifest.ReadAsync(_store, Video, Publication.Seen.Attempt, CancellationToken.None);
        await _claim.StopAsync();
        var ready = Ready((manifest?.ApplyTo(status) ?? status) with { Attempt = Publication.Seen.Attempt });
        Update(current => ready.WithEditsOf(current));
        await _claim.FlushAsync(CancellationToken.None);
        if (Publication.WasVisible)
            _replacedAttempts.Add(ownAttempt);
        Completed?.Invoke(this, EventArgs.Empty);
        await CleanUpAsync(finished);
        return new(_claim.Status, Existed: true);
    }

    /// <summary>Removes what other attempts left. The video is complete without it: what remains is found by fsck.</summary>
    private async Task CleanUpAsync(Publication complete)
    {
        try
        {
            await complete.RemoveOthersAsync(_replacedAttempts, CancellationToken.None);
        }
        catch (UpstreamException e)
        {
            _logger.LogWarning(e, "Objects of other attempts at {Video} could not be removed", Video);
        }
        foreach (var replaced in _replacedAttempts)
            _removals.RemoveAttempt(Video, replaced);
    }

    private VideoStatus Ready(VideoStatus status) => status.AsReady(ObjectKeys.Multivariant(Video));

    private static IngestRefusedException Overtaken() => new(StatusCodes.Status409Conflict, "This video was cancelled, or taken over by another worker.");
}
