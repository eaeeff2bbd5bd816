using System.Globalization;
using System.Net;
using System.Runtime.Versioning;
using IngestVideo.Status;
using IngestVideo.Tests.Publishing;
using IngestVideo.Tests.Transcoding;
using Microsoft.Extensions.DependencyInjection;
using Reelseal;
using Reelseal.Playlists;
using Reelseal.Testing;
using static IngestVideo.Tests.StreamAssert;

namespace IngestVideo.Tests.Chunks;

/// <summary>Several replicas at one video: it is playable no later than with one, and earlier where one would be too slow.</summary>
[SupportedOSPlatform("linux")]
public sealed class ChunkStageTests
{
    private const int Limit = 300_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A minute that can be copied.</summary>
    private static Task<string> CopiedFilmAsync() => Clip.MakeAsync(
        "copied.mp4",
        $"-f lavfi -i testsrc2=s=640x360:r=25:d=60,{CopyTests.Tags} -f lavfi -i sine=f=440:d=60 "
        + "-c:v libx264 -preset ultrafast -g 50 -keyint_min 50 -sc_threshold 0 "
        + "-b:v 500k -pix_fmt yuv420p -color_primaries bt709 -color_trc bt709 -colorspace bt709 -c:a aac");

    /// <summary>Two minutes, of which the first chunk is 12 s, and the next ones 24 s each.</summary>
    private static Task<string> LongFilmAsync() => Clip.MakeAsync(
        "two-minutes.mp4",
        "-f lavfi -i testsrc2=s=160x90:r=10:d=120 -f lavfi -i sine=f=440:d=120 -c:v libx264 -preset ultrafast -g 20 -pix_fmt yuv420p -c:a aac");

