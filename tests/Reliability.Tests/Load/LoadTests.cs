using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Reelseal.Testing;

namespace Reelseal.Reliability.Tests.Load;

/// <summary>Many at once, and for a long time.</summary>
public sealed class LoadTests(CephRgw s3)
{
    /// <summary>Everything runs on one machine, including S3, so slowness is not an error here.</summary>
    private static readonly (string, string) s_patience = ("S3_TIMEOUT", "30s");

    [Fact(Timeout = 600_000)]
    public Task Many_players_see_no_error_while_a_video_is_ingested() => PlayAsync(players: 20, videos: 4, TimeSpan.FromSeconds(10));

    [Fact(Timeout = 3_600_000)]
    [Trait("Category", "Soak")]
    public Task Two_hundred_players_see_no_error_for_two_minutes_while_a_video_is_ingested() => PlayAsync(players: 200, videos: 50, TimeSpan.FromMinutes(2));

    [Fact(Timeout = 600_000)]
    public Task Concurrent_uploads_are_accepted_or_answered_429_with_Retry_After_and_all_succeed() => UploadAsync(4);

    [Fact(Timeout = 3_600_000)]
    [Trait("Category", "Soak")]
    public Task Twenty_concurrent_uploads_are_accepted_or_answered_429_with_Retry_After_and_all_succeed() => UploadAsync(20);

    [Fact(Timeout = 3_600_000)]
    [Trait("Category", "Soak")]
    public Task Memory_stays_flat_for_30_minutes() => WatchMemoryAsync(TimeSpan.FromMinutes(30));

    private async Task PlayAsync(int players, int videos, TimeSpan during)
    {
        await using var system = await S3System.StartAsync(s3, between: null, s_patience);
        var published = await PublishAsync(system, videos);
        var latencies = new Latencies();
        var ingested = 0;
        await DuringAsync(system, published, players, during, latencies, () => ingested++, memory: []);

        latencies.Report();
        Report.Line($"{players} players, {published.Count} videos, {ingested} videos ingested meanwhile");
        Assert.Empty(latencies.Errors);
        Assert.True(ingested > 0);
        Assert.True(latencies.Count > players * 5, $"{latencies.Count} requests only");
        await system.AssertIsCleanAsync();
    }

    private async Task WatchMemoryAsync(TimeSpan during)
    {
        const int players = 20;
        await using var system = await S3System.StartAsync(s3, between: null, s_patience);
        var published = await PublishAsync(system, 20);
        var latencies = new Latencies();
        var ingested = 0;
        Memory[] memory = [.. system.Local.Functions.Select(function => new Memory(function.Key, function.Value.Id))];
        await DuringAsync(system, published, players, during, latencies, () => ingested++, memory);

        latencies.Report();
        Report.Line($"{ingested} videos ingested");
        foreach (var one in memory)
            Report.Line(one.ToString());
        Assert.Empty(latencies.Errors);
        foreach (var one in memory)
        {
            var (before, after, _) = one.Trend();
            // The garbage collector's variation stays below that; a leak per request or video does not.
            Assert.True(after < before * 1.1 + 8, one.ToString());
        }
        await system.AssertIsCleanAsync();
    }

    /// <summary>Players play, and one video after the other is ingested and deleted.</summary>
    private static async Task DuringAsync(
        S3System system, IReadOnlyList<VideoId> published, int players, TimeSpan during, Latencies latencies, Action onIngested, IReadOnlyList<Memory> memory)
    {
        using var http = new HttpClient(
            new SocketsHttpHandler { UseProxy = false, AutomaticDecompression = DecompressionMethods.All }) { Timeout = TimeSpan.FromSeconds(60) };
        var clip = await system.ClipAsync(TimeSpan.FromSeconds(6), 320, 180);
        using var stop = new CancellationTokenSource(during);
        var playing = Enumerable.Range(0, players).Select(_ => Task.Run(async () =>
        {
            var random = new Random();
            // They do not all come at once.
            await Task.Delay(TimeSpan.FromSeconds(random.NextDouble() * Math.Min(10, during.TotalSeconds / 3)), CancellationToken.None);
            await new LoadPlayer(system.Local, http, latencies, random).PlayAsync(published, stop.Token);
        })).ToList();
        var sampling = SampleAsync(memory, stop.Token);
        while (!stop.IsCancellationRequested)
        {
            var answer = await system.Ingest.PostAsync(VideoId.New(), new MemoryStream(clip));
            Assert.Equal(HttpStatusCode.Created, answer.Status);
            onIngested();
        }
        await Task.WhenAll(playing);
        await sampling;
    }

    private static async Task SampleAsync(IReadOnlyList<Memory> memory, CancellationToken stop)
    {
        while (memory.Count > 0 && !stop.IsCancellationRequested)
        {
            foreach (var one in memory)
                one.Sample();
            await Task.Delay(TimeSpan.FromSeconds(5), stop).ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    private async Task UploadAsync(int count)
    {
        await using var system = await S3System.StartAsync(s3, between: null, ("MAX_TRANSCODES", "2"), s_patience);
        // As large as a real video, so that a refusal comes before everything is sent.
        byte[] clip = [.. await system.ClipAsync(TimeSpan.FromSeconds(6)), .. FreeBox(8 << 20)];
        var seen = new ConcurrentBag<string>();
        VideoId[] videos = [.. Enumerable.Range(0, count).Select(_ => VideoId.New())];
        await Task.WhenAll(videos.Select(video => Task.Run(async () =>
        {
            while (true)
            {
                var answer = await system.Ingest.PostAsync(video, new MemoryStream(clip));
                seen.Add($"{answer.Status}");
                if (answer.Status == HttpStatusCode.Created)
                    return;
                Assert.True(answer.Status == HttpStatusCode.TooManyRequests, $"{answer}");
                Assert.InRange(answer.RetryAfter!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
                await Task.Delay(answer.RetryAfter.Value);
            }
        })));
        Report.Counts($"{count} uploads", seen);
        if (count > 2)
            Assert.Contains("TooManyRequests", seen);
        foreach (var video in videos)
            await system.AssertPlaysAsync(video, TimeSpan.FromSeconds(6));
        await system.AssertIsCleanAsync();
    }

    private static async Task<IReadOnlyList<VideoId>> PublishAsync(S3System system, int count)
    {
        var video = VideoId.New();
        await system.InsistAsync(video, await system.ClipAsync(TimeSpan.FromSeconds(24)));
        await system.AssertPlaysAsync(video, TimeSpan.FromSeconds(24));
        return [video, .. await system.CopyAsync(video, count - 1)];
    }

    /// <summary>A box of an MP4 file that readers skip (ISO/IEC 14496-12, 8.1.2).</summary>
    private static byte[] FreeBox(int length)
    {
        var box = new byte[length];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(box, length);
        Encoding.ASCII.GetBytes("free", box.AsSpan(4));
        return box;
    }
}
