using System.Net;
using Reelseal.Local;
using Reelseal.Testing;

namespace Reelseal.Reliability.Tests;

/// <summary>A worker that was frozen until another took over its video, and then resumes.</summary>
public sealed class ZombieTests(CephRgw s3, Systems systems)
{
    [Fact(Timeout = 600_000)]
    public Task A_worker_that_was_overtaken_harms_nothing_when_it_wakes() => systems.UseAsync(s3, faulty => WakeTheDeadAsync(faulty, 2));

    [Fact(Timeout = 3_600_000)]
    [Trait("Category", "Soak")]
    public Task A_worker_that_was_overtaken_harms_nothing_when_it_wakes_at_10_moments() => systems.UseAsync(s3, faulty => WakeTheDeadAsync(faulty, 10));

    private static async Task WakeTheDeadAsync(FaultySystem faulty, int count)
    {
        var random = Chance.Create();
        var (system, run) = (faulty.System, faulty.Run);
        var seen = new List<string>();
        var overtaken = 0;
        // An ingest that ends before its moment is not disturbed: the test tries another moment.
        foreach (var moment in run.Moments(random, count).Concat(run.Moments(random, 2 * count)))
        {
            if (overtaken == count)
                break;
            var video = VideoId.New();
            var old = system.Local.Functions[LocalSystem.IngestVideo];
            var ingest = run.StartAsync(video);
            await run.ReachAsync(video, moment, ingest);
            Signals.Freeze(old.Id);
            var state = (await system.Statuses.ReadAsync(video, CancellationToken.None))?.Status.State.ToString() ?? "nothing is known";
            await system.Local.StartFunctionAsync(LocalSystem.IngestVideo, TestContext.Current.CancellationToken);
            await system.InsistAsync(video, run.Clip); // refused until the heartbeats have been missing for long enough
            var finished = await system.Store.HeadAsync(ObjectKeys.Multivariant(video), CancellationToken.None);
            await system.AssertPlaysAsync(video, IngestRun.ClipDuration);

            Signals.Thaw(old.Id);
            var answer = await ingest;

            seen.Add($"{state} then {answer.Status}");
            // 201: it finished before it was stopped. 200: at the commit it found the other worker's video. 409: it noticed earlier.
            Assert.True(answer.Status is HttpStatusCode.Created or HttpStatusCode.OK or HttpStatusCode.Conflict, $"{state}: {answer}\n{old.Log}");
            if (answer.Status != HttpStatusCode.Created)
                overtaken++;
            await system.AssertIsCleanAsync();
            Assert.Equal(finished, await system.Store.HeadAsync(ObjectKeys.Multivariant(video), CancellationToken.None));
            await system.AssertPlaysAsync(video, IngestRun.ClipDuration);
            Assert.Equal(0, await old.StopAsync(TimeSpan.FromSeconds(60)));
        }
        Report.Counts("frozen while", seen);
        Assert.Equal(count, overtaken);
    }
}
