using System.Net;
using Reelseal;
using Reelseal.Storage;
using static IngestVideo.Tests.StreamAssert;

namespace IngestVideo.Tests.Chunks;

/// <summary>Several replicas at one video: whatever the others do, it is published whole, and nothing else is left.</summary>
public sealed class ChunkLeadTests
{
    private const int Limit = 240_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A minute: four chunks.</summary>
    private static Task<string> FilmAsync() => Clip.SimpleAsync("320x180", seconds: 60);

    [Theory(Timeout = Limit)]
    [InlineData("ts")]
    [InlineData("fmp4")]
    public async Task A_video_that_replicas_encode_together_is_the_same_as_one_that_one_encodes(string format)
    {
        await using var cluster = await ChunkCluster.StartAsync(workers: 2, ("SEGMENT_FORMAT", format));
        await using var alone = await IngestHost.StartAsync(("SEGMENT_FORMAT", format), ("COPY_SOURCE", "false"));

        var film = await Clip.SimpleAsync("640x360", seconds: 60);
        var together = await cluster.Lead.IngestAsync(film);
        var whole = await alone.IngestAsync(film);

        Assert.NotEmpty(cluster.Calls);
        await IsCorrectAsync(together);
        await AssertNoWorkAsync(cluster.Lead);
        Assert.Equal(
            whole.Status.Renditions.Select(rendition => (rendition.Name, rendition.Codecs)),
            together.Status.Renditions.Select(rendition => (rendition.Name, rendition.Codecs)));
        foreach (var name in whole.Status.Renditions.Select(rendition => rendition.Name))
        {
            Assert.Equal(Segments(whole, name), Segments(together, name));
            Assert.Equal(await TimesAsync(whole, name), await TimesAsync(together, name));
            if (format == "fmp4")
                await AssertEqualAsync(whole.File(name, "init.mp4"), together.File(name, "init.mp4"));
        }
        foreach (var segment in Segments(whole, "audio-und"))
            await AssertEqualAsync(whole.File("audio-und", segment.Name), together.File("audio-und", segment.Name));
        await AssertEqualAsync(
            Path.Combine(whole.Folder, whole.Status.Attempt, "storyboard.vtt"), Path.Combine(together.Folder, together.Status.Attempt, "storyboard.vtt"));
    }

    [Fact(Timeout = Limit)]
    public async Task Beside_a_copy_the_other_qualities_are_encoded_together()
    {
        await using var cluster = await ChunkCluster.StartAsync(workers: 1, ("COPY_SOURCE", "true"));
        var film = await Clip.MakeAsync(
            "copied.mp4",
            "-f lavfi -i testsrc2=s=640x360:r=25:d=60 -f lavfi -i sine=f=440:d=60 -c:v libx264 -preset ultrafast -g 50 -keyint_min 50 -sc_threshold 0 "
            + "-b:v 500k -pix_fmt yuv420p -color_primaries bt709 -color_trc bt709 -colorspace bt709 -c:a aac");

        var video = await cluster.Lead.IngestAsync(film);

        Assert.NotEmpty(cluster.Calls);
        await IsCorrectAsync(video);
        await AssertNoWorkAsync(cluster.Lead);
    }

