using IngestVideo.Media;
using IngestVideo.Planning;
using IngestVideo.Probing;
using IngestVideo.Processes;
using IngestVideo.Publishing;
using IngestVideo.Receiving;
using IngestVideo.Status;
using IngestVideo.Transcoding;
using Reelseal;
using Reelseal.Storage;
using Reelseal.Telemetry;

namespace IngestVideo;

/// <summary>What became of a request to ingest a video.</summary>
/// <param name="Status">The video's status document.</param>
/// <param name="Existed">It was ready before, and nothing was done.</param>
public readonly record struct IngestResult(VideoStatus Status, bool Existed);

/// <summary>receive → sniff → probe → plan → transcode → publish, under a claim, in a workspace, so that what is not finished leaves nothing behind.</summary>
public sealed class IngestPipeline(
    IObjectStore store, StatusStore statuses, Prober prober, PacketScanner packets, Transcoder transcoder, StillMaker stills, IngestOptions options, TimeProvider clock, ILogger<IngestPipeline> logger)
{
    /// <summary>Cleaning up goes on when the request is gone, but not for ever.</summary>
    private static readonly TimeSpan s_longestCleanUp = TimeSpan.FromSeconds(60);

    /// <summary>The statuses by way of the store that waits passing faults out.</summary>
    private readonly StatusStore _patientStatuses = new(store);

    /// <param name="video">Which video.</param>
    /// <param name="receive">Writes the source into the workspace.</param>
    /// <param name="senderWaits">The sender learns of a refusal from the answer, so that a source that is no video need not leave a status behind.</param>
    /// <param name="hungUp">The sender is gone. It counts only until the last byte is here.</param>
    /// <exception cref="IngestRefusedException">The video is not taken; 409 when it is being ingested, or was cancelled.</exception>
    /// <exception cref="UpstreamException">The store failed.</exception>
    /// <exception cref="OperationCanceledException">The sender hung up.</exception>
    public async Task<IngestResult> IngestAsync(
        VideoId video, Func<Workspace, CancellationToken, Task<ReceivedSource>> receive, bool senderWaits, CancellationToken hungUp)
    {
        var (taken, existing) = await VideoClaim.TakeAsync(statuses, _patientStatuses, video, clock, options.HeartbeatInterval, logger, hungUp);
        if (taken is null)
            return existing is { State: VideoState.Ready } ? new(existing, Existed: true) : throw Conflict("This video is being ingested right now.");

        await using var claim = taken;
        var publication = new Publication(store, video, claim.Attempt);
        var committed = false;
        try
        {
            // A worker that died between the commit and its last status left a finished video.
            if (existing is not null && await publication.FindCommittedAsync(claim.Lost) is { } finished)
                return await AdoptAsync(claim, existing with { Attempt = finished }, existed: true);

            using var workspace = Workspace.Create(options.WorkDirectory);
            var plan = await PrepareAsync(claim, workspace, receive, hungUp);
            IReadOnlyList<PublishedRendition> renditions;
            try
            {
                renditions = await TranscodeAsync(claim, plan, workspace, publication);
            }
            catch (CopyFailedException e)
            {
                logger.LogWarning("{Video} is encoded after all: {Reason}", video, e.Message);
                claim.Update(status => status with { State = VideoState.Transcoding });
                Directory.Delete(workspace.Output, recursive: true);
                await publication.RemoveAsync(claim.Lost);
                plan = plan with { Plan = TranscodePlan.For(plan.Plan.Source, options.Ladder, options.SegmentFormat) };
                renditions = await TranscodeAsync(claim, plan, workspace, publication);
            }
            var published = await PublishAsync(claim, plan, workspace, publication, renditions);

            // The last look before the commit: whoever was overtaken or cancelled stops here.
            if (!await claim.FlushAsync(CancellationToken.None))
                throw Conflict("This video was cancelled, or taken over by another worker.");
            committed = await publication.CommitAsync(published, CancellationToken.None);
            if (!committed)
                return await AdoptAsync(claim, claim.Status with { Attempt = (await publication.FindCommittedAsync(CancellationToken.None))! }, existed: true);
            return await CompleteAsync(claim, video, publication);
        }
        catch (Exception e) when (!committed)
        {
            throw await AbandonAsync(claim, video, publication, Workspace.IsFull(e) ? IngestRefusedException.NoRoom(e) : e, senderWaits, hungUp);
        }
    }

    /// <summary>The steps until it is known what is to be done. What fails here was no video, and ffmpeg never ran.</summary>
    private async Task<SourcePlan> PrepareAsync(
        VideoClaim claim, Workspace workspace, Func<Workspace, CancellationToken, Task<ReceivedSource>> receive, CancellationToken hungUp)
    {
        using (Signals.Activities.StartActivity("receive"))
        using (var receiving = CancellationTokenSource.CreateLinkedTokenSource(claim.Lost, hungUp))
        {
            var received = await receive(workspace, receiving.Token);
            claim.Update(status => status with { State = VideoState.Probing, Title = received.Title ?? status.Title });
        }
        using var span = Signals.Activities.StartActivity("probe");
        var container = await SniffAsync(workspace, claim.Lost);
        var media = await prober.ProbeAsync(workspace.Source, container, claim.Lost);
        var plan = TranscodePlan.For(media, options.Ladder, options.SegmentFormat);
        if (options.CopySource && plan.MayCopySource
            && await packets.ScanAsync(media.Video!, workspace.Source, container, claim.Lost) is var scan && plan.AcceptsCopy(scan, container))
            plan = plan.WithCopy(scan.LongestGap);
        claim.Update(status => status with { State = VideoState.Transcoding, Duration = media.Duration?.TotalSeconds });
        await claim.FlushAsync(claim.Lost);
        return new(container, plan);
    }

    private static async Task<Container> SniffAsync(Workspace workspace, CancellationToken cancellationToken)
    {
        await using var source = File.Exists(workspace.Source) ? File.OpenRead(workspace.Source) : Stream.Null;
        var start = new byte[ContainerSniffer.BytesNeeded];
        var read = await source.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellationToken);
        var container = ContainerSniffer.Sniff(start.AsSpan(0, read));
        if (container.Demuxer == "mov")
            IsoBoxes.CheckComplete(source);
        return container;
    }

    private async Task<IReadOnlyList<PublishedRendition>> TranscodeAsync(VideoClaim claim, SourcePlan source, Workspace workspace, Publication publication)
    {
        using var span = Signals.Activities.StartActivity("transcode");
        var (container, plan) = source;
        ChildProcess? ffmpeg = null; // not before it runs
        var publisher = new SegmentPublisher(plan, workspace, publication, options.MaxUnpublishedBytes, paused => ffmpeg?.SetPaused(paused));
        using var either = CancellationTokenSource.CreateLinkedTokenSource(claim.Lost);
        var progress = new IngestProgress(plan.Source.Duration);
        var transcoding = transcoder.TranscodeAsync(
            plan, container, workspace, now => claim.Update(status => progress.Apply(status, now.Done, now.Ran)), process => ffmpeg = process, either.Token);
        var publishing = publisher.PublishAsync(transcoding, either.Token);
        try
        {
            await publishing;
        }
        catch
        {
            await either.CancelAsync();
            await ((Task)transcoding).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // nothing writes into the workspace any more
            throw;
        }
        claim.Update(status => status with { State = VideoState.Publishing, Speed = null, Remaining = null, Progress = Math.Max(status.Progress, IngestProgress.Transcoded) });
        var finishing = publisher.FinishAsync(claim.Lost);
        await Task.WhenAll(finishing, stills.MakeAsync(plan, workspace, claim.Lost)); // both are over, whichever fails: the workspace may go
        return await finishing;
    }

    /// <summary>What needs the whole video: subtitles cut like the picture, stills, and what the status tells of it all.</summary>
    private static async Task<IReadOnlyList<PublishedRendition>> PublishAsync(
        VideoClaim claim, SourcePlan source, Workspace workspace, Publication publication, IReadOnlyList<PublishedRendition> renditions)
    {
        using var span = Signals.Activities.StartActivity("publish");
        var plan = source.Plan;
        var seconds = renditions.Where(rendition => rendition.Rendition is not IFrameRendition).Max(rendition => rendition.Seconds);
        // The index of a file may be whole where its content is not.
        if (plan.Source.Duration is { TotalSeconds: var announced } && seconds < announced - Math.Max(1, announced * 0.03))
            throw IngestRefusedException.Undecodable($"The video is cut off or damaged: only {seconds:0.#} of its {announced:0.#} seconds can be decoded.");

        var picture = renditions.LastOrDefault(rendition => rendition.Rendition is VideoRendition);
        if (picture is not null)
            renditions = [.. renditions, .. await new SubtitlePublisher(plan, workspace, publication).PublishAsync(picture.Segments, claim.Lost)];
        var frames = renditions.FirstOrDefault(rendition => rendition.Rendition is IFrameRendition);
        var (poster, storyboard) = await new StillPublisher(plan, workspace, publication).PublishAsync(frames, picture?.Seconds ?? 0, claim.Lost);
        claim.Update(status => status with
        {
            Duration = Math.Round(seconds, 3),
            Renditions = [.. renditions.Select(RenditionStatuses.Of)],
            Poster = poster,
            Storyboard = storyboard,
        });
        return renditions;
    }

    /// <summary>After the commit: removes what earlier attempts left, and tells that the video is ready. In this order, because nobody looks after a ready video any more.</summary>
    private async Task<IngestResult> CompleteAsync(VideoClaim claim, VideoId video, Publication publication)
    {
        await publication.RemoveOthersAsync(CancellationToken.None);
        await claim.StopAsync();
        claim.Update(Ready);
        if (!await claim.FlushAsync(CancellationToken.None) && await _patientStatuses.ReadAsync(video, CancellationToken.None) is null)
        {
            // Deleted between the last look and the commit.
            await publication.WithdrawAsync(CancellationToken.None);
            throw Conflict("This video was deleted.");
        }
        // Otherwise another worker has taken over; at its own commit it will find this one, and adopt it.
        return new(claim.Status, Existed: false);
    }

    /// <summary>Another attempt is the video: ours goes, and the status tells of that one.</summary>
    private async Task<IngestResult> AdoptAsync(VideoClaim claim, VideoStatus finished, bool existed)
    {
        var video = VideoId.Parse(finished.Id, provider: null);
        await new Publication(store, video, claim.Attempt).RemoveAsync(CancellationToken.None);
        await new Publication(store, video, finished.Attempt).RemoveOthersAsync(CancellationToken.None);
        await claim.StopAsync();
        claim.Update(_ => Ready(finished));
        await claim.FlushAsync(CancellationToken.None);
        return new(claim.Status, existed);
    }

    private static VideoStatus Ready(VideoStatus status) => status with
    {
        State = VideoState.Ready,
        Progress = 1,
        Speed = null,
        Remaining = null,
        Error = null,
        Playlist = ObjectKeys.Multivariant(VideoId.Parse(status.Id, provider: null)),
    };

    /// <summary>Removes what the attempt wrote and tells why. Returns what the caller is to be told.</summary>
    private async Task<Exception> AbandonAsync(VideoClaim claim, VideoId video, Publication publication, Exception cause, bool senderWaits, CancellationToken hungUp)
    {
        using var timeout = new CancellationTokenSource(s_longestCleanUp);
        var step = claim.Status.State;
        // What is a fault is logged with its reason where the request ends.
        logger.LogWarning("Ingest of {Video}, attempt {Attempt}, ended in step {Step}: {Failure}: {Message}", video, claim.Attempt, step, cause.GetType().Name, cause.Message);
        try
        {
            await publication.RemoveAsync(timeout.Token);
            await claim.StopAsync();
            if (claim.Lost.IsCancellationRequested)
                return Conflict("This video was cancelled, or taken over by another worker.");
            var early = step is VideoState.Receiving or VideoState.Probing;
            var gone = cause is OperationCanceledException && hungUp.IsCancellationRequested;
            if (early && (gone || (senderWaits && cause is IngestRefusedException)))
            {
                // Renewed before it is removed, so that nobody can have taken it over in between.
                if (await claim.FlushAsync(timeout.Token))
                    await _patientStatuses.DeleteAsync(video, timeout.Token);
                return cause;
            }
            var reason = cause is IngestRefusedException or UpstreamException ? cause.Message : "The ingest failed through a fault of the service.";
            claim.Update(status => status with { State = VideoState.Failed, Error = reason, Speed = null, Remaining = null, Renditions = [] });
            await claim.FlushAsync(timeout.Token);
        }
        catch (Exception e) when (e is UpstreamException or OperationCanceledException)
        {
            // The claim runs out by itself, and the next attempt removes what this one left.
            logger.LogError(e, "What attempt {Attempt} at {Video} wrote could not be removed", claim.Attempt, video);
        }
        return cause;
    }

    private static IngestRefusedException Conflict(string message) => new(StatusCodes.Status409Conflict, message);

    private sealed record SourcePlan(Container Container, TranscodePlan Plan);
}
