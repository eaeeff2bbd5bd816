using System.Net;
using IngestVideo.Status;
using Reelseal.Storage;

namespace Reelseal.Reliability.Tests;

/// <summary>A moment of an ingest: a delay after its status first reported a state, or a later one.</summary>
internal readonly record struct Moment(VideoState State, TimeSpan After);

/// <summary>The ingests that a test disturbs: one clip, sent slowly, or fetched from the store.</summary>
internal sealed class IngestRun
{
    public static readonly TimeSpan ClipDuration = TimeSpan.FromSeconds(8);

    private readonly S3System _system;
    private readonly byte[] _clip;
    private static readonly TimeSpan s_sending = TimeSpan.FromSeconds(0.7);
    private static readonly VideoState[] s_states = [VideoState.Receiving, VideoState.Probing, VideoState.Transcoding, VideoState.Publishing];

    /// <summary>When an undisturbed ingest reported each state, and when it was ready.</summary>
    private readonly Dictionary<VideoState, TimeSpan> _reached = [];

    private IngestRun(S3System system, byte[] clip) => (_system, _clip) = (system, clip);

    public byte[] Clip => _clip;

    public static async Task<IngestRun> PrepareAsync(S3System system)
    {
        var run = new IngestRun(system, await system.ClipAsync(ClipDuration));
        await system.InsistAsync(VideoId.New(), run._clip); // the first is slower than all others
        var start = TimeProvider.System.GetTimestamp();
        var video = VideoId.New();
        var ingest = run.StartAsync(video);
        foreach (var state in (VideoState[])[.. s_states, VideoState.Ready])
        {
            await run.ReachAsync(video, new(state, TimeSpan.Zero), ingest);
            run._reached[state] = TimeProvider.System.GetElapsedTime(start);
        }
        Assert.Equal(HttpStatusCode.Created, (await ingest).Status);
        Report.Line($"undisturbed ingest: {string.Join(", ", run._reached.Select(one => $"{one.Key} at {one.Value.TotalSeconds:0.0} s"))}");
        await system.AssertPlaysAsync(video, ClipDuration);
        await system.AssertIsCleanAsync();
        return run;
    }

    /// <summary>Random moments, evenly spread over the states, in any order.</summary>
    public IReadOnlyList<Moment> Moments(Random random, int count)
    {
        var first = random.Next(s_states.Length);
        Moment[] moments =
        [
            .. Enumerable.Range(first, count).Select(index => s_states[index % s_states.Length])
                .Select(state => new Moment(state, (_reached[state + 1] - _reached[state]) * random.NextDouble())),
        ];
        random.Shuffle(moments);
        return moments;
    }

    /// <summary>Waits for a moment of an ingest, or for its end.</summary>
    public async Task ReachAsync(VideoId video, Moment moment, Task ingest)
    {
        while (!ingest.IsCompleted && !((await _system.Statuses.ReadAsync(video, CancellationToken.None))?.Status.State >= moment.State))
            await Task.Delay(5);
        await Task.WhenAny(ingest, Task.Delay(moment.After));
    }

    public Task<IngestAnswer> StartAsync(VideoId video) => _system.Ingest.PostAsync(video, new SlowStream(_clip, s_sending));

    /// <summary>The same by reference, for which the source must lie in the store.</summary>
    public async Task<IngestAnswer> StartByReferenceAsync(VideoId video)
    {
        await _system.Store.PutAsync(ObjectKeys.Upload(video), new MemoryStream(_clip), WriteCondition.None, CancellationToken.None);
        return await _system.Ingest.PostAsync(video, content: null);
    }
}