    [Theory(Timeout = Limit)]
    [InlineData("refuses")]
    [InlineData("is another image")]
    [InlineData("times out")]
    [InlineData("breaks off")]
    [InlineData("answers rubbish")]
    [InlineData("answers for another chunk")]
    [InlineData("says done and did nothing")]
    [InlineData("fails")]
    [InlineData("says it cannot")]
    [InlineData("has no route")]
    public async Task Whatever_others_do_the_lead_makes_the_video(string what)
    {
        await using var cluster = await ChunkCluster.StartAsync(workers: 0, ("CHUNK_TIMEOUT", "3s"));
        cluster.OnCall = async (context, _) =>
        {
            var answer = context.Response;
            switch (what)
            {
                case "refuses":
                    answer.StatusCode = 429;
                    break;
                case "is another image":
                    answer.StatusCode = 409;
                    break;
                case "times out":
                    await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    break;
                case "breaks off":
                    answer.ContentLength = 100;
                    await answer.WriteAsync("{\"plan\":\"");
                    await answer.Body.FlushAsync();
                    context.Abort();
                    break;
                case "answers rubbish":
                    await answer.WriteAsync("<html>Welcome</html>");
                    break;
                case "answers for another chunk":
                    await answer.WriteAsync("""{"plan":"0","chunk":"00000-00001","end":"reelseal"}""");
                    break;
                case "says done and did nothing":
                    await ChunkCluster.AnswerAsync(context, failure: null);
                    break;
                case "fails":
                    answer.StatusCode = 500;
                    break;
                case "says it cannot":
                    await ChunkCluster.AnswerAsync(context, failure: "no");
                    break;
                case "has no route":
                    answer.StatusCode = 404;
                    break;
            }
        };

        var video = await cluster.Lead.IngestAsync(await FilmAsync());

        Assert.NotEmpty(cluster.Calls);
        await IsCorrectAsync(video);
        await AssertNoWorkAsync(cluster.Lead);
    }

    [Fact(Timeout = Limit)]
    public async Task A_lead_that_is_the_only_replica_makes_the_video()
    {
        await using var cluster = await ChunkCluster.StartAsync(workers: 0);
        cluster.Replicas.Add(cluster.Lead.Address);

        var video = await cluster.Lead.IngestAsync(await FilmAsync());

        Assert.NotEmpty(cluster.Calls);
        await IsCorrectAsync(video);
    }

    [Fact(Timeout = Limit)]
    public async Task Without_a_gateway_the_lead_makes_the_video()
    {
        await using var cluster = await ChunkCluster.StartAsync(workers: 0, ("FUNCTION_GATEWAY", "http://127.0.0.1:1"));
        var video = await cluster.Lead.IngestAsync(await FilmAsync());
        await IsCorrectAsync(video);
        await AssertNoWorkAsync(cluster.Lead);
    }

    [Fact(Timeout = Limit)]
    public async Task A_call_whose_answer_is_lost_is_not_repeated()
    {
        await using var cluster = await ChunkCluster.StartAsync(workers: 1, ("MAX_TRANSCODES", "4")); // which refuses no call
        cluster.OnCall = async (context, forward) =>
        {
            context.Response.Body = Stream.Null;
            await forward();
            context.Abort();
        };

        var video = await cluster.Lead.IngestAsync(await FilmAsync());

        await IsCorrectAsync(video);
        Assert.Equal(cluster.Calls.Distinct(StringComparer.Ordinal), cluster.Calls);
    }

    [Fact(Timeout = Limit)]
    public async Task A_chunk_that_takes_too_long_is_halved()
    {
        await using var cluster = await ChunkCluster.StartAsync(workers: 1, ("CHUNK_TIMEOUT", "20s"));
        var calls = 0;
        cluster.OnCall = async (context, forward) =>
        {
            if (Interlocked.Increment(ref calls) > 2)
                await forward();
            else
                context.Response.StatusCode = 504;
        };

        var video = await cluster.Lead.IngestAsync(await FilmAsync());

        await IsCorrectAsync(video);
        var chunks = cluster.Calls.Select(name => name.Split('-').Select(int.Parse).ToArray()).Select(ends => (First: ends[0], Last: ends[1])).ToList();
        Assert.Contains(chunks.Skip(2), later => chunks.Take(2).Any(
            refused => later.First >= refused.First && later.Last <= refused.Last && later != refused));
    }

