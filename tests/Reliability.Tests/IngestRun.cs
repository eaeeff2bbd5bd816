using System.Diagnostics;
using IngestVideo.Publishing;
using Reelseal.Storage;

namespace Reelseal.Reliability.Tests;

/// <summary>The ingests that a test disturbs: one clip, sent slowly, or fetched from the store.</summary>
internal sealed class IngestRun
{
    public static readonly TimeSpan ClipDuration = TimeSpan.FromSeconds(8);

    private readonly S3System _system;
    private readonly byte[] _clip;
    private readonly TimeSpan _sending = TimeSpan.FromSeconds(0.7);

    private IngestRun(S3System system, byte[] clip) => (_system, _clip) = (system, clip);

    /// <summary>How long an ingest takes that nobody disturbs.</summary>
    public TimeSpan Undisturbed { get; private set; }

    public byte[] Clip => _clip;

    public static async Task<IngestRun> PrepareAsync(S3System system)
    {
        var run = new IngestRun(system, await system.ClipAsync(ClipDuration));
        await system.InsistAsync(VideoId.New(), run._clip); // the first is slower than all others
        var clock = Stopwatch.StartNew();
        var video = VideoId.New();
        Assert.Equal(System.Net.HttpStatusCode.Created, (await run.StartAsync(video)).Status);
        run.Undisturbed = clock.Elapsed;
        Report.Line($"undisturbed ingest {run.Undisturbed.TotalSeconds:0.0} s");
        await system.AssertPlaysAsync(video, ClipDuration);
        await system.AssertIsCleanAsync();
        return run;
    }

    public Task<IngestAnswer> StartAsync(VideoId video) => _system.Ingest.PostAsync(video, new SlowStream(_clip, _sending));

    /// <summary>The same by reference, for which the source must lie in the store.</summary>
    public async Task<IngestAnswer> StartByReferenceAsync(VideoId video)
    {
        await _system.Store.PutAsync(ObjectKeys.Upload(video), new MemoryStream(_clip), WriteCondition.None, CancellationToken.None);
        return await _system.Ingest.PostAsync(video, content: null);
    }
}
