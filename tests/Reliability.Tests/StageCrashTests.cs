using System.Collections.Concurrent;
using System.Net;
using System.Runtime.Versioning;
using Reelseal.Local;
using Reelseal.Playlists;
using Reelseal.Storage;
using Reelseal.Testing;

namespace Reelseal.Reliability.Tests;

/// <summary>Killed at each stage, ingest leaves nothing, a whole first stage or the whole video, never a mixture, and a retry completes it.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class StageCrashTests(CephRgw s3, Systems systems)
{
    [Fact(Timeout = 600_000)]
    public Task A_worker_that_dies_leaves_viewers_their_first_stage_until_a_retry_completes_it() => systems.UseAsync(s3, async faulty =>
    {
        var clips = await StageClips.CreateAsync();
        await KillAsync(faulty, clips, programs: null, [StageMoment.Growing, StageMoment.BeforeFinal]);
    });

    [Theory(Timeout = 3_600_000)]
    [Trait("Category", "Soak")]
    [InlineData("ts")]
    [InlineData("fmp4")]
    public async Task A_worker_that_dies_21_times_in_all_stages_leaves_nothing_or_a_stage_that_is_whole(string format)
    {
        using var programs = new HeldPrograms();
        programs.Release();
        await using var faulty = await FaultySystem.StartAsync(s3, ("PATH", programs.SearchPath), ("SEGMENT_FORMAT", format));
        var clips = await StageClips.CreateAsync();
        StageMoment[][] kills =
        [
            [StageMoment.Receiving], [Probing], [StageMoment.Copying], [StageMoment.BeforeCopyIsNamed], [StageMoment.AfterCopy], [StageMoment.Encoding],
            [StageMoment.BeforeGrowthIsNamed], [StageMoment.Growing], [StageMoment.EndingGrowth], [StageMoment.PublishingGrown], [StageMoment.BeforeManifest],
            [StageMoment.BeforeFinalGrown], [StageMoment.AfterFinalGrown], [StageMoment.AfterFinal], [StageMoment.CleaningUp],
        ];
        foreach (var kill in kills)
            await KillAsync(faulty, clips, programs, kill);
        // And again during the retry, which finds a first stage.
        await KillTwiceAsync(faulty, clips, StageMoment.AfterCopy, StageMoment.BeforeFinal);
        await KillTwiceAsync(faulty, clips, StageMoment.Growing, StageMoment.PublishingGrown);
        await KillTwiceAsync(faulty, clips, StageMoment.Encoding, StageMoment.Growing);
    }

    [Fact(Timeout = 3_600_000)]
    [Trait("Category", "Soak")]
    public Task A_store_that_dies_in_7_stages_leaves_nothing_or_a_stage_that_is_whole() => systems.UseAsync(s3, async faulty =>
    {
        var clips = await StageClips.CreateAsync();
        StageMoment[] moments =
        [
            StageMoment.Copying, StageMoment.BeforeCopyIsNamed, StageMoment.AfterCopy, StageMoment.BeforeGrowthIsNamed, StageMoment.Growing,
            StageMoment.BeforeFinal, StageMoment.AfterFinalGrown,
        ];
        foreach (var moment in moments)
            await KillStoreAsync(faulty, clips, moment);
    });

    [Fact(Timeout = 600_000)]
    public Task No_playlist_ever_lists_a_segment_that_is_not_in_the_store() => systems.UseAsync(s3, async faulty =>
    {
        var (system, clips) = (faulty.System, await StageClips.CreateAsync());
        var random = Chance.Create();
        // Later segments often arrive before earlier ones.
        faulty.Proxy.Choose = request => request.Method == "PUT" && request.Target.EndsWith(".ts", StringComparison.Ordinal)
            ? new() { Latency = TimeSpan.FromMilliseconds(Random(random, 800)) } : null;
        try
        {
            VideoId[] videos = [VideoId.New(), VideoId.New()];
            var ingests = Task.WhenAll(
                system.Ingest.PostAsync(videos[0], new MemoryStream(clips.Encoded)), system.Ingest.PostAsync(videos[1], new MemoryStream(clips.Copied)));
            var (there, growing) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
            bool isOver;
            do
            {
                isOver = ingests.IsCompleted;
                foreach (var video in videos)
                {
                    await foreach (var entry in system.Store.ListAsync(ObjectKeys.Video(video), CancellationToken.None))
                    {
                        if (!entry.Key.EndsWith("/playlist.m3u8", StringComparison.Ordinal) || await system.ReadAsync(entry.Key) is not { } text)
                            continue;
                        var playlist = MediaPlaylist.Read(text);
                        foreach (var key in playlist.Uris.Select(uri => entry.Key[..(entry.Key.LastIndexOf('/') + 1)] + uri).Where(key => !there.Contains(key)))
                        {
                            Assert.True(await system.Store.HeadAsync(key, CancellationToken.None) is not null, $"{entry.Key} lists {key}.");
                            there.Add(key);
                        }
                        if (!playlist.EndList)
                            growing.Add($"{entry.Key} {playlist.Segments.Count}");
                    }
                }
            }
            while (!isOver);
            Assert.All(await ingests, answer => Assert.Equal(HttpStatusCode.Created, answer.Status));
            Report.Line($"{there.Count} segments, {growing.Count} growing playlists were seen");
            Assert.NotEmpty(growing);
        }
        finally
        {
            faulty.Proxy.Choose = _ => null;
        }
        await system.AssertIsCleanAsync();
    });

    /// <summary>It is not by S3 that it is held.</summary>
    private static StageMoment Probing { get; } = new("probing", StageSource.Copied, null, _ => _ => false);

    /// <summary>Kills one worker that has several videos, each at its moment, and lets their senders try again until they are complete.</summary>
    private static async Task KillAsync(FaultySystem faulty, StageClips clips, HeldPrograms? programs, IReadOnlyList<StageMoment> moments)
    {
        var system = faulty.System;
        var runs = moments.Select(moment => new Run(faulty, clips, moment, VideoId.New())).ToList();
        var holds = new ConcurrentQueue<Hold>();
        faulty.Proxy.Choose = request => holds.Select(hold => hold.Choose(request)).FirstOrDefault(fault => fault is not null);
        if (moments.Contains(Probing))
            programs!.Hold();
        foreach (var run in runs)
            await run.PrepareAsync();
        var reached = runs.ConvertAll(run => run.HoldAsync(holds));
        var sent = runs.ConvertAll(run => run.InsistAsync());
        await (moments.Contains(Probing) ? programs!.NextAsync(sent[0]) : Task.WhenAll(reached));
        foreach (var run in runs)
            await run.AssertLeavesAsync(); // once it is there
        await KillAsync(faulty);
        programs?.Release();
        foreach (var run in runs)
        {
            await run.AssertLeavesAsync();
            Report.Line($"killed {run.Moment.Name}: {run.Moment.Leaves?.ToString() ?? "nothing"} is left");
        }
        await CompleteAsync(faulty, runs, sent);
    }

    /// <summary>Kills a worker, and the one that takes over.</summary>
    private static async Task KillTwiceAsync(FaultySystem faulty, StageClips clips, StageMoment first, StageMoment second)
    {
        var system = faulty.System;
        var run = new Run(faulty, clips, first, VideoId.New());
        var holds = new ConcurrentQueue<Hold>();
        faulty.Proxy.Choose = request => holds.Select(hold => hold.Choose(request)).FirstOrDefault(fault => fault is not null);
        var reached = run.HoldAsync(holds);
        var sent = run.InsistAsync();
        await reached;
        await run.AssertLeavesAsync();
        await KillAsync(faulty);
        await run.AssertLeavesAsync();
        holds.Clear();
        var held = new Hold(second.Holds(run.Video));
        holds.Enqueue(held);
        await system.Local.StartFunctionAsync(LocalSystem.IngestVideo, TestContext.Current.CancellationToken);
        await held.Reached;
        // Of what the dead worker left, nothing is taken away.
        var left = first.Leaves ?? (second == StageMoment.Growing ? PublicationStage.Playable : null);
        await S3System.WaitUntilAsync(async () => await system.StageAsync(run.Video) == left, $"{second}");
        await KillAsync(faulty);
        Assert.Equal(left, await system.StageAsync(run.Video));
        Report.Line($"killed {first}, and {second} during the retry: {left?.ToString() ?? "nothing"} is left");
        await CompleteAsync(faulty, [run], [sent]);
    }

    private async Task KillStoreAsync(FaultySystem faulty, StageClips clips, StageMoment moment)
    {
        var system = faulty.System;
        var run = new Run(faulty, clips, moment, VideoId.New());
        var holds = new ConcurrentQueue<Hold>();
        faulty.Proxy.Choose = request => holds.Select(hold => hold.Choose(request)).FirstOrDefault(fault => fault is not null);
        var reached = run.HoldAsync(holds);
        var ingest = run.SendAsync();
        await reached;
        await run.AssertLeavesAsync();
        await s3.KillAsync();
        faulty.Proxy.Choose = _ => null;
        foreach (var hold in holds)
            hold.Release();
        await Task.Delay(TimeSpan.FromSeconds(3)); // long enough for several refused requests
        await s3.RestartAsync();
        var answer = await ingest;
        await system.AssertNothingIsHalfPublishedAsync();
        var stage = await system.StageAsync(run.Video);
        Report.Line($"S3 killed {moment.Name}: {answer.Status}, {stage?.ToString() ?? "nothing"} is left");
        Assert.Equal(answer.Status is HttpStatusCode.Created or HttpStatusCode.OK, stage == PublicationStage.Final);
        await CompleteAsync(faulty, [run], [run.InsistAsync()], isRunning: true);
    }

    private static async Task KillAsync(FaultySystem faulty)
    {
        var system = faulty.System;
        await system.KillAsync(LocalSystem.IngestVideo);
        await S3System.WaitUntilAsync(() => Task.FromResult(!system.Programs().Any()), "ffmpeg outlives the function");
        await system.AssertNothingIsHalfPublishedAsync();
    }

    private static async Task CompleteAsync(FaultySystem faulty, IReadOnlyList<Run> runs, IReadOnlyList<Task> sent, bool isRunning = false)
    {
        var system = faulty.System;
        faulty.Proxy.Choose = _ => null; // what is still held never arrives
        if (!isRunning)
            await system.Local.StartFunctionAsync(LocalSystem.IngestVideo, TestContext.Current.CancellationToken);
        await Task.WhenAll(sent);
        foreach (var run in runs)
        {
            Assert.Equal(PublicationStage.Final, await system.StageAsync(run.Video));
            await system.AssertPlaysAsync(run.Video, run.Duration);
        }
        await system.AssertIsCleanAsync();
    }

    private static int Random(Random random, int below)
    {
        lock (random)
            return random.Next(below);
    }

    /// <summary>The ingest of one video, held at a moment.</summary>
    private sealed class Run(FaultySystem faulty, StageClips clips, StageMoment moment, VideoId video)
    {
        private readonly S3System _system = faulty.System;

        public StageMoment Moment => moment;

        public VideoId Video => video;

        public TimeSpan Duration => moment.Source == StageSource.Encoded ? StageClips.EncodedDuration : StageClips.CopiedDuration;

        private byte[]? Content => moment.Source switch { StageSource.Encoded => clips.Encoded, StageSource.Uploaded => null, _ => clips.Copied };

        public Task PrepareAsync() => moment.Source != StageSource.Uploaded ? Task.CompletedTask
            : _system.Store.PutAsync(ObjectKeys.Upload(video), new MemoryStream(clips.Copied), WriteCondition.None, CancellationToken.None);

        public Task InsistAsync() => _system.InsistAsync(video, Content);

        public Task<IngestAnswer> SendAsync() => _system.Ingest.PostAsync(video, Content is { } content ? new MemoryStream(content) : null);

        /// <summary>Holds the ingest at its moment, and before that until viewers can press play, where they can.</summary>
        /// <returns>Completes when it is held.</returns>
        public async Task HoldAsync(ConcurrentQueue<Hold> holds)
        {
            var held = new Hold(moment.Holds(video));
            holds.Enqueue(held);
            if (moment.Source == StageSource.Encoded && moment.Leaves is not null && moment != StageMoment.Growing)
            {
                var gate = new Hold(StageMoment.Put(video, StageMoment.GrowthGate));
                holds.Enqueue(gate);
                await S3System.WaitUntilAsync(IsPlayableAsync, "it does not become playable");
                gate.Release();
            }
            await held.Reached;
        }

        /// <summary>Waits until viewers have what the stage offers, and the status says so, unless what it needs is held.</summary>
        public Task AssertLeavesAsync() => S3System.WaitUntilAsync(
            async () => await _system.StageAsync(video) == moment.Leaves && (moment.Leaves is not PublicationStage.Playable || await IsPlayableAsync()),
            $"{moment.Name}: not {moment.Leaves?.ToString() ?? "nothing"}");

        private async Task<bool> IsPlayableAsync() => (await _system.Statuses.ReadAsync(video, CancellationToken.None))?.Status.Playable == true;
    }
}
