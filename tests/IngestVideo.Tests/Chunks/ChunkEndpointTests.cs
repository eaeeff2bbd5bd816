using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IngestVideo.Chunks;
using Microsoft.Extensions.DependencyInjection;
using Reelseal.Storage;
using Reelseal.Testing;

namespace IngestVideo.Tests.Chunks;

/// <summary><c>POST /chunks</c> is open to the lead of a video, for one chunk of it, and to nobody else.</summary>
public sealed class ChunkEndpointTests(ChunkEndpointTests.HeldLead held) : IClassFixture<ChunkEndpointTests.HeldLead>
{
    private const int Limit = 300_000;
    private static readonly byte[] s_key = Encoding.UTF8.GetBytes(ChunkCluster.WorkerKey);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task A_call_is_answered_with_its_length_and_an_end_and_the_result_is_in_the_store()
    {
        using var answer = await SendAsync(held.Body);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.NotNull(answer.Content.Headers.ContentLength);
        var said = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Token))!;
        Assert.Equal("reelseal", (string?)said["end"]);
        var folder = $"work/{Call["video"]}/{Call["plan"]}/{said["chunk"]}/";
        Assert.NotNull(await held.Worker.Store.HeadAsync(folder + "done.json", Token));
        // Again: nothing more is written.
        var keys = await KeysAsync(folder);
        using var again = await SendAsync(held.Body);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        Assert.Equal(keys, await KeysAsync(folder));
        Assert.All(keys, key => Assert.StartsWith(folder, key, StringComparison.Ordinal));
    }

    [Theory(Timeout = Limit)]
    [InlineData("none")]
    [InlineData("a bearer token")]
    [InlineData("of another key")]
    [InlineData("over")]
    [InlineData("for another body")]
    [InlineData("with another end")]
    [InlineData("cut off")]
    [InlineData("in the query")]
    [InlineData("twice")]
    [InlineData("without a full stop")]
    public async Task Without_a_token_for_this_body_a_call_is_refused(string token)
    {
        var (now, timeout) = (DateTimeOffset.UtcNow, TimeSpan.FromSeconds(50));
        var good = ChunkToken.Create(s_key, held.Body, now, timeout);
        string[] tokens = token switch
        {
            "none" or "a bearer token" or "in the query" => [],
            "of another key" => [ChunkToken.Create(Encoding.UTF8.GetBytes(IngestHost.Key), held.Body, now, timeout)],
            "over" => [ChunkToken.Create(s_key, held.Body, now - TimeSpan.FromSeconds(61), timeout)],
            "for another body" => [ChunkToken.Create(s_key, [.. held.Body, (byte)' '], now, timeout)],
            "with another end" => [$"{now.ToUnixTimeSeconds() + 3600}.{good.Split('.')[1]}"],
            "cut off" => [good[..^1]],
            "twice" => [good, good],
            _ => [good.Split('.')[1]],
        };
        using var client = held.Worker.CreateClient(token == "a bearer token" ? IngestHost.Token() : null);
        using var answer = await SendAsync(client, held.Body, tokens, token == "in the query" ? $"?X-Chunk-Token={good}" : "");

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("Chunk", answer.Headers.WwwAuthenticate.ToString());
        Assert.True(answer.Headers.CacheControl?.NoStore);
    }

    [Theory(Timeout = Limit)]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{")]
    [InlineData("{\"video\":\"x\"}")]
    public async Task A_body_that_is_not_a_call_is_refused(string body)
    {
        using var answer = await SendAsync(Encoding.UTF8.GetBytes(body));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Theory(Timeout = Limit)]
    [InlineData("video", "../../videos")]
    [InlineData("video", "3F0E0B52-6A33-4F0C-9A51-0C8A4A3C1A77")]
    [InlineData("plan", "../../../videos/3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77/0123456789abcdef/720p/000000")]
    [InlineData("plan", "0")]
    [InlineData("image", null)]
    [InlineData("caller", null)]
    [InlineData("job", null)]
    [InlineData("job", "text")]
    public async Task A_call_that_names_something_else_is_refused(string name, string? value)
    {
        using var answer = await SendAsync(Changed(name, value));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task A_body_that_is_too_long_is_refused()
    {
        using var answer = await SendAsync([.. held.Body, .. Enumerable.Repeat((byte)' ', ChunkCall.MaxBytes)]);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task A_call_that_comes_back_to_its_caller_is_refused()
    {
        using var answer = await SendAsync(Changed("caller", held.Worker.Services.GetRequiredService<Replica>().Id));
        Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task A_replica_of_another_image_refuses()
    {
        using var answer = await SendAsync(Changed("image", "0.1.0 5.1"));
        Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task Packets_of_another_plan_are_not_found()
    {
        using var answer = await SendAsync(Changed("plan", new('0', ChunkId.PlanLength)));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task A_function_without_a_key_has_no_such_route()
    {
        await using var closed = await IngestHost.StartAsync();
        using var client = closed.CreateClient(token: null);
        using var answer = await SendAsync(client, held.Body, [ChunkToken.Create(s_key, held.Body, DateTimeOffset.UtcNow, TimeSpan.FromSeconds(50))]);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task A_replica_whose_slots_are_taken_refuses()
    {
        var worker = await held.Cluster.AddWorkerAsync(("MAX_TRANSCODES", "2"));
        using var taken = worker.Services.GetRequiredService<TranscodeSlots>().TryTake();
        using var answer = await SendAsync(worker.CreateClient(token: null), held.SlowBody);
        Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task An_ingest_ends_a_chunk_where_there_is_one_slot()
    {
        var worker = await held.Cluster.AddWorkerAsync(("MAX_TRANSCODES", "1"));
        var call = SendAsync(worker.CreateClient(token: null), held.SlowBody);
        await WaitForProgramAsync(worker);

        using var ingest = worker.Services.GetRequiredService<TranscodeSlots>().TryTake();
        using var answer = await call;

        Assert.NotNull(ingest);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Empty(RunningPrograms.WorkingIn(held.Cluster.WorkDirectoryOf(worker)));
    }

    [Fact(Timeout = Limit)]
    public async Task When_the_caller_is_gone_ffmpeg_is_killed()
    {
        var worker = await held.Cluster.AddWorkerAsync();
        using var caller = new CancellationTokenSource();
        var call = SendAsync(worker.CreateClient(token: null), held.SlowBody, caller.Token);
        await WaitForProgramAsync(worker);

        await caller.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);

        while (Directory.EnumerateFileSystemEntries(held.Cluster.WorkDirectoryOf(worker)).Any())
            await Task.Delay(20, Token);
        Assert.Empty(RunningPrograms.WorkingIn(held.Cluster.WorkDirectoryOf(worker)));
    }

    private JsonObject Call => JsonNode.Parse(held.Body)!.AsObject();

    private byte[] Changed(string name, string? value)
    {
        var call = Call;
        call[name] = value;
        return JsonSerializer.SerializeToUtf8Bytes(call);
    }

    private async Task WaitForProgramAsync(IngestHost worker)
    {
        while (!RunningPrograms.WorkingIn(held.Cluster.WorkDirectoryOf(worker)).Any())
            await Task.Delay(5, Token);
    }

    private async Task<List<string>> KeysAsync(string prefix) =>
        await held.Worker.Store.ListAsync(prefix, Token).Select(entry => entry.Key).ToListAsync(Token);

    private async Task<HttpResponseMessage> SendAsync(byte[] body)
    {
        using var client = held.Worker.CreateClient(token: null);
        return await SendAsync(client, body);
    }

    private static Task<HttpResponseMessage> SendAsync(HttpClient client, byte[] body, CancellationToken cancellationToken = default) =>
        SendAsync(client, body, [ChunkToken.Create(s_key, body, DateTimeOffset.UtcNow, TimeSpan.FromSeconds(50))], "", cancellationToken);

    private static async Task<HttpResponseMessage> SendAsync(
        HttpClient client, byte[] body, string[] tokens, string query = "", CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/chunks" + query) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        request.Headers.Add(ChunkToken.Header, tokens);
        return await client.SendAsync(request, cancellationToken);
    }

    /// <summary>A lead that is held in the middle of a video: its calls are here, and the packets are in the store.</summary>
    public sealed class HeldLead : IAsyncLifetime
    {
        /// <summary>No test's time limit covers a fixture.</summary>
        private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

        private readonly SegmentGate _gate = new();
        private Task? _ingest;

        internal ChunkCluster Cluster { get; private set; } = null!;

        internal IngestHost Worker { get; private set; } = null!;

        /// <summary>The body of its first call.</summary>
        internal byte[] Body { get; private set; } = null!;

        /// <summary>The body of its second call, which is for another chunk.</summary>
        internal byte[] SlowBody { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            var two = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Cluster = await ChunkCluster.StartAsync(_gate.BeforePut, workers: 0);
            Cluster.OnCall = async (context, _) =>
            {
                // The first waits for the second: after a call that reached nobody, the lead may call for the same chunk again and for no other.
                if (Cluster.Calls.Count >= 2)
                    two.TrySetResult();
                await two.Task.WaitAsync(context.RequestAborted);
                context.Response.StatusCode = 404; // the next call is not made at once
            };
            Worker = await Cluster.AddWorkerAsync();
            _ingest = Cluster.Lead.PostAsync(await Clip.SimpleAsync("1280x720", seconds: 60));
            await two.Task.WaitAsync(s_limit);
            var calls = Cluster.Calls.Take(2).ToList();
            Assert.NotEqual(calls[0].Id, calls[1].Id);
            (Body, SlowBody) = (calls[0].Body, calls[1].Body);
        }

        public async ValueTask DisposeAsync()
        {
            _gate.Open();
            if (_ingest is null)
                return; // nothing was started
            await _ingest.WaitAsync(s_limit);
            await Cluster.DisposeAsync();
        }
    }
}
