using System.Globalization;
using System.Net;
using IngestVideo.Tests.Transcoding;
using Reelseal;
using Reelseal.Storage;
using Reelseal.Testing;
using static IngestVideo.Tests.StreamAssert;

namespace IngestVideo.Tests.Chunks;

/// <summary>Several replicas at one video: whatever the others do, it is published whole, and nothing else is left.</summary>
public sealed class ChunkLeadTests
{
    private const int Limit = 300_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory(Timeout = Limit)]
    [InlineData("ts")]
    [InlineData("fmp4")]
    public async Task A_video_that_replicas_encode_together_is_the_same_as_one_that_one_encodes(string format)
    {
        (string, string)[] settings = [("SEGMENT_FORMAT", format), ("DOWNLOADS", "360p"), ("X264_PRESET", "veryfast")];
        var helped = new TaskCompletionSource();
        await using var cluster = await ChunkCluster.StartAsync(ChunkCluster.HoldChunks(helped.Task), workers: 2, settings);
        cluster.OnHelp(() => helped.TrySetResult());
        await using var alone = await IngestHost.StartAsync([("COPY_SOURCE", "false"), .. settings]);

        var film = await Clip.MakeAsync(
            "two-qualities.mp4",
            "-f lavfi -i testsrc2=s=640x360:r=10:d=60 -f lavfi -i sine=f=440:d=60 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 50 -c:a aac");
        var together = await cluster.Lead.IngestAsync(film);
        var whole = await alone.IngestAsync(film);

        await IsCorrectAsync(together);
        await cluster.AssertNoWorkAsync();
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

        // The file to keep, as every player reads it: all pictures, each at its time, and all of the sound.
        var (fileOfWhole, file) = (DownloadOf(whole), DownloadOf(together));
        Assert.Equal("", await Ffmpeg.LogAsync("-v", "warning", "-xerror", "-i", file, "-f", "null", "-"));
        var shown = await ShownAsync(file);
        Assert.Equal(Enumerable.Range(0, 600).Select(picture => picture / 10.0), shown);
        Assert.Equal(await ShownAsync(fileOfWhole), shown);
        Assert.Equal(await SoundAsync(fileOfWhole), await SoundAsync(file));
    }

    [Fact(Timeout = Limit)]
    public async Task Beside_a_copy_the_other_qualities_are_encoded_together()
    {
        var helped = new TaskCompletionSource();
        await using var cluster = await ChunkCluster.StartAsync(ChunkCluster.HoldChunks(helped.Task), workers: 1, ("COPY_SOURCE", "true"));
        cluster.OnHelp(() => helped.TrySetResult());
        var film = await Clip.MakeAsync(
            "copied.mp4",
            $"-f lavfi -i testsrc2=s=640x360:r=10:d=60,{CopyTests.Tags} -f lavfi -i sine=f=440:d=60 "
            + "-c:v libx264 -preset ultrafast -g 20 -keyint_min 20 -sc_threshold 0 "
            + "-b:v 500k -pix_fmt yuv420p -color_primaries bt709 -color_trc bt709 -colorspace bt709 -c:a aac");

        var video = await cluster.Lead.IngestAsync(film);

        await IsCorrectAsync(video);
        await cluster.AssertNoWorkAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task A_silent_film_keeps_its_subtitles()
    {
        var film = await ChunkCluster.SilentFilmAsync();
        var words = Path.ChangeExtension(film, "srt");
        await File.WriteAllTextAsync(words, "1\n00:00:01,000 --> 00:00:59,000\nNobody speaks.\n", Token);
        await using var cluster = await ChunkCluster.StartAsync(workers: 1);

        var video = await cluster.Lead.IngestAsync(await Clip.MakeAsync("subtitled.mkv", $"-i {film} -i {words} -c:v copy -c:s srt"));

        await IsCorrectAsync(video);
        Assert.NotEmpty(cluster.Calls);
        Assert.Single(video.Status.Renditions, rendition => rendition.Type == "subtitles");
    }

    [Theory(Timeout = Limit)]
    [InlineData(28.2, 30, true, null)] // to a join
    [InlineData(25.2, 30, true, null)] // the rest of a group of pictures
    [InlineData(12, 30, false, null)] // all of a chunk: its keyframes say so
    [InlineData(46, 60, false, "The video is damaged: only ")] // to the end
    public async Task A_damaged_film_ends_as_it_would_with_one_replica(double from, double to, bool isDivided, string? refusal)
    {
        var film = await Clip.DamagedAsync(await ChunkCluster.FilmAsync(), "v:0", from, to);
        await using var cluster = await ChunkCluster.StartAsync(workers: 1);
        await using var alone = await IngestHost.StartAsync(("COPY_SOURCE", "false"));

        using var together = await cluster.Lead.PostAsync(new MemoryStream(film));
        using var whole = await alone.PostAsync(new MemoryStream(film));

        Assert.Equal(isDivided, cluster.Calls.Count > 0);
        await cluster.AssertNoWorkAsync();
        if (refusal is not null)
        {
            await IngestTests.AssertProblemAsync(whole, HttpStatusCode.UnprocessableEntity, refusal);
            await IngestTests.AssertProblemAsync(together, HttpStatusCode.UnprocessableEntity, refusal);
            Assert.DoesNotContain(await cluster.Lead.KeysAsync(), key => key.EndsWith(".ts", StringComparison.Ordinal));
            return;
        }
        var (video, expected) = (await PublishedVideo.OfAsync(cluster.Lead, together), await PublishedVideo.OfAsync(alone, whole));
        await IsCorrectAsync(video);
        Assert.Equal(await TimesAsync(expected, expected.LargestVideo), await TimesAsync(video, video.LargestVideo));
    }

    [Theory(Timeout = Limit)]
    [InlineData("refuses")]
    [InlineData("times out")]
    [InlineData("answers without an end")]
    [InlineData("breaks off")]
    [InlineData("answers rubbish")]
    [InlineData("answers for another chunk")]
    [InlineData("says done and did nothing")]
    [InlineData("fails")]
    [InlineData("says it cannot")]
    [InlineData("has no route")]
    public async Task Whatever_others_do_the_lead_makes_the_video(string what)
    {
        var repeated = new TaskCompletionSource();
        await using var cluster = await ChunkCluster.StartAsync(ChunkCluster.HoldChunks(repeated.Task), workers: 0, ("CHUNK_TIMEOUT", "1s"));
        cluster.OnCall = async (context, _) =>
        {
            if (cluster.Calls.Count > 2) // one of two at once has ended
                repeated.TrySetResult();
            var answer = context.Response;
            switch (what)
            {
                case "refuses":
                    answer.StatusCode = 429;
                    break;
                case "times out":
                    await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    break;
                case "answers without an end":
                    while (!context.RequestAborted.IsCancellationRequested)
                    {
                        await answer.WriteAsync(" ");
                        await answer.Body.FlushAsync();
                        await Task.Delay(100, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    }
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

        var video = await cluster.Lead.IngestAsync(await ChunkCluster.SilentFilmAsync());

        await IsCorrectAsync(video);
        await cluster.AssertNoWorkAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task A_lead_that_is_the_only_replica_makes_the_video()
    {
        await using var cluster = await ChunkCluster.StartAsync(workers: 0);
        cluster.Replicas.Add(cluster.Lead.Address);

        var video = await cluster.Lead.IngestAsync(await ChunkCluster.FilmAsync());

        Assert.NotEmpty(cluster.Calls);
        await IsCorrectAsync(video);
    }

    [Fact(Timeout = Limit)]
    public async Task Without_a_gateway_the_lead_makes_the_video()
    {
        await using var cluster = await ChunkCluster.StartAsync(workers: 0, ("FUNCTION_GATEWAY", "http://127.0.0.1:1"));
        var video = await cluster.Lead.IngestAsync(await ChunkCluster.FilmAsync());
        await IsCorrectAsync(video);
        Assert.DoesNotContain(cluster.Lead.Warnings, line => line.Contains("made another way", StringComparison.Ordinal));
        await cluster.AssertNoWorkAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task A_call_whose_answer_is_lost_is_not_repeated()
    {
        var another = new TaskCompletionSource();
        // It refuses no call.
        await using var cluster = await ChunkCluster.StartAsync(ChunkCluster.HoldChunks(another.Task), workers: 1, ("MAX_TRANSCODES", "4"));
        cluster.OnCall = async (context, forward) =>
        {
            if (cluster.Calls.Count > 2) // one of two at once has ended
                another.TrySetResult();
            context.Response.Body = Stream.Null;
            await forward();
            context.Abort();
        };

        var video = await cluster.Lead.IngestAsync(await ChunkCluster.FilmAsync());

        await IsCorrectAsync(video);
        Assert.Equal(cluster.Calls.Select(call => call.Id).Distinct(), cluster.Calls.Select(call => call.Id));
    }

    [Fact(Timeout = Limit)]
    public async Task A_chunk_that_takes_too_long_is_halved()
    {
        var halved = new TaskCompletionSource();
        await using var cluster = await ChunkCluster.StartAsync(ChunkCluster.HoldChunks(halved.Task), workers: 1);
        cluster.OnCall = async (context, forward) =>
        {
            var (first, chunk) = (cluster.Calls.Take(2).ToList(), ChunkCluster.CallOf(context));
            if (first.Contains(chunk))
            {
                context.Response.StatusCode = 504;
                return;
            }
            if (first.Exists(call => IsPartOf(chunk, call)))
                halved.TrySetResult();
            await forward();
        };

        var video = await cluster.Lead.IngestAsync(await ChunkCluster.FilmAsync());

        await IsCorrectAsync(video);
        await cluster.AssertNoWorkAsync();

        static bool IsPartOf(GatewayCall part, GatewayCall whole)
        {
            var ((first, end), (from, to)) = (Ends(part), Ends(whole));
            return first >= from && end <= to && end - first < to - from;
        }

        static (int First, int End) Ends(GatewayCall call)
        {
            var ends = call.Id.Name.Split('-');
            return (int.Parse(ends[0], CultureInfo.InvariantCulture), int.Parse(ends[1], CultureInfo.InvariantCulture));
        }
    }

    [Theory(Timeout = Limit)]
    [InlineData(null)]
    [InlineData("another")]
    public async Task The_next_lead_uses_what_is_finished_if_it_is_of_the_same_image(string? image)
    {
        await using var cluster = await ChunkCluster.StartAsync(new ReplicaChange(Image: image), workers: 1);
        var id = VideoId.New();
        var film = await ChunkCluster.FilmAsync();
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
        List<string> before;
        // It publishes nothing but first segments.
        await using (var killed = await WorkerProcess.StartAsync(cluster.Lead, [.. cluster.LeadSettings, ("HOLD_FILE", film)]))
        {
            var request = cluster.Lead.PostAsync(film, id, client: killed.Client);
            await finished.Task.WaitAsync(Token);
            await killed.KillAsync();
            await Assert.ThrowsAnyAsync<Exception>(() => request);
            before = await FinishedAsync(cluster.Lead, id); // a marker is written before the answer
        }
        Assert.NotEmpty(before);
        hold.SetResult();
        var callsBefore = cluster.Calls.Count;
        cluster.OnCall = (_, forward) => forward();
        if (image is not null)
            await cluster.AddWorkerAsync(new ReplicaChange(Image: image)); // half of the replicas are of each image

        using var answer = await cluster.Lead.InsistAsync(film, id);

        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var video = await PublishedVideo.ReadAsync(cluster.Lead, id);
        await IsCorrectAsync(video);
        await cluster.AssertNoWorkAsync();
        var (plan, called) = (cluster.Calls.First().Id.Plan, cluster.Calls.Skip(callsBefore).Select(call => call.Id).ToList());
        Assert.NotEmpty(called);
        Assert.All(called, chunk => Assert.Equal(image is null, chunk.Plan == plan));
        Assert.Empty(called.Where(chunk => chunk.Plan == plan).Select(chunk => chunk.Name[..5]).Intersect(before.Select(name => name[..5])));
    }

    [Fact(Timeout = Limit)]
    public async Task A_source_that_cannot_be_divided_is_encoded_by_one_replica()
    {
        await using var cluster = await ChunkCluster.StartAsync(workers: 1);
        var film = await Clip.MakeAsync(
            "one-keyframe.mp4",
            "-f lavfi -i testsrc2=s=128x72:r=5:d=60 -c:v libx264 -preset ultrafast -g 100000 -keyint_min 100000 -sc_threshold 0 -pix_fmt yuv420p");

        var video = await cluster.Lead.IngestAsync(film);

        await IsCorrectAsync(video);
        Assert.Empty(cluster.Calls);
    }

    private static async Task<List<string>> FinishedAsync(IngestHost host, VideoId id)
    {
        var keys = await host.Store.ListAsync(ObjectKeys.Work(id), Token).Select(entry => entry.Key).ToListAsync(Token);
        return [.. keys.Where(key => key.EndsWith("/done.json", StringComparison.Ordinal)).Select(key => key.Split('/')[^2])];
    }

    private static async Task AssertEqualAsync(string one, string other) =>
        Assert.Equal(await File.ReadAllBytesAsync(one, Token), await File.ReadAllBytesAsync(other, Token));

    /// <summary>When each packet of a rendition is presented, in order.</summary>
    private static async Task<List<double>> TimesAsync(PublishedVideo video, string rendition)
    {
        var packets = (await video.ProbeAsync(rendition)).GetProperty("packets");
        return [.. packets.EnumerateArray().Select(packet => Math.Round(Number(packet, "pts_time"), 4)).Order()];
    }

    private static string DownloadOf(PublishedVideo video) => Path.Combine(video.Host.StoreDirectory, Assert.Single(video.Status.Downloads!).Key);

    /// <summary>When each picture of a file is shown, decoded.</summary>
    private static async Task<List<double>> ShownAsync(string file)
    {
        var frames = await Ffmpeg.ProbeAsync("-select_streams", "v:0", "-show_entries", "frame=pts_time", "-print_format", "csv=print_section=0", file);
        return [.. frames.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => Math.Round(double.Parse(line.TrimEnd(','), CultureInfo.InvariantCulture), 3))];
    }

    /// <summary>The hash of the sound of a file.</summary>
    private static Task<string> SoundAsync(string file) => Ffmpeg.RunAsync("-i", file, "-map", "0:a", "-c", "copy", "-f", "md5", "-");
}
