using System.Net;
using System.Runtime.Versioning;
using IngestVideo.Status;
using Reelseal.Local.Playback;
using Reelseal.Testing;

namespace Reelseal.Reliability.Tests;

/// <summary>A real S3 that rejects the functions' signatures, because their access key was removed or because its clock is wrong.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class S3RefusalTests(CephRgw s3)
{
    private const int Limit = 600_000;
    private static readonly TimeSpan s_duration = TimeSpan.FromSeconds(8);

    [Fact(Timeout = Limit)]
    public async Task Without_its_access_key_an_ingest_ends_in_502_and_once_the_key_is_back_it_succeeds()
    {
        const string key = "functions", secret = "functions-secret";
        await s3.AddKeyAsync(key, secret);
        using var programs = new HeldPrograms(transcodesOnly: true);
        await using var system = await S3System.StartAsync(
            s3, between: null, ("AWS_ACCESS_KEY_ID", key), ("AWS_SECRET_ACCESS_KEY", secret), ("PLAYLIST_FRESHNESS", "1ms"), ("PATH", programs.SearchPath));
        var clip = await system.ClipAsync(s_duration);
        var (before, video) = (VideoId.New(), VideoId.New());
        programs.Release();
        await system.InsistAsync(before, clip);

        programs.Hold();
        var ingest = system.Ingest.PostAsync(video, new MemoryStream(clip));
        await ReachAsync(system, video, VideoState.Transcoding);
        await s3.RemoveKeyAsync(key);
        programs.Release();
        var answer = await ingest;

        Report.Line($"{await StateAsync(system, video)}, {answer}");
        Assert.Equal(HttpStatusCode.BadGateway, answer.Status);
        Assert.Contains("InvalidAccessKeyId", answer.Body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadGateway, (await system.Ingest.PostAsync(VideoId.New(), new MemoryStream(clip))).Status);
        Assert.Equal(HttpStatusCode.BadGateway,
            (await Assert.ThrowsAsync<VideoClientException>(() => system.Client.GetPlaylistAsync(system.Client.GatewayPlaylist(video), CancellationToken.None)))
            .Status);
        await system.AssertNothingIsHalfPublishedAsync();

        await s3.AddKeyAsync(key, secret);
        await system.InsistAsync(video, clip);
        foreach (var one in (VideoId[])[before, video])
            await system.AssertPlaysAsync(one, s_duration);
        await system.AssertIsCleanAsync();
    }

    [Theory(Timeout = Limit)]
    [Trait("Category", "Soak")]
    [InlineData("+20m")]
    [InlineData("-20m")]
    public async Task While_its_clock_is_wrong_videos_are_published_and_once_it_is_right_again_at_the_second_try(string clock)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/faketime"), "The clock of S3 can be wrong only with Debian's package faketime, which make soak installs.");
        using var programs = new HeldPrograms(transcodesOnly: true);
        await using var system = await S3System.StartAsync(s3, between: null, ("PATH", programs.SearchPath));
        var clip = await system.ClipAsync(s_duration);
        var (during, wrong, after) = (VideoId.New(), VideoId.New(), VideoId.New());
        try
        {
            var ingest = system.Ingest.PostAsync(during, new MemoryStream(clip));
            await ReachAsync(system, during, VideoState.Transcoding);
            await s3.KillAsync();
            await s3.RestartAsync(clock);
            programs.Release();
            // The SDK takes the time from the refusal, and signs again.
            Assert.Equal(HttpStatusCode.Created, (await ingest).Status);
            Assert.Equal(HttpStatusCode.Created, (await system.Ingest.PostAsync(wrong, new MemoryStream(clip))).Status);
            foreach (var video in (VideoId[])[during, wrong])
                await system.AssertPlaysAsync(video, s_duration);
            var published = await system.Store.HeadAsync(ObjectKeys.Multivariant(wrong), CancellationToken.None);
            // S3 bears 15 minutes.
            Assert.InRange((published!.LastModified - TimeProvider.System.GetUtcNow()).Duration(), TimeSpan.FromMinutes(16), TimeSpan.FromMinutes(24));
        }
        finally
        {
            await s3.KillAsync();
            await s3.RestartAsync();
        }
        // On the way back the SDK takes the time from the refusal too, but does not try again by itself (4.0.104).
        await system.InsistAsync(after, clip);
        await WaitUntilDoneAsync(() => system.Client.GetPlaylistAsync(system.Client.GatewayPlaylist(after), CancellationToken.None));
        await WaitUntilDoneAsync(() => StateAsync(system, after)); // this process has an SDK of its own
        foreach (var video in (VideoId[])[during, wrong, after])
            await system.AssertPlaysAsync(video, s_duration);
        await system.AssertIsCleanAsync();
    }

    private static Task WaitUntilDoneAsync(Func<Task> request) => S3System.WaitUntilAsync(
        async () =>
        {
            try
            {
                await request();
                return true;
            }
            catch (Exception e) when (e is UpstreamException or VideoClientException { Status: HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout })
            {
                Report.Line(e.Message);
                return false;
            }
        },
        "S3 still refuses");

    private static Task ReachAsync(S3System system, VideoId video, VideoState state) =>
        S3System.WaitUntilAsync(async () => await StateAsync(system, video) >= state, "nothing begins");

    private static async Task<VideoState?> StateAsync(S3System system, VideoId video) =>
        (await system.Statuses.ReadAsync(video, CancellationToken.None))?.Status.State;
}
