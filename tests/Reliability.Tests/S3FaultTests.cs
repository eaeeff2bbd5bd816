using System.Collections.Concurrent;
using System.Net;
using IngestVideo.Status;
using Reelseal.Local.Playback;
using Reelseal.Testing;

namespace Reelseal.Reliability.Tests;

/// <summary>S3 faults in the whole system: nothing is half published, errors are the documented ones, and everything works again when S3 does.</summary>
public sealed class S3FaultTests(CephRgw s3, Systems systems)
{
    private const int Limit = 600_000;

    public static TheoryData<string> Passing => [.. S3Trouble.Passing];

    public static TheoryData<string> Staying => [.. S3Trouble.Staying];

    [Fact(Timeout = Limit)]
    public Task Ingest_bears_a_mixture_of_faults() => systems.UseAsync(s3, faulty => IngestAsync(faulty, S3Trouble.Mixed));

    [Theory(Timeout = Limit)]
    [Trait("Category", "Soak")]
    [MemberData(nameof(Passing))]
    public Task Ingest_bears(string trouble) => systems.UseAsync(s3, faulty => IngestAsync(faulty, random => S3Trouble.Of(trouble, random)));

    [Theory(Timeout = Limit)]
    [Trait("Category", "Soak")]
    [MemberData(nameof(Staying))]
    public Task Ingest_gives_up_and_recovers_from(string trouble) => systems.UseAsync(s3, faulty => GiveUpAsync(faulty, trouble));

    private static async Task GiveUpAsync(FaultySystem faulty, string trouble)
    {
        var random = Chance.Create();
        var (system, run) = (faulty.System, faulty.Run);
        var video = VideoId.New();
        // From the first segment on: then it is in the middle, however fast it is.
        var (choose, begun) = (S3Trouble.Of(trouble, random), false);
        faulty.Proxy.Choose = request =>
            (begun |= request.Method == "PUT" && request.Target.Contains(".ts", StringComparison.Ordinal)) ? choose(request) : null;

        var answer = await run.StartAsync(video);
        Report.Line($"{await StateAsync()} then {answer.Status}");
        Assert.Equal(trouble == "no answer" ? HttpStatusCode.GatewayTimeout : HttpStatusCode.BadGateway, answer.Status);
        Assert.DoesNotContain("Injected", answer.Body, StringComparison.Ordinal);
        // Reported at once if it is known before anything is sent.
        Assert.Equal(answer.Status, (await run.StartAsync(VideoId.New())).Status);
        await system.AssertNothingIsHalfPublishedAsync();

        faulty.Proxy.Choose = _ => null;
        await system.InsistAsync(video, run.Clip);
        await system.AssertPlaysAsync(video, IngestRun.ClipDuration);
        await system.AssertIsCleanAsync();

        async Task<VideoState?> StateAsync() => (await system.Statuses.ReadAsync(video, CancellationToken.None))?.Status.State;
    }

    [Fact(Timeout = Limit)]
    public Task Players_bear_a_mixture_of_faults() =>
        systems.UseAsync(s3, faulty => PlayAsync(faulty, [("a mixture", S3Trouble.Mixed)], TimeSpan.FromSeconds(4)));

    [Fact(Timeout = Limit)]
    [Trait("Category", "Soak")]
    public Task Players_bear_every_fault() => systems.UseAsync(s3, faulty => PlayAsync(
        faulty, [.. S3Trouble.Passing.Concat(S3Trouble.Staying)
            .Select(name => (name, (Func<Random, Func<ProxiedRequest, Fault?>>)(random => S3Trouble.Of(name, random))))], TimeSpan.FromSeconds(8)));

