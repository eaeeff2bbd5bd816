using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using IngestVideo.Callbacks;
using IngestVideo.Status;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Reelseal;
using Reelseal.Storage;

namespace IngestVideo.Tests.Callbacks;

/// <summary>Callbacks: each event arrives, signed, however often a receiver or a replica fails, and nobody waits for it.</summary>
public sealed class CallbackTests
{
    private const int Limit = 300_000;
    private const string Key = "the key of callbacks, also long enough";

    private static readonly byte[] s_text = "no video at all, but quite some text"u8.ToArray();
    private static readonly CallbackSchedule s_quick = new([.. Enumerable.Repeat(TimeSpan.FromMilliseconds(200), 4)], Sweep: TimeSpan.FromSeconds(1));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory(Timeout = Limit)]
    [InlineData(true, Key)]
    [InlineData(false, Key)]
    [InlineData(true, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    public async Task The_final_status_arrives_signed_as_Standard_Webhooks_ask(bool good, string secret)
    {
        await using var receiver = await Receiver.StartAsync();
        await using var host = await StartAsync(receiver, secret: secret);
        var id = await UploadAsync(host, good ? await File.ReadAllBytesAsync(await Clip.SimpleAsync(), Token) : s_text);

        using var refused = await IngestAsync(host, id, "https://example.org/");
        using var response = await IngestAsync(host, id, receiver.Address);

        await IngestTests.AssertProblemAsync(refused, HttpStatusCode.BadRequest, "host that is allowed");
        Assert.Equal(good ? HttpStatusCode.Created : HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        var call = await receiver.NextAsync(call => call.Event != "video.playable");
        var status = JsonSerializer.Deserialize(call.Body, StatusJson.Default.VideoStatus)!;
        Assert.Equal((id.ToString(), good ? VideoState.Ready : VideoState.Failed, good), (status.Id, status.State, status.Error is null));
        Assert.Equal(good ? "video.ready" : "video.failed", call.Event);
        Assert.Equal($"{id}.{status.Attempt}.{(good ? "ready" : "failed")}", call.Id);
        var key = secret.StartsWith("whsec_", StringComparison.Ordinal) ? Convert.FromBase64String(secret["whsec_".Length..]) : Encoding.UTF8.GetBytes(secret);
        var time = call.Headers["webhook-timestamp"];
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        Assert.InRange(long.Parse(time, System.Globalization.CultureInfo.InvariantCulture), now - 60, now);
        var signature = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{call.Id}.{time}.{call.Body}"));
        Assert.Equal("v1," + Convert.ToBase64String(signature), call.Headers["webhook-signature"]);
        var old = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{time}.{call.Body}")));
        Assert.Equal($"t={time},v1={old}", call.Headers[CallbackSender.SignatureHeader]);
    }

    /// <summary>The example of the specification's own libraries.</summary>
    [Fact(Timeout = Limit)]
    public async Task The_signature_is_that_of_the_reference_implementation()
    {
        await using var receiver = await Receiver.StartAsync();
        var options = new IngestOptions
        {
            CallbackHosts = new HashSet<string> { "127.0.0.1" }, CallbackKey = [1], WebhookKey = Convert.FromBase64String("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        };
        using var sender = new CallbackSender(options, new At(DateTimeOffset.FromUnixTimeSeconds(1614265330)), NullLogger<CallbackSender>.Instance);

        var delivery = await sender.SendAsync(new("msg_p5jXN8AQM9LWM0D4loKWxJek", "x", new(receiver.Address), "{\"test\": 2432232314}", 1), Token);

        Assert.Equal(Delivery.Done, delivery);
        Assert.Equal("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", (await receiver.NextAsync(_ => true)).Headers["webhook-signature"]);
    }

    [Fact(Timeout = Limit)]
    public async Task The_callback_reports_that_a_video_is_playable_before_it_is_ready()
    {
        await using var receiver = await Receiver.StartAsync();
        IObjectStore? store = null;
        await using var host = await StartAsync(
            receiver, change: (services, root) => services.AddSingleton(store = new ChangedStore(
                new DirectoryObjectStore(Path.Combine(root, "store"), TimeSpan.FromSeconds(5)),
                async key =>
                {
                    // What is encoded waits until the first callback is there.
                    while (key.Contains("/234p/", StringComparison.Ordinal) && receiver.Calls.IsEmpty)
                        await Task.Delay(20, Token);
                })));
        var clip = await Clip.MakeAsync(
            "callback.mp4",
            $"-f lavfi -i testsrc2=s=640x360:r=25:d=4,{Transcoding.CopyTests.Tags} -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 50 -b:v 300k");

        using var response = await host.PostAsync(clip, query: $"?callback={Uri.EscapeDataString(receiver.Address)}");

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        await receiver.NextAsync(call => call.Event == "video.ready");
        Assert.Equal(
            ["video.playable transcoding", "video.ready ready"],
            receiver.Calls.Select(call => $"{call.Event} {call.Document.GetProperty("state").GetString()}"));
        Assert.All(receiver.Calls, call => Assert.True(call.Document.GetProperty("playable").GetBoolean()));
        await AssertNoneIsKeptAsync(host);
    }

    [Theory(Timeout = Limit)]
    [InlineData(StatusCodes.Status301MovedPermanently)]
    [InlineData(StatusCodes.Status302Found)]
    [InlineData(StatusCodes.Status307TemporaryRedirect)]
    [InlineData(StatusCodes.Status308PermanentRedirect)]
    [InlineData(StatusCodes.Status400BadRequest)]
    [InlineData(StatusCodes.Status410Gone)]
    public async Task A_callback_follows_no_redirect_and_does_not_insist_where_it_is_not_wanted(int status)
    {
        await using var receiver = await Receiver.StartAsync((context, _) =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = "/elsewhere";
            return Task.CompletedTask;
        });
        await using var host = await StartAsync(receiver);

        using var response = await IngestAsync(host, await UploadAsync(host, s_text), receiver.Address);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        await WaitForAsync(() => host.Warnings.Any(line => line.Contains($"answered {status}", StringComparison.Ordinal)));
        await AssertNoneIsKeptAsync(host);
        await Task.Delay(s_quick.Waits[0] * 2, Token);
        Assert.Equal(["POST /done"], receiver.Calls.Select(call => call.Request));
    }

    [Theory(Timeout = Limit)]
    [InlineData(StatusCodes.Status408RequestTimeout)]
    [InlineData(StatusCodes.Status429TooManyRequests)]
    [InlineData(StatusCodes.Status500InternalServerError)]
    [InlineData(StatusCodes.Status503ServiceUnavailable)]
    [InlineData(0)] // the connection breaks
    public async Task A_callback_is_sent_again_under_the_same_id_until_it_is_received(int status)
    {
        await using var receiver = await Receiver.StartAsync((context, number) =>
        {
            if (number < 3 && status == 0)
                context.Abort();
            context.Response.StatusCode = number < 3 ? status : StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        });
        await using var host = await StartAsync(receiver);

        using var response = await IngestAsync(host, await UploadAsync(host, s_text), receiver.Address);

        await WaitForAsync(() => receiver.Calls.Count == 3);
        await AssertNoneIsKeptAsync(host);
        var calls = receiver.Calls.ToList();
        Assert.Single(calls.Select(call => (call.Id, call.Body)).Distinct());
    }

    [Fact(Timeout = Limit)]
    public async Task A_callback_that_nobody_receives_is_given_up_in_the_end()
    {
        await using var receiver = await Receiver.StartAsync((context, _) =>
        {
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            return Task.CompletedTask;
        });
        await using var host = await StartAsync(receiver);

        using var response = await IngestAsync(host, await UploadAsync(host, s_text), receiver.Address);

        await WaitForAsync(() => host.Warnings.Any(line => line.Contains("given up after 5 attempts", StringComparison.Ordinal)));
        await AssertNoneIsKeptAsync(host);
        Assert.Equal(5, receiver.Calls.Count);
    }

    [Fact]
    public void The_waits_grow_and_come_to_an_hour()
    {
        var waits = CallbackSchedule.Default.Waits;

        Assert.Equal(waits.Order(), waits);
        Assert.InRange(waits.Sum(wait => wait.TotalMinutes), 60, 70);
    }

    /// <summary>Neither the caller nor the one transcode slot waits for a receiver that does not answer, nor for one whose answer has no end.</summary>
    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Nobody_waits_for_a_receiver(bool answers)
    {
        using var ended = new CancellationTokenSource();
        await using var receiver = await Receiver.StartAsync(async (context, _) =>
        {
            if (answers)
                await context.Response.StartAsync(Token);
            while (!context.RequestAborted.IsCancellationRequested && !ended.IsCancellationRequested)
            {
                if (answers)
                    await context.Response.WriteAsync(new string('x', 10_000), CancellationToken.None);
                await Task.Delay(10, CancellationToken.None);
            }
        });
        await using var host = await StartAsync(receiver, settings: ("MAX_TRANSCODES", "1"));

        using var response = await IngestAsync(host, await UploadAsync(host, s_text), receiver.Address);
        await receiver.NextAsync(_ => true);
        using var next = await IngestAsync(host, await UploadAsync(host, s_text), receiver.Address);

        Assert.Equal((HttpStatusCode.UnsupportedMediaType, HttpStatusCode.UnsupportedMediaType), (response.StatusCode, next.StatusCode));
        if (answers)
            await AssertNoneIsKeptAsync(host);
        else
            Assert.Contains(await host.KeysAsync(), key => key.StartsWith(ObjectKeys.CallbacksPrefix, StringComparison.Ordinal));
        await ended.CancelAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task A_callback_outlives_the_replica_that_was_to_send_it()
    {
        var port = FreePort();
        var address = $"http://127.0.0.1:{port}/done";
        var root = Directory.CreateTempSubdirectory("reelseal-test-").FullName;
        VideoId id;
        await using (var first = await StartAsync(root))
        {
            id = await UploadAsync(first, s_text);
            using var response = await IngestAsync(first, id, address);
            await WaitForAsync(() => first.Warnings.Any(line => line.Contains("cannot be reached", StringComparison.Ordinal)));
            Directory.Move(root, root + "-kept"); // a host removes its folder
        }
        Directory.Move(root + "-kept", root);

        await using var receiver = await Receiver.StartAsync(port: port);
        await using var second = await StartAsync(root);

        var call = await receiver.NextAsync(_ => true);
        Assert.Equal(("video.failed", id.ToString()), (call.Event, call.Document.GetProperty("id").GetString()));
        await AssertNoneIsKeptAsync(second);
    }

    [Fact(Timeout = Limit)]
    public async Task Of_two_replicas_one_sends()
    {
        await using var receiver = await Receiver.StartAsync();
        var root = Directory.CreateTempSubdirectory("reelseal-test-").FullName;
        var store = new DirectoryObjectStore(Path.Combine(root, "store"), TimeSpan.FromSeconds(5));
        await new CallbackOutbox(store).AddAsync(new("x.a.failed", "x", new(receiver.Address), "{}", Attempts: 0), Token);
        // Neither takes it before both have read it.
        var (taking, both) = (0, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        var shared = new ChangedStore(store, async key =>
        {
            if (!key.StartsWith(ObjectKeys.CallbacksPrefix, StringComparison.Ordinal))
                return;
            if (Interlocked.Increment(ref taking) == 2)
                both.SetResult();
            await both.Task;
        });
        await Task.Delay(s_quick.Sweep, Token);

        await using var first = await StartAsync(root, change: (services, _) => services.AddSingleton<IObjectStore>(shared));
        await using var second = await StartAsync(root, change: (services, _) => services.AddSingleton<IObjectStore>(shared));

        await receiver.NextAsync(_ => true);
        await AssertNoneIsKeptAsync(first);
        await Task.Delay(s_quick.Sweep, Token);
        Assert.Equal((2, 1), (taking, receiver.Calls.Count));
    }

    /// <summary>A message that waits for its turn is not taken yet, or its time would run out, and another replica would send it as well.</summary>
    [Fact(Timeout = Limit)]
    public async Task No_host_waits_for_another_and_nothing_is_taken_before_its_turn()
    {
        using var ended = new CancellationTokenSource();
        await using var dead = await Receiver.StartAsync(async (_, _) =>
        {
            while (!ended.IsCancellationRequested)
                await Task.Delay(10, CancellationToken.None);
        });
        await using var healthy = await Receiver.StartAsync();
        await using var host = await StartAsync(settings: ("CALLBACK_HOSTS", "127.0.0.1,localhost"));
        var delivery = host.Services.GetRequiredService<CallbackDelivery>();

        for (var number = 0; number < 20; number++)
            await EnqueueAsync(dead.Address);
        await WaitForAsync(() => dead.Calls.Count >= 4);
        await EnqueueAsync(healthy.Address.Replace("127.0.0.1", "localhost", StringComparison.Ordinal));
        await healthy.NextAsync(_ => true);

        Assert.Equal(4, dead.Calls.Count);
        var outbox = new CallbackOutbox(host.Store);
        var attempts = 0;
        await foreach (var id in outbox.ListAsync(minAge: TimeSpan.MinValue, Token))
            attempts += (await outbox.ReadAsync(id, Token))?.Message is { } message && message.Address.Host == "127.0.0.1" ? message.Attempts : 0;
        Assert.Equal(4, attempts);
        await ended.CancelAsync();

        Task EnqueueAsync(string address)
        {
            var now = DateTimeOffset.UtcNow;
            return delivery.EnqueueAsync(
                new(address), VideoEvent.Failed, new() { Id = $"{VideoId.New()}", State = VideoState.Failed, Created = now, Updated = now, Attempt = "a" });
        }
    }

    [Theory(Timeout = Limit)]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("""{"id":"a.a.ready","video":null,"address":"https://example.org/","body":"{}","attempts":0}""")]
    [InlineData("""{"id":"a.a.ready","video":"a","address":"elsewhere","body":"{}","attempts":0}""")]
    [InlineData("""{"id":"a.a.ready","video":"a","address":"https://example.org/","body":"{}","attempts":-1}""")]
    [InlineData("""{"id":"another","video":"a","address":"https://example.org/","body":"{}","attempts":0}""")]
    public async Task A_damaged_message_keeps_none_waiting(string content)
    {
        await using var receiver = await Receiver.StartAsync();
        var root = Directory.CreateTempSubdirectory("reelseal-test-").FullName;
        var store = new DirectoryObjectStore(Path.Combine(root, "store"), TimeSpan.FromSeconds(5));
        await store.PutAsync(ObjectKeys.Callback("a.a.ready"), new MemoryStream(Encoding.UTF8.GetBytes(content)), WriteCondition.None, Token);
        await new CallbackOutbox(store).AddAsync(new("x.a.ready", "x", new(receiver.Address), "{}", Attempts: 0), Token);

        await using var host = await StartAsync(root);

        await receiver.NextAsync(call => call.Id == "x.a.ready");
        Assert.Contains(host.Warnings, line => line.Contains("a.a.ready cannot be read", StringComparison.Ordinal));
    }

    [Fact(Timeout = Limit)]
    public async Task A_message_that_a_replica_sent_for_the_last_time_is_not_sent_again()
    {
        await using var receiver = await Receiver.StartAsync();
        var root = Directory.CreateTempSubdirectory("reelseal-test-").FullName;
        var store = new DirectoryObjectStore(Path.Combine(root, "store"), TimeSpan.FromSeconds(5));
        await new CallbackOutbox(store).AddAsync(new("x.a.failed", "x", new(receiver.Address), "{}", Attempts: s_quick.Waits.Count + 1), Token);

        await using var host = await StartAsync(root);

        await AssertNoneIsKeptAsync(host);
        Assert.Contains(host.Warnings, line => line.Contains("given up after 5 attempts", StringComparison.Ordinal));
        Assert.Empty(receiver.Calls);
    }

    /// <summary>A queue delivers a call twice, and the second meets a store error while the worker of the first has the video, or is gone.</summary>
    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_call_that_fails_before_it_begins_reports_no_failure_while_another_has_the_video(bool isSilent)
    {
        await using var receiver = await Receiver.StartAsync();
        await using var host = await StartAsync(
            receiver, change: (services, root) => services.AddSingleton<IObjectStore>(new ChangedStore(
                new DirectoryObjectStore(Path.Combine(root, "store"), TimeSpan.FromSeconds(5)), _ => Task.CompletedTask,
                beforeHead: key =>
                {
                    if (key.StartsWith(ObjectKeys.UploadsPrefix, StringComparison.Ordinal))
                        throw StoreError();
                })));
        var (id, now) = (VideoId.New(), DateTimeOffset.UtcNow);
        await host.Services.GetRequiredService<StatusStore>().WriteAsync(
            id, new() { Id = $"{id}", State = VideoState.Transcoding, Created = now, Updated = now, Attempt = "a" }, WriteCondition.IfNew, Token);
        if (isSilent)
            File.SetLastWriteTimeUtc(Path.Combine(host.StoreDirectory, ObjectKeys.Status(id)), DateTime.UtcNow.AddMinutes(-1));

        using var response = await IngestAsync(host, id, receiver.Address);

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        await AssertNoneIsKeptAsync(host); // it was kept before the answer, and is removed once it was received
        string[] reported = isSilent ? [$"{id}.a.failed"] : [];
        Assert.Equal(reported, receiver.Calls.Select(call => call.Id));
    }

    [Fact(Timeout = Limit)]
    public async Task A_failure_is_reported_even_if_its_status_could_not_be_written()
    {
        await using var receiver = await Receiver.StartAsync();
        var writes = 0;
        await using var host = await StartAsync(
            receiver, change: (services, root) => services.AddSingleton<IObjectStore>(new ChangedStore(
                new DirectoryObjectStore(Path.Combine(root, "store"), TimeSpan.FromSeconds(5)),
                key => key.StartsWith(ObjectKeys.StatusPrefix, StringComparison.Ordinal) && Interlocked.Increment(ref writes) > 1
                    ? throw StoreError() : Task.CompletedTask)),
            settings: ("HEARTBEAT_INTERVAL", "20s")); // the claim outlives the test
        var id = await UploadAsync(host, s_text);

        using var response = await IngestAsync(host, id, receiver.Address);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        var call = await receiver.NextAsync(_ => true);
        var stored = await host.WaitForAsync(id, _ => true);
        Assert.Equal((VideoState.Receiving, $"{id}.{stored.Attempt}.failed"), (stored.State, call.Id));
        Assert.Contains("not a video", call.Document.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task A_complete_video_whose_status_could_not_be_written_is_not_reported_as_failed()
    {
        await using var receiver = await Receiver.StartAsync();
        var (hasManifest, isComplete) = (false, false);
        await using var host = await StartAsync(
            receiver, change: (services, root) => services.AddSingleton<IObjectStore>(new ChangedStore(
                new DirectoryObjectStore(Path.Combine(root, "store"), TimeSpan.FromSeconds(5)),
                key =>
                {
                    if (isComplete && key.StartsWith(ObjectKeys.StatusPrefix, StringComparison.Ordinal))
                        throw StoreError();
                    hasManifest |= key.EndsWith("/" + ObjectKeys.ManifestName, StringComparison.Ordinal);
                    isComplete |= hasManifest && key.EndsWith("/multivariant.m3u8", StringComparison.Ordinal);
                    return Task.CompletedTask;
                })));
        var id = await UploadAsync(host, await File.ReadAllBytesAsync(await Clip.SimpleAsync(), Token));

        using var response = await IngestAsync(host, id, receiver.Address);

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        var call = await receiver.NextAsync(call => call.Event != "video.playable");
        Assert.Equal(("video.ready", "ready"), (call.Event, call.Document.GetProperty("state").GetString()));
    }

    /// <summary>A replica may end while it removes what is no longer needed.</summary>
    [Fact(Timeout = Limit)]
    public async Task A_complete_video_is_reported_before_anything_is_removed()
    {
        await using var receiver = await Receiver.StartAsync();
        var removals = 0;
        await using var host = await StartAsync(
            receiver, change: (services, root) => services.AddSingleton<IObjectStore>(new ChangedStore(
                new DirectoryObjectStore(Path.Combine(root, "store"), TimeSpan.FromSeconds(5)), _ => Task.CompletedTask,
                beforeDelete: async keys =>
                {
                    if (!keys.Any(key => key.Contains("/old/", StringComparison.Ordinal) || key.StartsWith(ObjectKeys.UploadsPrefix, StringComparison.Ordinal)))
                        return;
                    await receiver.NextAsync(call => call.Event == "video.ready");
                    removals++;
                })));
        var id = await UploadAsync(host, await File.ReadAllBytesAsync(await Clip.SimpleAsync(), Token));
        await host.Store.PutAsync(ObjectKeys.Attempt(id, "old") + "init.mp4", new MemoryStream([0]), WriteCondition.None, Token);

        using var response = await IngestAsync(host, id, receiver.Address);

        Assert.Equal((HttpStatusCode.Created, 2), (response.StatusCode, removals));
        Assert.Single(receiver.Calls, call => call.Event == "video.ready");
    }

    [Fact(Timeout = Limit)]
    public async Task A_sender_that_reads_the_refusal_in_the_answer_gets_a_callback_all_the_same()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var host = await StartAsync(receiver);
        using var text = new MemoryStream(s_text);

        using var response = await host.PostAsync(text, query: $"?callback={Uri.EscapeDataString(receiver.Address)}");

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        var call = await receiver.NextAsync(_ => true);
        Assert.Equal(("video.failed", "failed"), (call.Event, call.Document.GetProperty("state").GetString()));
        Assert.Contains("not a video", call.Document.GetProperty("error").GetString(), StringComparison.Ordinal);
        await host.AssertNothingIsLeftAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task A_deletion_takes_what_is_not_delivered_with_it()
    {
        await using var host = await StartAsync();
        var id = await UploadAsync(host, s_text);
        using var response = await IngestAsync(host, id, $"http://127.0.0.1:{FreePort()}/");
        await WaitForAsync(() => host.Warnings.Any(line => line.Contains("cannot be reached", StringComparison.Ordinal)));

        using var deleted = await host.Client.DeleteAsync(new Uri($"/videos/{id}", UriKind.Relative), Token);

        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        await host.AssertNothingIsLeftAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task A_deletion_takes_the_source_even_if_callbacks_cannot_be_removed()
    {
        await using var host = await StartAsync(
            change: (services, root) => services.AddSingleton<IObjectStore>(new ChangedStore(
                new DirectoryObjectStore(Path.Combine(root, "store"), TimeSpan.FromSeconds(5)), _ => Task.CompletedTask,
                beforeDelete: keys =>
                    keys.Any(key => key.StartsWith(ObjectKeys.CallbacksPrefix, StringComparison.Ordinal)) ? throw StoreError() : Task.CompletedTask)));
        var id = await UploadAsync(host, s_text);
        await new CallbackOutbox(host.Store).AddAsync(new($"{id}.a.ready", $"{id}", new("https://example.org/"), "{}", Attempts: 0), Token);

        using var deleted = await host.Client.DeleteAsync(new Uri($"/videos/{id}", UriKind.Relative), Token);

        Assert.Equal(HttpStatusCode.BadGateway, deleted.StatusCode);
        Assert.DoesNotContain(ObjectKeys.Upload(id), await host.KeysAsync());
    }

    /// <summary>A host may lose its place in the list while a callback waits, and an object may have been written by another.</summary>
    [Theory(Timeout = Limit)]
    [InlineData("https://example.org/")]
    [InlineData("http://169.254.169.254/latest/meta-data/")]
    [InlineData("http://localhost:1/")]
    public async Task A_callback_that_waits_goes_only_where_it_is_allowed(string address)
    {
        var root = Directory.CreateTempSubdirectory("reelseal-test-").FullName;
        var store = new DirectoryObjectStore(Path.Combine(root, "store"), TimeSpan.FromSeconds(5));
        await new CallbackOutbox(store).AddAsync(new("x.a.failed", "x", new(address), "{}", Attempts: 0), Token);
        await Task.Delay(s_quick.Sweep, Token);

        await using var host = await StartAsync(root);

        await WaitForAsync(() => host.Warnings.Any(line => line.Contains("is not sent: callback must be", StringComparison.Ordinal)));
        await AssertNoneIsKeptAsync(host);
    }

    [Theory]
    [InlineData("whsec_", false)]
    [InlineData("whsec_this is not base64, though long enough", false)]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", true)]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa==", false)]
    [InlineData("any text of thirty-two characters", true)]
    [InlineData("short", false)]
    public void A_key_is_checked_at_the_start(string secret, bool isGood)
    {
        var folder = Directory.CreateTempSubdirectory("reelseal-test-").FullName;
        File.WriteAllText(Path.Combine(folder, "reelseal-callback-key"), secret);
        var settings = new Settings(_ => null, folder);

        IngestOptions.Read(settings, containerBytes: 16L << 30);

        Assert.Equal(isGood, !settings.Errors.Any(error => error.Contains("reelseal-callback-key", StringComparison.Ordinal)));
        Directory.Delete(folder, recursive: true);
    }

    private static Task<IngestHost> StartAsync(
        Receiver? receiver = null, string secret = Key, Action<IServiceCollection, string>? change = null, params (string, string)[] settings) =>
        StartAsync(Directory.CreateTempSubdirectory("reelseal-test-").FullName, secret, change, settings);

    private static async Task<IngestHost> StartAsync(
        string root, string secret = Key, Action<IServiceCollection, string>? change = null, params (string, string)[] settings)
    {
        Directory.CreateDirectory(Path.Combine(root, "secrets"));
        await File.WriteAllTextAsync(Path.Combine(root, "secrets", "reelseal-callback-key"), secret);
        return await IngestHost.StartAsync(
            root,
            services =>
            {
                services.AddSingleton(s_quick);
                change?.Invoke(services, root);
            },
            [("CALLBACK_HOSTS", "127.0.0.1"), .. settings]);
    }

    private static async Task<VideoId> UploadAsync(IngestHost host, byte[] source)
    {
        var id = VideoId.New();
        await host.Store.PutAsync(ObjectKeys.Upload(id), new MemoryStream(source), WriteCondition.None, Token);
        return id;
    }

    private static async Task<HttpResponseMessage> IngestAsync(IngestHost host, VideoId id, string callback)
    {
        using var content = new StringContent($$"""{"source":"uploads/{{id}}","callback":"{{callback}}"}""", Encoding.UTF8, "application/json");
        return await host.Client.PostAsync(new Uri("/", UriKind.Relative), content, Token);
    }

    private static Task AssertNoneIsKeptAsync(IngestHost host) =>
        WaitForAsync(() => !host.KeysAsync().Result.Exists(key => key.StartsWith(ObjectKeys.CallbacksPrefix, StringComparison.Ordinal)));

    private static async Task WaitForAsync(Func<bool> condition)
    {
        while (!condition())
            await Task.Delay(50, Token);
    }

    private static UpstreamException StoreError() => new("The store failed.", timedOut: false);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private sealed class At(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }

    private sealed record Call(string Request, Dictionary<string, string> Headers, string Body)
    {
        public string Id => Headers["webhook-id"];

        public JsonElement Document => JsonDocument.Parse(Body).RootElement;

        public string? Event => Document.TryGetProperty("event", out var name) ? name.GetString() : null;
    }

    /// <summary>A server that notes what it receives.</summary>
    private sealed class Receiver(WebApplication app) : IAsyncDisposable
    {
        public ConcurrentQueue<Call> Calls { get; } = new();

        public string Address => app.Urls.First() + "/done";

        /// <param name="answer">Answers the call of a number, from 1; by default 200.</param>
        /// <param name="port">Where it listens, or 0.</param>
        public static async Task<Receiver> StartAsync(Func<HttpContext, int, Task>? answer = null, int port = 0)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
            builder.Logging.ClearProviders();
            var app = builder.Build();
            var receiver = new Receiver(app);
            app.Run(async context =>
            {
                using var reader = new StreamReader(context.Request.Body);
                var body = await reader.ReadToEndAsync(Token);
                var headers = context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase);
                receiver.Calls.Enqueue(new($"{context.Request.Method} {context.Request.Path}", headers, body));
                if (answer is not null)
                    await answer(context, receiver.Calls.Count);
            });
            await app.StartAsync(Token);
            return receiver;
        }

        /// <summary>Waits for a call.</summary>
        public async Task<Call> NextAsync(Func<Call, bool> wanted)
        {
            await WaitForAsync(() => Calls.Any(wanted));
            return Calls.First(wanted);
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();
    }
}
