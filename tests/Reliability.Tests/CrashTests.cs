using System.Net;
using IngestVideo.Status;
using Reelseal.Local;
using Reelseal.Testing;

namespace Reelseal.Reliability.Tests;

/// <summary>Killed at any moment, ingest leaves a whole video or none, and a retry succeeds.</summary>
public sealed class CrashTests(CephRgw s3, Systems systems)
{
    [Fact(Timeout = 600_000)]
    public Task A_retry_repairs_a_killed_ingest() => systems.UseAsync(s3, faulty => KillIngestAsync(faulty, 2));

    [Fact(Timeout = 3_600_000)]
    [Trait("Category", "Soak")]
    public Task A_retry_repairs_a_killed_ingest_at_20_moments() => systems.UseAsync(s3, faulty => KillIngestAsync(faulty, 20));

    [Fact(Timeout = 600_000)]
    public Task An_ingest_outlives_the_S3_server_or_ends_as_failed() => systems.UseAsync(s3, faulty => KillS3Async(faulty, 1));

    [Fact(Timeout = 3_600_000)]
    [Trait("Category", "Soak")]
    public Task An_ingest_outlives_the_S3_server_or_ends_as_failed_at_6_moments() => systems.UseAsync(s3, faulty => KillS3Async(faulty, 6));

    private static async Task KillIngestAsync(FaultySystem faulty, int count)
    {
        var random = Chance.Create();
        var (system, run) = (faulty.System, faulty.Run);
        var seen = new List<string>();
        var disturbed = 0;
        // An ingest that ends before its moment is not disturbed: the test tries another moment.
        foreach (var (index, moment) in run.Moments(random, count).Concat(run.Moments(random, 2 * count)).Index())
        {
            if (disturbed == count)
                break;
            var video = VideoId.New();
            var byReference = index % 4 == 3;
            // Some are killed again during the retry.
            for (var attempt = 0; attempt == 0 || random.Next(3) == 0; attempt++)
            {
                var first = byReference ? run.StartByReferenceAsync(video) : run.StartAsync(video);
                await run.ReachAsync(video, attempt == 0 ? moment : run.Moments(random, 1)[0], first);
                await system.KillAsync(LocalSystem.IngestVideo);
                seen.Add(await StateAsync(system, video));
                await first;
                if (attempt == 0 && seen[^1] != nameof(VideoState.Ready))
                    disturbed++;
                await S3System.WaitUntilAsync(() => Task.FromResult(!system.Programs().Any()), "ffmpeg outlives the function");
                await system.AssertNothingIsHalfPublishedAsync();
                await system.Local.StartFunctionAsync(LocalSystem.IngestVideo, TestContext.Current.CancellationToken);
                Assert.Empty(Directory.EnumerateFileSystemEntries(system.WorkDirectory));
            }
            await system.InsistAsync(video, byReference ? null : run.Clip);
            await system.AssertPlaysAsync(video, IngestRun.ClipDuration);
            await system.AssertIsCleanAsync();
        }
        Report.Counts("killed while", seen);
        Assert.Equal(count, disturbed);
    }

    private async Task KillS3Async(FaultySystem faulty, int count)
    {
        var random = Chance.Create();
        var (system, run) = (faulty.System, faulty.Run);
        var seen = new List<string>();
        foreach (var moment in run.Moments(random, count))
        {
            var video = VideoId.New();
            var ingest = run.StartAsync(video);
            await run.ReachAsync(video, moment, ingest);
            var state = await StateAsync(system, video);
            await s3.KillAsync();
            await Task.Delay(TimeSpan.FromSeconds(5));
            await s3.RestartAsync();
            var answer = await ingest;
            seen.Add($"{state} then {answer.Status}");
            await system.AssertNothingIsHalfPublishedAsync();
            if (answer.Status != HttpStatusCode.Created)
            {
                Assert.True(answer.Status is HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout, $"{answer}");
                // Without a claim there is no status.
                var status = (await system.Statuses.ReadAsync(video, CancellationToken.None))?.Status;
                Assert.True(status is null or { State: VideoState.Failed }, $"{status}");
            }
            await system.InsistAsync(video, run.Clip);
            await system.AssertPlaysAsync(video, IngestRun.ClipDuration);
            await system.AssertIsCleanAsync();
        }
        Report.Counts("S3 killed while", seen);
    }

    private static async Task<string> StateAsync(S3System system, VideoId video) =>
        (await system.Statuses.ReadAsync(video, CancellationToken.None))?.Status.State.ToString() ?? "nothing is known";
}
