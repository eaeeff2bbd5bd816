using IngestVideo.Planning;
using IngestVideo.Publishing;

namespace IngestVideo;

/// <summary>The beginning of all renditions, which viewers can play while the rest is made: published once, and then added to.</summary>
internal sealed class GrowingStage(IngestAttempt attempt, TranscodePlan plan, IngestOptions options, TimeProvider clock)
{
    /// <summary>How often growing playlists are written: a segment lasts several times as long.</summary>
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    private const int LeastSegments = 2;

    private readonly List<(Task Publishing, Func<Task<IReadOnlyList<PublishedRendition>>> FindPlayable)> _parts = [];
    private readonly TaskCompletionSource<GrowingPlaylists> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly GrowingPlaylists _playlists = new(plan, attempt.Publication);
    private double _speed;

    /// <summary>Seconds of video that are encoded in a second.</summary>
    public double Speed
    {
        get => Volatile.Read(ref _speed);
        set => Volatile.Write(ref _speed, value);
    }

    /// <summary>Adds some of the renditions, before the stage runs.</summary>
    /// <param name="publishing">Ends when all of their segments are in the store.</param>
    /// <param name="findPlayable">Returns their beginnings; none while one of them has nothing.</param>
    public void Add(Task publishing, Func<Task<IReadOnlyList<PublishedRendition>>> findPlayable) => _parts.Add((publishing, findPlayable));

    /// <summary>Waits until nothing is added any more, and returns the playlists, which the caller completes.</summary>
    public Task<GrowingPlaylists> EndAsync(CancellationToken cancellationToken) => _ended.Task.WaitAsync(cancellationToken);

    /// <summary>Publishes what there is, and adds to it, until everything is in the store. If that fails, everything ends.</summary>
    public async Task RunAsync(CancellationTokenSource all)
    {
        try
        {
            var publishing = Task.WhenAll(_parts.Select(part => part.Publishing));
            var isPublished = false;
            while (!all.IsCancellationRequested && await Task.WhenAny(publishing, Task.Delay(s_interval, clock)) != publishing)
            {
                var found = await Task.WhenAll(_parts.Select(part => part.FindPlayable()));
                if (found.Any(renditions => renditions is []))
                    continue;
                // Pictures first.
                var playable = found.SelectMany(renditions => renditions).OrderBy(rendition => rendition.Rendition is not VideoRendition).ToList();
                if (!_playlists.HaveBegun && !MayBegin(playable))
                    continue;
                foreach (var rendition in playable)
                    await _playlists.WriteAsync(rendition.Rendition, rendition.Segments, isComplete: false, attempt.Lost);
                if (!isPublished)
                    isPublished = await attempt.PublishFirstStageAsync(playable, isGrowing: true);
            }
            _ended.TrySetResult(_playlists);
        }
        catch
        {
            await all.CancelAsync();
            throw;
        }
    }

    /// <summary>Whether playback that begins now would not catch up with the encoder; if it would, the status says when it will not.</summary>
    private bool MayBegin(IReadOnlyList<PublishedRendition> playable)
    {
        var whole = plan.End ?? plan.Source.Duration ?? options.MaxDuration;
        var available = TimeSpan.FromSeconds(playable.Min(rendition => rendition.Seconds));
        var wait = GrowingPlaylists.WaitFor(available, whole, Speed);
        if (wait <= TimeSpan.Zero && playable.All(rendition => rendition.Segments.Count >= LeastSegments))
            return true;
        attempt.Update(status => status with
        {
            PlayableIn = status.Playable is null && wait < options.MaxTranscodeTime ? Math.Round(wait.TotalSeconds) : null,
        });
        return false;
    }
}
