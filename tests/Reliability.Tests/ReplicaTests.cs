using System.Net;
using Reelseal.Testing;

namespace Reelseal.Reliability.Tests;

/// <summary>Several processes at one video on a real S3, behind a gateway that picks one at random: killed at any moment, none of them is needed.</summary>
public sealed class ReplicaTests(CephRgw s3)
{
    private const int Limit = 600_000;
    private static readonly TimeSpan s_length = TimeSpan.FromSeconds(60); // several chunks

    [Fact(Timeout = Limit)]
    public async Task Three_processes_make_one_video()
    {
        await using var system = await StartAsync();
        var video = VideoId.New();

        var answer = await system.Ingest.PostAsync(video, new MemoryStream(await system.ClipAsync(s_length)));

        Assert.True(answer.Status == HttpStatusCode.Created, answer.Body);
        await system.AssertPlaysAsync(video, s_length);
        await system.AssertIsCleanAsync();
        Assert.Contains(system.Local.Replicas, HasHelped);
    }

    [Fact(Timeout = Limit)]
    public Task A_process_that_is_killed_costs_no_video() => KillAsync(rounds: 2);

    [Fact(Timeout = Limit)]
    [Trait("Category", "Soak")]
    public Task Processes_that_are_killed_again_and_again_cost_no_video() => KillAsync(rounds: 10);

    [Fact(Timeout = Limit)]
    public async Task Of_three_requests_for_one_video_one_makes_it()
    {
        await using var system = await StartAsync();
        var (video, clip) = (VideoId.New(), await system.ClipAsync(s_length));

        var answers = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => system.Ingest.PostAsync(video, new MemoryStream(clip))));

        Assert.Single(answers, answer => answer.Status == HttpStatusCode.Created);
        // 429: all may come to the same process.
        Assert.All(answers, answer => Assert.True(
            answer.Status is HttpStatusCode.Created or HttpStatusCode.Conflict or HttpStatusCode.OK or HttpStatusCode.TooManyRequests, answer.Body));
        await system.AssertPlaysAsync(video, s_length);
        await system.AssertIsCleanAsync();
    }

    private async Task KillAsync(int rounds)
    {
        var random = Chance.Create();
        var seen = new List<string>();
        await using var system = await StartAsync();
        var clip = await system.ClipAsync(s_length);
        for (var round = 0; round < rounds; round++)
        {
            var video = VideoId.New();
            var ingest = system.Ingest.PostAsync(video, new MemoryStream(clip));
            await S3System.WaitUntilAsync(() => Task.FromResult(ingest.IsCompleted || system.Programs().Skip(1).Any()), "nothing happens");
            await Task.WhenAny(ingest, Task.Delay(TimeSpan.FromSeconds(3 * random.NextDouble())));
            var killed = system.Local.Replicas[random.Next(system.Local.Replicas.Count)];
            await system.Local.ReplaceReplicaAsync(killed, () => Signals.Kill(killed.Id), TestContext.Current.CancellationToken);
            var answer = await ingest;
            seen.Add(answer.Status == HttpStatusCode.Created ? "a helper, or too late" : "the lead");

            await system.InsistAsync(video, clip);
            await system.AssertPlaysAsync(video, s_length);
            await system.AssertIsCleanAsync();
        }
        Report.Counts("killed", seen);
    }

    private Task<S3System> StartAsync() =>
        S3System.StartAsync(s3, replicas: 3, between: null, ("COPY_SOURCE", "false"), ("X264_PRESET", "ultrafast"), ("CHUNK_TIMEOUT", "30s"));

    private static bool HasHelped(Local.Functions.FunctionProcess replica) =>
        replica.Log.ToString().Contains("was encoded for another replica", StringComparison.Ordinal);
}
