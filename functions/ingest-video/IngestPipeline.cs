using IngestVideo.Chunks;
using IngestVideo.Media;
using IngestVideo.Planning;
using IngestVideo.Probing;
using IngestVideo.Publishing;
using IngestVideo.Receiving;
using IngestVideo.Status;
using Reelseal;
using Reelseal.Telemetry;

namespace IngestVideo;

/// <summary>Makes a video of a source. <see cref="IngestAttempt"/> makes sure that an unfinished one leaves nothing behind.</summary>
/// <remarks>
/// <list type="number">
/// <item>Claim: begin an attempt, unless the video is ready or another worker has it.</item>
/// <item>Receive: write the source into the workspace. From its last byte on, the ingest no longer depends on the sender.</item>
/// <item>Sniff: tell the container by its first bytes.</item>
/// <item>Probe: ask ffprobe for the streams, and measure how long they are by their packets.</item>
/// <item>Plan: choose the renditions, and whether the source can be copied.</item>
/// <item>Transcode: run ffmpeg, upload segments while it writes them, and make the video playable as early as possible. If a copy fails, encode instead; if
/// the picture cannot be divided between replicas, do it here.</item>
/// <item>Publish: upload what needs the whole video, which is subtitles, poster, storyboard and files to keep.</item>
/// <item>Commit: write the final multivariant playlist.</item>
/// </list>
/// </remarks>
public sealed class IngestPipeline(
    IngestAttempts attempts, SourceExaminer examiner, PacketScanner packets, StagedTranscoder transcoder, DownloadPublisher downloads, IngestOptions options)
{
    /// <param name="video">Which video.</param>
    /// <param name="receive">Writes the source into the workspace.</param>
    /// <param name="onBegun">Gets the attempt before it does anything; not called when the video is ready already.</param>
    /// <param name="isSynchronous">The sender reads the answer, so a source that is not a video need not leave a status behind.</param>
    /// <param name="requestAborted">The sender is gone. It counts only until the last byte is here.</param>
    /// <exception cref="IngestRefusedException">The video is refused; 409 when it is being ingested, or was cancelled.</exception>
    /// <exception cref="UpstreamException">The store failed.</exception>
    /// <exception cref="OperationCanceledException">The sender hung up.</exception>
    public async Task<IngestResult> IngestAsync(
        VideoId video,
        Func<Workspace, CancellationToken, Task<ReceivedSource>> receive,
        Action<IngestAttempt> onBegun,
        bool isSynchronous,
        CancellationToken requestAborted)
    {
        // 1. Claim.
        var (begun, ready) = await attempts.BeginAsync(video, requestAborted);
        if (begun is null)
            return new(ready!, Existed: true);
        await using var attempt = begun;
        onBegun(attempt);
        try
        {
            if (await attempt.AdoptFinishedAsync() is { } finished)
                return finished;

            // 2. Receive.
            var received = await ReceiveAsync(attempt, receive, requestAborted);

            // 3. to 5. Sniff, probe, plan.
            var (container, plan) = await ExamineAsync(attempt, received);

            // 6. Transcode.
            (plan, var renditions) = await TranscodeAsync(attempt, plan, container);

            // 7. Publish.
            renditions = await PublishAsync(attempt, plan, renditions);

            // 8. Commit.
            return await attempt.CommitAsync(renditions, plan.ClockStart);
        }
        catch (Exception e) when (!attempt.IsCommitted)
        {
            throw await attempt.AbandonAsync(e, isSynchronous, requestAborted);
        }
    }

    private static async Task<ReceivedSource> ReceiveAsync(
        IngestAttempt attempt, Func<Workspace, CancellationToken, Task<ReceivedSource>> receive, CancellationToken requestAborted)
    {
        using var span = Signals.Activities.StartActivity("receive");
        using var receiving = CancellationTokenSource.CreateLinkedTokenSource(attempt.Lost, requestAborted);
        var received = await receive(attempt.Workspace, receiving.Token);
        received = received with { Title = received.Title ?? attempt.Status.Title };
        var size = new FileInfo(attempt.Workspace.Source).Length;
        attempt.Update(status => status.WithTitle(received.Title ?? received.FileTitle) with { State = VideoState.Probing, Size = size });
        return received;
    }

    private async Task<(Container Container, TranscodePlan Plan)> ExamineAsync(IngestAttempt attempt, ReceivedSource received)
    {
        using var span = Signals.Activities.StartActivity("probe");
        var source = attempt.Workspace.Source;

        // 3. and 4. Sniff, probe.
        var (container, announced, media, isWhole) = await examiner.ExamineAsync(source, attempt.Lost);

        // 5. Plan.
        var plan = TranscodePlan.For(media, options.Ladder, options.SegmentFormat);
        if (options.CopySource && plan.MayCopySource
            && await packets.ScanAsync(media.Video!, source, container, attempt.Lost) is var scan && plan.AcceptsCopy(scan, container))
            plan = plan.WithCopy(scan.LongestGap, await packets.FindConstantSoundsAsync(plan.CopyableSounds, source, container, attempt.Lost));
        var title = received.Title ?? ReceivedSource.CleanTitle(media.Title) ?? received.FileTitle;
        attempt.Update(status => status.WithTitle(title) with
        {
            State = VideoState.Transcoding,
            Duration = media.Duration?.TotalSeconds,
            Skipped = media.Skipped is [] ? null : media.Skipped,
        });
        await attempt.FlushAsync();
        // The index of a file may be whole where its content is not. MPEG streams announce nothing: their length is computed from times that may jump.
        if (!isWhole && container.Demuxer is not ("mpegts" or "mpeg")
            && announced.Duration is { } length && media.Duration < length - TranscodePlan.Allowance(length))
        {
            throw IngestRefusedException.Undecodable(
                $"The video is cut off: only {media.Duration.Value.ToText()} of its {length.ToText()} are in the file. Send it again, whole.");
        }
        return (container, plan);
    }

    private async Task<(TranscodePlan Plan, IReadOnlyList<PublishedRendition> Renditions)> TranscodeAsync(
        IngestAttempt attempt, TranscodePlan plan, Container container)
    {
        for (var mayDivide = true; ;)
        {
            try
            {
                return (plan, await transcoder.TranscodeAsync(attempt, plan, container, mayDivide));
            }
            catch (CopyFailedException e)
            {
                await attempt.StartOverAsync($"it cannot be copied: {e.Message}", isCopyWhole: false);
                plan = TranscodePlan.For(plan.Source, options.Ladder, options.SegmentFormat);
            }
            catch (Exception e) when (mayDivide && (e is ChunkMismatchException || (options.ChunkCalls > 0 && IsNoRoom(e))))
            {
                // Chunks need room on the disk for their packets; the whole does not.
                await attempt.StartOverAsync($"it cannot be encoded in chunks: {e.Message}", isCopyWhole: true);
                mayDivide = false;
            }
        }
    }

    private static bool IsNoRoom(Exception e) => e is IngestRefusedException { StatusCode: StatusCodes.Status507InsufficientStorage } || Workspace.IsFull(e);

    private async Task<IReadOnlyList<PublishedRendition>> PublishAsync(
        IngestAttempt attempt, TranscodePlan plan, IReadOnlyList<PublishedRendition> renditions)
    {
        using var span = Signals.Activities.StartActivity("publish");
        var picture = renditions.LastOrDefault(rendition => rendition.Rendition is VideoRendition);
        var seconds = picture?.Seconds ?? renditions.Max(rendition => rendition.Seconds);
        if (plan.Source.Duration is { } length && seconds < (length - TranscodePlan.Allowance(length)).TotalSeconds)
        {
            // Its last picture was repeated.
            var found = TimeSpan.FromSeconds(Math.Max(0, seconds - (plan.MaxRepeatedFrames ?? 0) / plan.FrameRate.PerSecond)).ToText();
            var what = picture is null ? "sound" : "picture";
            throw IngestRefusedException.Undecodable($"The video is damaged: only {found} of the {length.ToText()} of its {what} can be decoded.");
        }
        var damaged = DamagedSounds.Find(plan, attempt.Workspace);

        if (picture is not null)
            renditions = [.. renditions,
                .. await new SubtitlePublisher(plan, attempt.Workspace, attempt.Publication).PublishAsync(picture.Segments, attempt.Lost)];
        var frames = renditions.FirstOrDefault(rendition => rendition.Rendition is IFrameRendition);
        var (poster, storyboard) = await new StillPublisher(plan, attempt.Workspace, attempt.Publication)
            .PublishAsync(frames, picture?.Seconds ?? 0, attempt.Lost);
        string? chapters = null;
        if (plan.Source.Chapters is [_, ..] list)
        {
            await attempt.Publication.PutAsync(ChapterList.Name, ChapterList.Write(list, seconds), attempt.Lost);
            chapters = attempt.Publication.KeyOf(ChapterList.Name);
        }
        var files = await downloads.PublishAsync(plan, renditions, attempt.Workspace, attempt.Publication, attempt.Lost);
        attempt.Update(status => status with
        {
            Duration = Math.Round(seconds, 3),
            Skipped = damaged is [] ? status.Skipped : [.. status.Skipped ?? [], .. damaged],
            Renditions = [.. renditions.Select(RenditionStatuses.Of)],
            Poster = poster,
            Storyboard = storyboard,
            Chapters = chapters,
            Downloads = files is [] ? null : files,
        });
        return renditions;
    }
}
