using IngestVideo.Chunks;
using IngestVideo.Media;
using IngestVideo.Planning;
using IngestVideo.Processes;
using IngestVideo.Publishing;
using IngestVideo.Status;
using IngestVideo.Transcoding;
using Reelseal.Telemetry;

namespace IngestVideo;

/// <summary>
/// Encodes a plan and publishes what comes of it, so that viewers can begin long before all is done: with the copy of a source that is fit for it, or else with
/// the beginning of all renditions, once playback would no longer catch up with the encoder. Other replicas encode parts of the picture where they may.
/// </summary>
public sealed class StagedTranscoder(
    Transcoder transcoder, ChunkLead lead, ChunkStore chunks, StillMaker stills, IngestOptions options, TimeProvider clock)
{
    private static readonly Task<IReadOnlyList<PublishedRendition>> s_nothing = Task.FromResult<IReadOnlyList<PublishedRendition>>([]);

    /// <param name="attempt">The attempt at the video.</param>
    /// <param name="plan">What to make.</param>
    /// <param name="container">What the source is.</param>
    /// <param name="mayDivide">Whether the picture may be encoded in chunks.</param>
    /// <returns>All renditions, as they were planned; those without content are missing.</returns>
    /// <exception cref="IngestRefusedException">The source cannot be decoded.</exception>
    /// <exception cref="CopyFailedException">The source cannot be copied after all.</exception>
    /// <exception cref="ChunkMismatchException">The picture cannot be encoded in chunks after all.</exception>
    public async Task<IReadOnlyList<PublishedRendition>> TranscodeAsync(IngestAttempt attempt, TranscodePlan plan, Container container, bool mayDivide)
    {
        using var span = Signals.Activities.StartActivity("transcode");
        using var all = CancellationTokenSource.CreateLinkedTokenSource(attempt.Lost);
        // What can be copied is playable at once: it waits for nothing that is only needed to encode.
        var copied = TranscodeStep.Of(plan)[0] is { IsQuick: true } copy
            ? RunAsync(attempt, copy, container, pictureSegments: Task.FromResult<int?>(null), copied: s_nothing, growth: null, all) : s_nothing;
        var made = await Task.WhenAll(copied, RunOthersAsync(attempt, plan, container, mayDivide, copied, all));

        attempt.Update(status => status with
        {
            State = VideoState.Publishing,
            Speed = null,
            Remaining = null,
            PlayableIn = null,
            Progress = Math.Max(status.Progress, IngestProgress.Transcoded),
        });
        await stills.MakeAsync(plan, attempt.Workspace, attempt.Lost);
        return
        [
            .. plan.Renditions.Join(
                made.SelectMany(renditions => renditions), planned => planned.Name, published => published.Rendition.Name, (_, published) => published),
        ];
    }

    /// <summary>Makes everything but the copy, with the picture in chunks where that is possible.</summary>
    private async Task<IReadOnlyList<PublishedRendition>> RunOthersAsync(
        IngestAttempt attempt, TranscodePlan plan, Container container, bool mayDivide, Task<IReadOnlyList<PublishedRendition>> copied,
        CancellationTokenSource all)
    {
        var work = mayDivide ? await PlanChunksAsync(attempt, plan, container, all) : null;
        var growth = plan.CopiesSource ? null : new GrowingStage(attempt, plan, options, clock);
        var parts = (work is null ? TranscodeStep.Of(plan) : TranscodeStep.BesideChunks(plan)).Where(step => !step.IsQuick)
            .Select(step => RunAsync(attempt, step, container, CountPictureSegmentsAsync(step, copied, work), copied, growth, all)).ToList();
        if (work is not null)
            parts.Add(RunAsync(attempt, work, copied, growth, all));
        var growing = growth?.RunAsync(all) ?? Task.CompletedTask;
        await Task.WhenAll([.. parts, growing]);
        return [.. (await Task.WhenAll(parts)).SelectMany(renditions => renditions)];
    }

    /// <summary>Plans chunks; null where the picture is encoded as a whole. If it fails, all parts end.</summary>
    private async Task<ChunkWork?> PlanChunksAsync(IngestAttempt attempt, TranscodePlan plan, Container container, CancellationTokenSource all)
    {
        try
        {
            return await lead.PlanAsync(attempt.Video, plan, container, attempt.Workspace, all.Token);
        }
        catch
        {
            await all.CancelAsync();
            throw;
        }
    }

    /// <summary>How many segments the pictures have that a step does not make; null when it makes all.</summary>
    private static async Task<int?> CountPictureSegmentsAsync(TranscodeStep step, Task<IReadOnlyList<PublishedRendition>> copied, ChunkWork? work) =>
        step.Plan.CopiesSource ? (await copied).First(rendition => rendition.Rendition is VideoRendition).Segments.Count
        : work?.Chunks.Segments;

    /// <summary>Runs ffmpeg for a step, and publishes what it makes. If it fails, all parts end.</summary>
    private async Task<IReadOnlyList<PublishedRendition>> RunAsync(
        IngestAttempt attempt, TranscodeStep step, Container container, Task<int?> pictureSegments, Task<IReadOnlyList<PublishedRendition>> copied,
        GrowingStage? growth, CancellationTokenSource all)
    {
        ChildProcess? ffmpeg = null; // until it runs
        var publisher = new SegmentPublisher(step, attempt.Workspace, attempt.Publication, options.MaxUnpublishedBytes, paused => ffmpeg?.SetPaused(paused));
        var progress = new IngestProgress(step.Plan.Source.Duration);
        var transcoding = transcoder.TranscodeAsync(
            step, container, attempt.Workspace.Source, attempt.Workspace.Output, OnProgress, process => ffmpeg = process, all.Token);
        var publishing = publisher.PublishAsync(transcoding, pictureSegments, all.Token);
        if (step.Segmented.Any())
            growth?.Add(publishing, () => publisher.FindPlayableAsync(options.Ladder, all.Token));
        try
        {
            await publishing;
            var playlists = growth is null ? new(step.Plan, attempt.Publication) : await growth.EndAsync(all.Token);
            var renditions = await publisher.FinishAsync(await copied, playlists, all.Token);
            if (step.IsQuick)
                await attempt.PublishFirstStageAsync(renditions, isGrowing: false);
            return renditions;
        }
        catch
        {
            await all.CancelAsync();
            // Nothing writes into the workspace or the store after this.
            await transcoding.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await publishing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        void OnProgress(TranscodeProgress now)
        {
            // A copy is quick, and sound is encoded long before the picture.
            if (step.IsQuick || (step.Plan.Video is not [] && !step.Video.Any()))
                return;
            growth?.Speed = now.Done / now.Ran;
            attempt.Update(status => progress.Apply(status, now.Done, now.Ran));
        }
    }

    /// <summary>Encodes the picture in chunks, here and elsewhere, and publishes it. If it fails, all parts end.</summary>
    private async Task<IReadOnlyList<PublishedRendition>> RunAsync(
        IngestAttempt attempt, ChunkWork work, Task<IReadOnlyList<PublishedRendition>> copied, GrowingStage? growth, CancellationTokenSource all)
    {
        var publisher = new ChunkPublisher(work, chunks, attempt.Publication);
        var progress = new IngestProgress(work.Plan.Source.Duration);
        var encoding = lead.RunAsync(work, publisher, OnProgress, all.Token);
        growth?.Add(encoding, () => Task.FromResult(publisher.FindPlayable(options.Ladder)));
        try
        {
            await encoding;
            var playlists = growth is null ? new(work.Plan, attempt.Publication) : await growth.EndAsync(all.Token);
            return await publisher.FinishAsync(await copied, playlists, all.Token);
        }
        catch
        {
            await all.CancelAsync();
            await encoding.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        void OnProgress(ChunkProgress now)
        {
            // Chunks are done in no order: what counts is how fast the beginning grows, without what was there before.
            growth?.Speed = Math.Min((now.Done - now.Before) / now.Ran, publisher.Playable / now.Ran);
            attempt.Update(status => progress.Apply(status, now.Done, now.Ran, now.Before, now.UnderWay));
        }
    }
}