    /// <summary>
    /// Sockets of sign-playlist complete on the threads that read from all of them: one that waits there for the rest of an answer would stop everybody.
    /// </summary>
    [Fact(Timeout = Limit)]
    public Task An_error_whose_body_never_comes_stops_nobody_else() => systems.UseAsync(s3, async faulty =>
    {
        const int requests = 8;
        var (system, video) = (faulty.System, VideoId.New());
        await system.InsistAsync(video, faulty.Run.Clip);
        Assert.Equal("200", await AskAsync(system, video, []));
        VideoId[] others = [.. Enumerable.Range(0, requests).Select(_ => VideoId.New())];
        faulty.Proxy.Choose = faulty.Counting(
            request => others.Any(other => request.Target.Contains($"{other}", StringComparison.Ordinal)) ? new() { StallAnswerAfter = 0 } : null);

        var stalled = others.Select(other => AskAsync(system, other, [])).ToList();
        await S3System.WaitUntilAsync(() => Task.FromResult(faulty.Faults >= requests), "the store is not asked");
        var start = TimeProvider.System.GetTimestamp();
        var answers = await Task.WhenAll(Enumerable.Range(0, requests).Select(_ => AskAsync(system, video, [])));
        var took = TimeProvider.System.GetElapsedTime(start);

        Assert.All(answers, answer => Assert.Equal("200", answer));
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(3)); // the store's timeout is 5 s
        Assert.All(await Task.WhenAll(stalled), answer => Assert.Equal("504", answer));
        faulty.Proxy.Choose = _ => null;
    });

    private static async Task IngestAsync(FaultySystem faulty, Func<Random, Func<ProxiedRequest, Fault?>> trouble)
    {
        var random = Chance.Create();
        var (system, run) = (faulty.System, faulty.Run);
        foreach (var byReference in (bool[])[false, true])
        {
            var (faults, requests) = (faulty.Faults, faulty.Proxy.Requests.Count);
            faulty.Proxy.Choose = faulty.Counting(trouble(random));
            var video = VideoId.New();
            var answer = byReference ? await run.StartByReferenceAsync(video) : await run.StartAsync(video);
            await system.AssertNothingIsHalfPublishedAsync();
            if (answer.Status != HttpStatusCode.Created)
                Assert.True(answer.Status is HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout, $"{answer}");
            // The timeouts of the function and of a retrying client outlast it.
            await system.InsistAsync(video, byReference ? null : run.Clip);
            var way = byReference ? "by reference" : "sent";
            Report.Line($"{way}: {answer.Status}; {faulty.Faults - faults} faults in {faulty.Proxy.Requests.Count - requests} requests");
            Assert.True(faulty.Faults > faults, "Nothing was disturbed.");

            faulty.Proxy.Choose = _ => null;
            await system.AssertPlaysAsync(video, IngestRun.ClipDuration);
            await system.AssertIsCleanAsync();
        }
    }

    private static async Task PlayAsync(FaultySystem faulty, (string Name, Func<Random, Func<ProxiedRequest, Fault?>> Trouble)[] troubles, TimeSpan each)
    {
        const int players = 8;
        var random = Chance.Create();
        var system = faulty.System;
        var original = VideoId.New();
        await system.InsistAsync(original, faulty.Run.Clip);
        foreach (var (name, trouble) in troubles)
        {
            // Each trouble meets playlists that are known, and some that are not.
            var videos = await system.CopyAsync(original, 12);
            await AskAsync(system, videos[0], []);
            var seen = new ConcurrentBag<string>();
            faulty.Proxy.Choose = trouble(random);
            var start = TimeProvider.System.GetTimestamp();
            await Task.WhenAll(Enumerable.Range(0, players).Select(player => Task.Run(async () =>
            {
                for (var round = player; TimeProvider.System.GetElapsedTime(start) < each; round++)
                    await AskAsync(system, videos[round % 3 == 0 ? 0 : round % videos.Count], seen);
            })));
            faulty.Proxy.Choose = _ => null;
            Report.Counts(name, seen);
            // Anything but the right answer, or the documented answers for a failing store, is wrong.
            Assert.All(seen, answer => Assert.True(answer is "200" or "502" or "504", $"{name}: {answer}"));
            foreach (var video in videos)
                Assert.Equal("200", await AskAsync(system, video, []));
            await system.RemoveAsync(videos);
        }
    }

    /// <summary>Asks for all playlists of a video, through the gateway.</summary>
    private static async Task<string> AskAsync(S3System system, VideoId video, ConcurrentBag<string> seen)
    {
        string answer;
        try
        {
            foreach (var rendition in await system.Client.GetPlaylistAsync(system.Client.GatewayPlaylist(video), CancellationToken.None))
                Assert.NotEmpty(await system.Client.GetPlaylistAsync(rendition.Uri, CancellationToken.None));
            answer = "200";
        }
        catch (VideoClientException e)
        {
            answer = $"{(int)e.Status}";
            if (answer is not ("502" or "504"))
                answer = e.Message;
        }
        seen.Add(answer);
        return answer;
    }
}
