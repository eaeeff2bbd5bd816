using System.Collections.Concurrent;
using System.Net;
using IngestVideo.Chunks;
using Reelseal;
using Reelseal.Storage;
using static IngestVideo.Tests.StreamAssert;

namespace IngestVideo.Tests.Chunks;

/// <summary>Replicas that die, stall, come too late or get in each other's way: each video is published whole, and nothing else is left.</summary>
public sealed class ChunkFaultTests
{
    private const int Limit = 300_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task A_worker_that_dies_in_every_call_costs_no_video()
    {
        // One chunk is the lead's own, which waits with it until a worker has died at each of the others.
        var lead = new TaskCompletionSource();
        var died = new ConcurrentDictionary<ChunkId, bool>();
        await using var cluster = await ChunkCluster.StartAsync(ChunkCluster.HoldChunks(lead.Task), workers: 0);
        string[] moments = ["read /cut.nut", "write .ts", "write /done.json", "written /done.json"];
        var calls = 0;
        cluster.OnCall = async (context, _) =>
        {
            var call = ChunkCluster.CallOf(context);
            var moment = moments[(Interlocked.Increment(ref calls) - 1) % moments.Length];
            await using var worker = await WorkerProcess.StartAsync(cluster.Lead, ("KILL_AT", moment));
            await Assert.ThrowsAsync<HttpRequestException>(
                () => cluster.DeliverAsync(worker.Client.BaseAddress!, call, context.RequestAborted));
            died[call.Id] = true;
            if (died.Count == ChunkCluster.FilmChunks - 1)
                lead.TrySetResult();
            context.Response.StatusCode = StatusCodes.Status502BadGateway; // as gateways answer then
        };

        var video = await cluster.Lead.IngestAsync(await ChunkCluster.FilmAsync());

        await IsCorrectAsync(video);
        await IsAloneAsync(video);
        await cluster.AssertNoWorkAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task The_lead_does_not_wait_for_calls_that_hang()
    {
        await using var cluster = await ChunkCluster.StartAsync(workers: 0, ("CHUNK_TIMEOUT", "1h"));
        cluster.OnCall = (context, _) => Task.Delay(Timeout.Infinite, context.RequestAborted);

        var video = await cluster.Lead.IngestAsync(await ChunkCluster.FilmAsync());

        await IsCorrectAsync(video);
        await cluster.AssertNoWorkAsync();
        Assert.Equal(2, cluster.Calls.Count); // which have hung to the end
    }

    [Theory(Timeout = Limit)]
    [InlineData(1, 1)]
    [InlineData(4, 2)]
    public async Task Leads_work_for_each_other_and_never_wait_for_each_other(int slots, int videosOfEach)
    {
        var all = new TaskCompletionSource();
        var change = new ReplicaChange(ChunkCluster.HoldChunks(all.Task));
        await using var cluster = await ChunkCluster.StartAsync(change, workers: 0, ("MAX_TRANSCODES", $"{slots}"));
        IngestHost[] leads = [cluster.Lead, await cluster.AddWorkerAsync(change)];
        cluster.Replicas.Add(cluster.Lead.Address);
        cluster.OnCall = async (_, forward) =>
        {
            if (cluster.Calls.Select(call => call.Id.Video).Distinct().Count() == leads.Length * videosOfEach)
                all.TrySetResult(); // every lead is in the middle of all of its videos
            await forward();
        };
        var film = await ChunkCluster.FilmAsync();

        var videos = await Task.WhenAll(leads.SelectMany(lead => Enumerable.Range(0, videosOfEach).Select(_ => lead.IngestAsync(film))));

        foreach (var video in videos)
            await IsCorrectAsync(video);
        await cluster.AssertNoWorkAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task An_ingest_ends_a_chunk_on_the_only_slot_and_its_lead_calls_again()
    {
        var (working, arrived, repeated) = (new TaskCompletionSource(), new TaskCompletionSource(), new TaskCompletionSource());
        await using var cluster = await ChunkCluster.StartAsync(ChunkCluster.HoldChunks(repeated.Task), workers: 0, ("MAX_TRANSCODES", "1"));
        var (first, second) = (VideoId.New(), VideoId.New());
        var worker = await cluster.AddWorkerAsync(new ReplicaChange(key =>
        {
            if (!key.StartsWith(ObjectKeys.Work(first), StringComparison.Ordinal))
                return Task.CompletedTask;
            working.TrySetResult();
            return arrived.Task;
        }));
        ChunkId? ended = null;
        cluster.OnCall = async (context, forward) =>
        {
            var chunk = ChunkCluster.CallOf(context).Id;
            if (chunk == ended)
                repeated.TrySetResult();
            await forward();
            if (context.Response.StatusCode == StatusCodes.Status503ServiceUnavailable)
                ended = chunk;
        };
        var film = await ChunkCluster.FilmAsync();

        var leading = cluster.Lead.PostAsync(film, first);
        await working.Task.WaitAsync(Token);
        var arriving = worker.PostAsync(film, second);
        await worker.WaitForAsync(second, _ => true);
        arrived.SetResult();

        foreach (var (request, id) in ((Task<HttpResponseMessage>, VideoId)[])[(leading, first), (arriving, second)])
        {
            using var answer = await request;
            Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
            await IsCorrectAsync(await PublishedVideo.ReadAsync(cluster.Lead, id));
        }
        await cluster.AssertNoWorkAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task Replicas_of_another_image_do_not_help_and_cost_no_video()
    {
        var refused = new TaskCompletionSource();
        await using var cluster = await ChunkCluster.StartAsync(ChunkCluster.HoldChunks(refused.Task), workers: 0);
        await cluster.AddWorkerAsync(new ReplicaChange(Image: "another"));
        cluster.OnCall = async (context, forward) =>
        {
            await forward();
            Assert.Equal(StatusCodes.Status409Conflict, context.Response.StatusCode);
            if (cluster.Calls.Count > 2)
                refused.TrySetResult();
        };

        var video = await cluster.Lead.IngestAsync(await ChunkCluster.FilmAsync());

        await IsCorrectAsync(video);
        await cluster.AssertNoWorkAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task A_call_that_two_replicas_get_makes_one_chunk()
    {
        var helped = new TaskCompletionSource();
        await using var cluster = await ChunkCluster.StartAsync(ChunkCluster.HoldChunks(helped.Task), workers: 2, ("MAX_TRANSCODES", "4"));
        cluster.OnCall = async (context, _) =>
        {
            var call = ChunkCluster.CallOf(context);
            var answers = await Task.WhenAll(cluster.Replicas.Select(replica => cluster.DeliverAsync(replica, call, context.RequestAborted)));
            Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
            await answers[^1].Content.CopyToAsync(context.Response.Body, context.RequestAborted);
            helped.TrySetResult();
        };

        var video = await cluster.Lead.IngestAsync(await ChunkCluster.FilmAsync());

        await IsCorrectAsync(video);
        await IsAloneAsync(video);
        await cluster.AssertNoWorkAsync();
    }

    [Theory(Timeout = Limit)]
    [InlineData("ready")]
    [InlineData("deleted")]
    public async Task A_call_that_goes_on_when_its_video_is_over_leaves_nothing(string state)
    {
        var (working, over) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var cluster = await ChunkCluster.StartAsync(
            ChunkCluster.HoldChunks(state == "ready" ? working.Task : over.Task), workers: 0);
        var hold = ChunkCluster.HoldChunks(over.Task);
        var worker = await cluster.AddWorkerAsync(new ReplicaChange(key =>
        {
            if (!hold(key).IsCompleted)
                working.TrySetResult();
            return hold(key);
        }));
        // The gateway does not notice that the lead has hung up.
        var deliveries = new ConcurrentQueue<Task<HttpResponseMessage>>();
        cluster.OnCall = async (context, _) =>
        {
            var delivery = cluster.DeliverAsync(worker.Address, ChunkCluster.CallOf(context), CancellationToken.None);
            deliveries.Enqueue(delivery);
            context.Response.StatusCode = (int)(await delivery).StatusCode;
        };
        var id = VideoId.New();

        var request = cluster.Lead.PostAsync(await ChunkCluster.FilmAsync(), id);
        await working.Task.WaitAsync(Token);
        if (state == "deleted")
        {
            using var deleted = await cluster.Lead.Client.DeleteAsync(new Uri($"/videos/{id}", UriKind.Relative), Token);
            Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
            over.SetResult();
        }
        using var answer = await request;
        over.TrySetResult();

        Assert.Equal(state == "ready" ? HttpStatusCode.Created : HttpStatusCode.Conflict, answer.StatusCode);
        var ends = (await Task.WhenAll(deliveries)).Select(delivered => delivered.StatusCode).ToList();
        Assert.Contains(HttpStatusCode.ServiceUnavailable, ends);
        Assert.DoesNotContain(HttpStatusCode.OK, ends);
        // And one that comes only now.
        using var late = await cluster.DeliverAsync(worker.Address, cluster.Calls.First(), Token);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, late.StatusCode);
        await cluster.AssertNoWorkAsync();
        if (state == "deleted")
        {
            await cluster.Lead.AssertNothingIsLeftAsync();
            return;
        }
        var video = await PublishedVideo.ReadAsync(cluster.Lead, id);
        await IsCorrectAsync(video);
        await IsAloneAsync(video);
    }

    [Fact(Timeout = Limit)]
    public async Task A_lead_that_stalls_until_another_has_made_the_video_leaves_nothing()
    {
        // From its first cut on, nothing that it writes arrives: no heartbeat either.
        var (stalled, woken) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var cluster = await ChunkCluster.StartAsync(
            key =>
            {
                if (ChunkCluster.IsPackets(key))
                    stalled.TrySetResult();
                return stalled.Task.IsCompleted ? woken.Task : Task.CompletedTask;
            },
            workers: 1);
        var (id, film, next) = (VideoId.New(), await ChunkCluster.FilmAsync(), await cluster.AddWorkerAsync());
        var request = cluster.Lead.PostAsync(film, id);
        await stalled.Task.WaitAsync(Token);

        using var answer = await next.InsistAsync(film, id);
        var video = await PublishedVideo.ReadAsync(next, id);
        woken.SetResult();
        using var late = await request;

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.Conflict), (answer.StatusCode, late.StatusCode));
        await IsCorrectAsync(video);
        await IsAloneAsync(video);
        await cluster.AssertNoWorkAsync();
    }

    [Theory(Timeout = Limit)]
    [InlineData("a segment")]
    [InlineData("a still")]
    [InlineData("its marker")]
    public async Task A_finished_chunk_that_is_damaged_in_the_store_costs_no_video(string what)
    {
        var damaged = new TaskCompletionSource();
        await using var cluster = await ChunkCluster.StartAsync(ChunkCluster.HoldChunks(damaged.Task), workers: 1);
        cluster.OnCall = async (context, _) =>
        {
            var call = ChunkCluster.CallOf(context);
            using var answer = await cluster.DeliverAsync(cluster.Replicas[0], call, context.RequestAborted);
            if (answer.IsSuccessStatusCode)
                await DamageAsync(call.Id);
            context.Response.StatusCode = (int)answer.StatusCode;
            await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        };
        var film = await ChunkCluster.FilmAsync();

        var video = await cluster.Lead.IngestAsync(film);

        await IsMadeAsWithoutChunksAsync(video, film);
        await cluster.AssertNoWorkAsync();

        async Task DamageAsync(ChunkId chunk)
        {
            var store = cluster.Lead.Store;
            var keys = await store.ListAsync(chunk.Folder, Token).Select(entry => entry.Key).ToListAsync(Token);
            if (what == "its marker")
                // Not through the lead's store, whose writes are held.
                await File.WriteAllTextAsync(Path.Combine(cluster.Lead.StoreDirectory, chunk.Folder, "done.json"), "{", Token);
            else
                await store.DeleteAsync([keys.First(key => key.EndsWith(what == "a still" ? "/storyboard.ts" : "1.ts", StringComparison.Ordinal))], Token);
            damaged.TrySetResult();
        }
    }

    /// <summary>Nothing of the video is in the store but one attempt.</summary>
    private static async Task IsAloneAsync(PublishedVideo video)
    {
        var attempt = ObjectKeys.Attempt(video.Id, video.Status.Attempt);
        var keys = await video.Host.Store.ListAsync(ObjectKeys.Video(video.Id), Token).Select(entry => entry.Key).ToListAsync(Token);
        Assert.Equal(ObjectKeys.Multivariant(video.Id), Assert.Single(keys, key => !key.StartsWith(attempt, StringComparison.Ordinal)));
    }

    private static async Task IsMadeAsWithoutChunksAsync(PublishedVideo video, string film)
    {
        Assert.Contains(video.Host.Warnings, line => line.Contains("it cannot be encoded in chunks", StringComparison.Ordinal));
        await IsCorrectAsync(video);
        await IsAloneAsync(video);
        await using var host = await IngestHost.StartAsync(("COPY_SOURCE", "false"));
        var whole = await host.IngestAsync(film);
        Assert.Equal(whole.Status.Duration, video.Status.Duration);
        foreach (var (name, segment) in whole.Status.Renditions.SelectMany(
            rendition => Segments(whole, rendition.Name).Select(segment => (rendition.Name, segment.Name))))
            Assert.Equal(await File.ReadAllBytesAsync(whole.File(name, segment), Token), await File.ReadAllBytesAsync(video.File(name, segment), Token));
    }
}
