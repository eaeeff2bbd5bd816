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
/// the beginning of all renditions, once playback would no longer catch up with the encoder.
/// </summary>
public sealed class StagedTranscoder(Transcoder transcoder, StillMaker stills, IngestOptions options, TimeProvider clock)
{
    /// <summary>How often growing playlists are written: a segment lasts several times as long.</summary>
    private static readonly TimeSpan s_growthInterval = TimeSpan.FromSeconds(1);

    private const int LeastSegments = 2;

    /// <returns>All renditions, as they were planned; those without content are missing.</returns>
    /// <exception cref="IngestRefusedException">The source cannot be decoded.</exception>
    /// <exception cref="CopyFailedException">The source cannot be copied after all.</exception>
    public async Task<IReadOnlyList<PublishedRendition>> TranscodeAsync(IngestAttempt attempt, TranscodePlan plan, Container container)
    {
        using var span = Signals.Activities.StartActivity("transcode");
        using var all = CancellationTokenSource.CreateLinkedTokenSource(attempt.Lost);
        var steps = new List<Task<IReadOnlyList<PublishedRendition>>>();
        var earlier = Task.FromResult<IReadOnlyList<PublishedRendition>>([]);
        foreach (var step in TranscodeStep.Of(plan))
            steps.Add(earlier = RunAsync(attempt, step, container, earlier, all));
        var made = (await Task.WhenAll(steps)).SelectMany(renditions => renditions);

        attempt.Update(status => status with
        {
            State = VideoState.Publishing,
            Speed = null,
            Remaining = null,
            PlayableIn = null,
            Progress = Math.Max(status.Progress, IngestProgress.Transcoded),
        });
        await stills.MakeAsync(plan, attempt.Workspace, attempt.Lost);
        return [.. plan.Renditions.Join(made, planned => planned.Name, published => published.Rendition.Name, (_, published) => published)];
    }

    /// <summary>Runs ffmpeg for a step, and publishes what it makes. If it fails, all steps end.</summary>
    private async Task<IReadOnlyList<PublishedRendition>> RunAsync(
        IngestAttempt attempt, TranscodeStep step, Container container, Task<IReadOnlyList<PublishedRendition>> earlier, CancellationTokenSource all)
    {
        ChildProcess? ffmpeg = null; // until it runs
        var speed = 0.0;
        var publisher = new SegmentPublisher(step, attempt.Workspace, attempt.Publication, options.MaxUnpublishedBytes, paused => ffmpeg?.SetPaused(paused));
        var growing = new GrowingPlaylists(step.Plan, attempt.Publication);
        var progress = new IngestProgress(step.Plan.Source.Duration);
        var transcoding = transcoder.TranscodeAsync(
            step, container, attempt.Workspace.Source, attempt.Workspace.Output, OnProgress, process => ffmpeg = process, all.Token);
        var publishing = publisher.PublishAsync(transcoding, earlier, all.Token);
        try
        {
            if (!step.Plan.CopiesSource)
                await GrowAsync(attempt, step.Plan, publisher, growing, () => Volatile.Read(ref speed), publishing);
            await publishing;
            var renditions = await publisher.FinishAsync(await earlier, growing, all.Token);
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
            Volatile.Write(ref speed, now.Done / now.Ran);
            if (!step.IsQuick)
                attempt.Update(status => progress.Apply(status, now.Done, now.Ran));
        }
    }

    /// <summary>Publishes the beginning of all renditions, and adds to it, until everything is uploaded.</summary>
    private async Task GrowAsync(
        IngestAttempt attempt, TranscodePlan plan, SegmentPublisher publisher, GrowingPlaylists growing, Func<double> speed, Task publishing)
    {
        var whole = plan.End ?? plan.Source.Duration ?? options.MaxDuration;
        var isPublished = false;
        while (await Task.WhenAny(publishing, Task.Delay(s_growthInterval, clock)) != publishing)
        {
            var renditions = await publisher.FindPlayableAsync(options.Ladder, attempt.Lost);
            if (renditions is [])
                continue;
            if (!growing.HaveBegun)
            {
                var available = TimeSpan.FromSeconds(renditions.Min(rendition => rendition.Seconds));
                var wait = GrowingPlaylists.WaitFor(available, whole, speed());
                if (wait > TimeSpan.Zero || renditions.Any(rendition => rendition.Segments.Count < LeastSegments))
                {
                    attempt.Update(status => status with
                    {
                        PlayableIn = status.Playable is null && wait < options.MaxTranscodeTime ? Math.Round(wait.TotalSeconds) : null,
                    });
                    continue;
                }
            }
            foreach (var rendition in renditions)
                await growing.WriteAsync(rendition.Rendition, rendition.Segments, isComplete: false, attempt.Lost);
            if (!isPublished)
                isPublished = await attempt.PublishFirstStageAsync(renditions, isGrowing: true);
        }
    }
}