    [Fact(Timeout = Limit)]
    public async Task The_next_lead_uses_what_is_finished()
    {
        await using var cluster = await ChunkCluster.StartAsync(workers: 1);
        var id = VideoId.New();
        var film = await FilmAsync();
        var hold = new TaskCompletionSource();
        var finished = new TaskCompletionSource();
        var calls = 0;
        cluster.OnCall = async (context, forward) =>
        {
            if (Interlocked.Increment(ref calls) > 1)
            {
                await hold.Task.WaitAsync(context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return;
            }
            await forward();
            finished.TrySetResult();
        };
        var before = new List<string>();
        // It publishes nothing but first segments.
        await using (var killed = await WorkerProcess.StartAsync(cluster.Lead, [.. cluster.LeadSettings, ("HOLD_FILE", film)]))
        {
            var request = cluster.Lead.PostAsync(film, id, client: killed.Client);
            await finished.Task.WaitAsync(Token);
            while (await FinishedAsync(cluster.Lead, id) is []) // its marker is written before the answer
                await Task.Delay(50, Token);
            await killed.KillAsync();
            await Assert.ThrowsAnyAsync<Exception>(() => request);
            before.AddRange(await FinishedAsync(cluster.Lead, id));
        }
        hold.SetResult();
        var callsBefore = cluster.Calls.Count;
        cluster.OnCall = (_, forward) => forward();

        using var answer = await cluster.Lead.InsistAsync(film, id);

        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var video = await PublishedVideo.ReadAsync(cluster.Lead, id);
        await IsCorrectAsync(video);
        await AssertNoWorkAsync(cluster.Lead);
        Assert.NotEmpty(before);
        var called = cluster.Calls.Skip(callsBefore).Select(first => first.PadLeft(5, '0'));
        Assert.Empty(called.Intersect(before.Select(name => name[..5]), StringComparer.Ordinal));
    }

    [Fact(Timeout = Limit)]
    public async Task A_video_that_is_deleted_meanwhile_leaves_nothing_that_players_see()
    {
        await using var cluster = await ChunkCluster.StartAsync(workers: 1);
        var id = VideoId.New();
        var called = new TaskCompletionSource();
        var deleted = new TaskCompletionSource();
        cluster.OnCall = async (_, forward) =>
        {
            called.TrySetResult();
            await deleted.Task;
            await forward();
        };
        var request = cluster.Lead.PostAsync(await FilmAsync(), id);
        await called.Task.WaitAsync(Token);
        using (var answer = await cluster.Lead.Client.DeleteAsync(new Uri($"/videos/{id}", UriKind.Relative), Token))
            Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        using var refused = await request;
        deleted.SetResult();

        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        await cluster.Lead.AssertNothingIsLeftAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task A_source_that_cannot_be_divided_is_encoded_by_one_replica()
    {
        await using var cluster = await ChunkCluster.StartAsync(workers: 1);
        var film = await Clip.MakeAsync(
            "one-keyframe.mp4",
            "-f lavfi -i testsrc2=s=320x180:r=25:d=60 -c:v libx264 -preset ultrafast -g 100000 -keyint_min 100000 -sc_threshold 0 -pix_fmt yuv420p");

        var video = await cluster.Lead.IngestAsync(film);

        await IsCorrectAsync(video);
        Assert.Empty(cluster.Calls);
    }

    private static async Task<List<string>> FinishedAsync(IngestHost host, VideoId id)
    {
        var keys = await host.Store.ListAsync(ObjectKeys.Work(id), Token).Select(entry => entry.Key).ToListAsync(Token);
        return [.. keys.Where(key => key.EndsWith("/done.json", StringComparison.Ordinal)).Select(key => key.Split('/')[^2])];
    }

    private static async Task AssertNoWorkAsync(IngestHost host) => Assert.Empty(await host.Store.ListAsync(ObjectKeys.WorkPrefix, Token).ToListAsync(Token));

    private static async Task AssertEqualAsync(string one, string other) =>
        Assert.Equal(await File.ReadAllBytesAsync(one, Token), await File.ReadAllBytesAsync(other, Token));

    /// <summary>When each packet of a rendition is presented, in order.</summary>
    private static async Task<List<double>> TimesAsync(PublishedVideo video, string rendition)
    {
        var packets = (await video.ProbeAsync(rendition, "-show_entries packet=pts_time")).GetProperty("packets");
        return [.. packets.EnumerateArray().Select(packet => Math.Round(Number(packet, "pts_time"), 4)).Order()];
    }
}