    [Fact(Timeout = Limit)]
    public async Task A_copy_is_playable_before_the_source_is_searched_for_where_to_cut()
    {
        using var programs = new HeldPrograms("*packet=pts_time,dts_time*");
        await using var cluster = await ChunkCluster.StartAsync(workers: 0);
        var host = cluster.Lead;
        await using var worker = await WorkerProcess.StartAsync(
            host, ("CHUNK_CALLS", "1"), ("FUNCTION_GATEWAY", "http://127.0.0.1:1"), ("X264_PRESET", "ultrafast"), ("PATH", programs.SearchPath));
        var id = VideoId.New();
        var ingest = host.PostAsync(await CopiedFilmAsync(), id, client: worker.Client);

        await host.WaitForAsync(id, status => status.Playable == true);
        var first = await PublishedVideo.ReadAsync(host, id);
        var search = await programs.NextAsync(ingest);
        programs.Release();
        using var answer = await ingest;

        Assert.NotNull(search);
        Assert.Equal(VideoState.Transcoding, first.Status.State);
        Assert.Equal(["360p"], first.Status.Renditions.Where(rendition => rendition.Type == "video").Select(rendition => rendition.Name));
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var video = await PublishedVideo.ReadAsync(host, id);
        Assert.Equal(first.Status.Attempt, video.Status.Attempt);
        await IsCorrectAsync(video);
    }

    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)] // which is found out when the whole is encoded
    public async Task Viewers_keep_the_copy_while_the_rest_is_made_another_way_unless_the_copy_is_damaged(bool isDamaged)
    {
        var (playable, wrong, id) = (Signal(), Signal(), VideoId.New());
        var (pointers, store) = (new List<PublicationStage>(), "");
        var film = await CopiedFilmAsync();
        await using var cluster = await ChunkCluster.StartAsync(
            new ReplicaChange(BeforePutAsync), workers: 0, ("COPY_SOURCE", "true"), ("CHUNK_TIMEOUT", "10m"));
        var lead = cluster.Lead;
        store = lead.StoreDirectory;
        cluster.OnCall = async (context, _) =>
        {
            await playable.Task.WaitAsync(context.RequestAborted);
            var marker = Path.Combine(store, ChunkCluster.CallOf(context).Id.Folder, "done.json");
            Directory.CreateDirectory(Path.GetDirectoryName(marker)!);
            await File.WriteAllTextAsync(marker, "rubbish", Token);
            await ChunkCluster.AnswerAsync(context, failure: null);
            wrong.TrySetResult();
        };
        var ingest = lead.PostAsync(isDamaged ? await StageTests.DamagedAsync(film) : film, id);

        var first = await lead.WaitForAsync(id, status => status.Playable == true);
        playable.SetResult();
        using var answer = await ingest;

        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var video = await PublishedVideo.ReadAsync(lead, id);
        Assert.NotEqual(first.Attempt, video.Status.Attempt);
        await IsCorrectAsync(video, longestGap: 4.01);
        await cluster.AssertNoWorkAsync();
        Assert.Contains(lead.Warnings, line => line.Contains("it cannot be encoded in chunks", StringComparison.Ordinal));
        Assert.Equal(
            isDamaged ? [PublicationStage.Playable, PublicationStage.Withdrawn] : [PublicationStage.Playable], isDamaged ? pointers.Take(2) : pointers);
        Assert.True(Directory.Exists(Path.Combine(video.Folder, first.Attempt))); // for a while, for those who play it

        async Task BeforePutAsync(string key)
        {
            if (key == ObjectKeys.Multivariant(id) && Path.Combine(store, key) is var path && File.Exists(path))
                pointers.Add(PublishedAttempt.Read(await File.ReadAllTextAsync(path, Token))!.Stage);
            else if (key.StartsWith(ObjectKeys.WorkPrefix, StringComparison.Ordinal) && !ChunkCluster.IsPackets(key))
                await wrong.Task;
        }
    }

    [Fact(Timeout = Limit)]
    public async Task A_sound_is_not_copied_where_it_is_damaged()
    {
        var whole = await CopiedFilmAsync();
        var film = await Clip.MakeAsync("damaged-sound.mp4", $"-i {whole} -c copy -bsf:a noise=amount=if(between(n\\,900\\,1200)\\,3\\,0)");
        await using var cluster = await ChunkCluster.StartAsync(workers: 0, ("COPY_SOURCE", "true"), ("FUNCTION_GATEWAY", "http://127.0.0.1:1"));

        await IsCorrectAsync(await cluster.Lead.IngestAsync(film));

        Assert.Contains(cluster.Lead.Warnings, line => line.Contains("it cannot be copied", StringComparison.Ordinal));
    }

    [Fact(Timeout = Limit)]
    public async Task The_first_chunk_waits_for_no_others_packets()
    {
        var (playable, id) = (Signal(), VideoId.New());
        await using var cluster = await ChunkCluster.StartAsync(
            new ReplicaChange(key => ChunkCluster.IsPackets(key) && SegmentOf(key) > 0 ? playable.Task : Task.CompletedTask, Clock: new SteppedClock()),
            workers: 1, ("CHUNK_TIMEOUT", "10m"));
        var lead = cluster.Lead;
        var ingest = lead.PostAsync(await LongFilmAsync(), id);

        await lead.WaitForAsync(id, status => status.Playable == true);
        playable.SetResult();
        using var answer = await ingest;

        Assert.NotEmpty(cluster.Calls);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        await IsCorrectAsync(await PublishedVideo.ReadAsync(lead, id));
    }

    [Fact(Timeout = Limit)]
    public async Task It_is_playable_when_playback_would_not_catch_up_with_all_replicas_together()
    {
        // The lead takes the first chunk, others the next two. The lead does not complete its second one.
        var (bothCalled, second, third, rest, id) = (Signal(), Signal(), Signal(), Signal(), VideoId.New());
        var (clock, calls) = (new SteppedClock(), 0);
        await using var cluster = await ChunkCluster.StartAsync(
            new ReplicaChange(BeforePutAsync, Clock: clock), workers: 2, ("MAX_TRANSCODES", "4"), ("CHUNK_TIMEOUT", "10m"));
        var lead = cluster.Lead;
        cluster.OnCall = async (context, forward) =>
        {
            if (Interlocked.Increment(ref calls) == 2)
                bothCalled.SetResult();
            await (SegmentOf(context) switch { 2 => second, 6 => third, _ => rest }).Task.WaitAsync(context.RequestAborted);
            await forward();
        };
        var ingest = lead.PostAsync(await LongFilmAsync(), id);

        // The first 12 of 120 s took 24 s: at that speed, less a tenth, the rest would not be there in time for 108 s.
        await lead.WaitForAsync(id, status => status.PlayableIn == 108);
        // The third chunk is ready, but playback does not get past the second.
        clock.Advance(TimeSpan.FromSeconds(6));
        third.SetResult();
        var published = Path.Combine(lead.StoreDirectory, "videos", $"{id}");
        while (!Directory.EnumerateFiles(published, "00009.ts", SearchOption.AllDirectories).Any())
            await Task.Delay(50, Token);
        await lead.WaitForAsync(id, status => status.PlayableIn == 162);
        // Together they have encoded a minute in 48 s.
        clock.Advance(TimeSpan.FromSeconds(18));
        second.SetResult();
        await lead.WaitForAsync(id, status => status.Playable == true);

        var first = await PublishedVideo.ReadAsync(lead, id);
        Assert.Equal(VideoState.Transcoding, first.Status.State);
        Assert.Equal(10, MediaPlaylist.Read(await File.ReadAllTextAsync(first.Playlist(first.LargestVideo), Token)).Segments.Count);
        rest.SetResult();
        using var answer = await ingest;
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        await IsCorrectAsync(await PublishedVideo.ReadAsync(lead, id));

        async Task BeforePutAsync(string key)
        {
            if (!key.StartsWith(ObjectKeys.WorkPrefix, StringComparison.Ordinal))
                return;
            var segment = SegmentOf(key);
            if (ChunkCluster.IsPackets(key))
                await (segment is 2 or 6 ? Task.CompletedTask : bothCalled.Task);
            else if (segment > 0)
                await rest.Task;
            else if (key.EndsWith("/done.json", StringComparison.Ordinal))
            {
                await bothCalled.Task;
                clock.Advance(TimeSpan.FromSeconds(24));
            }
        }
    }

    private static TaskCompletionSource Signal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The first segment of the chunk that an object belongs to.</summary>
    private static int SegmentOf(string key) => int.Parse(key.Split('/')[3].AsSpan(0, 5), CultureInfo.InvariantCulture);

    /// <summary>The first segment of the chunk that is called for.</summary>
    private static int SegmentOf(HttpContext call) => int.Parse(ChunkCluster.CallOf(call).Id.Name.AsSpan(0, 5), CultureInfo.InvariantCulture);

    /// <summary>Measures no time but what a test lets pass. Timers, and the time of day, are real.</summary>
    private sealed class SteppedClock : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Increment(ref _ticks);

        public void Advance(TimeSpan time) => Interlocked.Add(ref _ticks, time.Ticks);
    }
}
