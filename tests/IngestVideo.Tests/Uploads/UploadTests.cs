using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using IngestVideo.Status;
using IngestVideo.Uploads;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.DependencyInjection;
using Reelseal;
using Reelseal.Storage;
using Reelseal.Testing;
using Reelseal.Tokens;

namespace IngestVideo.Tests.Uploads;

/// <summary>Uploads by reference: in parts straight to the store, and from there.</summary>
public sealed class UploadTests(CephRgw rgw)
{
    private const int Limit = 300_000;

    [Fact(Timeout = Limit)]
    public async Task A_video_sent_in_parts_to_a_directory_is_ingested_by_reference()
    {
        await using var parts = await PartServer.StartAsync();
        await using var host = await parts.HostAsync();

        await SendAndIngestAsync(host);

        Assert.DoesNotContain(await host.KeysAsync(), key => key.StartsWith("uploads/", StringComparison.Ordinal));
        Assert.Equal(["key"], Directory.EnumerateFileSystemEntries(Path.Combine(host.StoreDirectory, ".uploads")).Select(Path.GetFileName));
    }

    [Fact(Timeout = Limit)]
    public async Task A_video_sent_in_parts_to_S3_is_ingested_by_reference()
    {
        await using var host = await IngestHost.StartAsync(await rgw.CreateBucketAsync());

        await SendAndIngestAsync(host);

        var keys = await host.KeysAsync();
        Assert.DoesNotContain(keys, key => key.StartsWith("uploads/", StringComparison.Ordinal));
        Assert.Single(keys, key => key.EndsWith("multivariant.m3u8", StringComparison.Ordinal));
    }

    [Fact(Timeout = Limit)]
    public async Task An_upload_to_S3_that_is_given_up_leaves_nothing()
    {
        var bucket = await rgw.CreateBucketAsync();
        using var s3 = bucket.CreateClient();
        await using var host = await IngestHost.StartAsync(bucket);
        var upload = await BeginAsync(host, 100);
        await SendPartAsync(upload, upload.Parts[0], new byte[100]);
        Assert.Single((await s3.ListMultipartUploadsAsync(bucket.Name)).MultipartUploads);

        using var wrong = await host.Client.PostAsync($"/uploads/{upload.VideoId}/complete", Json("""{"parts":[{"number":1,"etag":"x"}]}"""));
        using var removed = await host.Client.DeleteAsync($"/uploads/{upload.VideoId}");
        using var again = await host.Client.DeleteAsync($"/uploads/{upload.VideoId}");

        await IngestTests.AssertProblemAsync(wrong, HttpStatusCode.BadRequest, "not those that were sent");
        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NotFound), (removed.StatusCode, again.StatusCode));
        Assert.Empty(await host.KeysAsync());
        Assert.Empty((await s3.ListMultipartUploadsAsync(bucket.Name)).MultipartUploads ?? []);
    }

    [Fact(Timeout = Limit)]
    public async Task Two_ingests_of_one_id_at_once_publish_one_video_on_S3_as_well()
    {
        var gate = new SegmentGate();
        await using var host = await IngestHost.StartAsync(await rgw.CreateBucketAsync(), gate.BeforePut);
        var (clip, id) = (await Clip.SimpleAsync(), VideoId.New());

        var responses = await gate.UntilOneIsRefusedAsync(host.PostAsync(clip, id), host.PostAsync(clip, id));

        Assert.Equal([HttpStatusCode.Created, HttpStatusCode.Conflict], responses.Select(response => response.StatusCode).Order());
        Assert.Single(await host.KeysAsync(), key => key.EndsWith("poster.jpg", StringComparison.Ordinal));
    }

    [Theory(Timeout = Limit)]
    [InlineData("directory")]
    [InlineData("S3")]
    public async Task An_interrupted_upload_resumes(string store)
    {
        await using var parts = await PartServer.StartAsync();
        await using var host = store == "S3" ? await IngestHost.StartAsync(await rgw.CreateBucketAsync()) : await parts.HostAsync();
        var video = await LargeVideoAsync();
        var upload = await BeginAsync(host, video.Length);
        Assert.Equal(2, upload.Parts.Count);
        var first = await SendPartAsync(upload, upload.Parts[0], video);

        var resumed = JsonSerializer.Deserialize(await host.Client.GetStringAsync($"/uploads/{upload.VideoId}"), UploadJson.Default.UploadDocument)!;

        Assert.Equal([first], resumed.Uploaded);
        Assert.Equal([2], resumed.Parts.Select(part => part.Number));
        var second = await SendPartAsync(resumed, resumed.Parts[0], video);
        var (one, two) = (JsonSerializer.Serialize(first.Etag), JsonSerializer.Serialize(second.Etag));
        using var completion = await host.Client.PostAsync(
            $"/uploads/{upload.VideoId}/complete", Json($$"""{"parts":[{"number":2,"etag":{{two}}},{"number":1,"etag":{{one}}}]}"""));
        Assert.Equal($$"""{"source":"uploads/{{upload.VideoId}}"}""", await completion.Content.ReadAsStringAsync());
        await using var stored = (await host.Store.GetAsync($"uploads/{upload.VideoId}", null, null, CancellationToken.None))!;
        Assert.Equal(Convert.ToHexString(SHA256.HashData(video)), Convert.ToHexString(await SHA256.HashDataAsync(stored.Content)));
    }

    [Theory(Timeout = Limit)]
    [InlineData("directory", false)]
    [InlineData("S3", false)]
    [InlineData("directory", true)] // the gateway sends no length
    public async Task Without_a_body_an_upload_is_completed_with_all_parts_that_are_there(string store, bool isChunked)
    {
        await using var parts = await PartServer.StartAsync();
        await using var host = store == "S3" ? await IngestHost.StartAsync(await rgw.CreateBucketAsync()) : await parts.HostAsync();
        var video = await LargeVideoAsync();
        var upload = await BeginAsync(host, video.Length);
        await SendPartAsync(upload, upload.Parts[1], video);
        using var early = await CompleteAsync();
        await SendPartAsync(upload, upload.Parts[0], video);

        using var completion = await CompleteAsync();

        await IngestTests.AssertProblemAsync(early, HttpStatusCode.BadRequest, "not the");
        Assert.Equal($$"""{"source":"uploads/{{upload.VideoId}}"}""", await completion.Content.ReadAsStringAsync());
        await using var stored = (await host.Store.GetAsync($"uploads/{upload.VideoId}", null, null, CancellationToken.None))!;
        Assert.Equal(Convert.ToHexString(SHA256.HashData(video)), Convert.ToHexString(await SHA256.HashDataAsync(stored.Content)));

        async Task<HttpResponseMessage> CompleteAsync()
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/uploads/{upload.VideoId}/complete");
            if (isChunked)
            {
                request.Content = new StreamContent(Stream.Null);
                request.Headers.TransferEncodingChunked = true;
            }
            return await host.Client.SendAsync(request);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task A_part_URL_accepts_only_its_own_part()
    {
        await using var parts = await PartServer.StartAsync();
        await using var host = await parts.HostAsync();
        var upload = await BeginAsync(host, 1000);
        var address = upload.Parts[0].Url.AbsoluteUri;
        using var client = new HttpClient();

        foreach (var changed in (string[])
            [
                address.Replace("partNumber=1", "partNumber=2", StringComparison.Ordinal), address.Replace("expires=", "expires=1", StringComparison.Ordinal),
                address[..^3] + "AAA", address.Split('?')[0],
            ])
        {
            using var response = await client.PutAsync(new Uri(changed), new ByteArrayContent([1, 2, 3]));
            Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task Parts_that_were_not_sent_do_not_complete_an_upload()
    {
        await using var parts = await PartServer.StartAsync();
        await using var host = await parts.HostAsync();
        var upload = await BeginAsync(host, 1000);

        using var wrong = await host.Client.PostAsync($"/uploads/{upload.VideoId}/complete", Json("""{"parts":[{"number":1,"etag":"x"}]}"""));
        using var none = await host.Client.PostAsync($"/uploads/{upload.VideoId}/complete", Json("""{"parts":[]}"""));
        using var early = await host.Client.PostAsync("/", Json($$"""{"source":"uploads/{{upload.VideoId}}"}"""));
        using var removed = await host.Client.DeleteAsync($"/uploads/{upload.VideoId}");
        using var gone = await host.Client.GetAsync($"/uploads/{upload.VideoId}");

        await IngestTests.AssertProblemAsync(wrong, HttpStatusCode.BadRequest, "not those that were sent");
        await IngestTests.AssertProblemAsync(none, HttpStatusCode.BadRequest, "parts");
        await IngestTests.AssertProblemAsync(early, HttpStatusCode.NotFound, "no such upload");
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        await IngestTests.AssertProblemAsync(gone, HttpStatusCode.NotFound, "no such upload");
    }

    [Theory(Timeout = Limit)]
    [InlineData(999)]
    [InlineData(1001)]
    public async Task Parts_that_hold_another_number_of_bytes_than_was_announced_do_not_complete_an_upload(int sent)
    {
        await using var parts = await PartServer.StartAsync();
        await using var host = await parts.HostAsync();
        var upload = await BeginAsync(host, 1000);
        var part = await SendPartAsync(upload, upload.Parts[0], new byte[sent]);

        using var response = await CompleteAsync(host, upload, part);

        await IngestTests.AssertProblemAsync(response, HttpStatusCode.BadRequest, $"hold {sent} bytes together, not the 1000 that were announced");
        Assert.Null(await host.Store.HeadAsync($"uploads/{upload.VideoId}", CancellationToken.None));
        // The right part may follow.
        using var second = await CompleteAsync(host, upload, await SendPartAsync(upload, upload.Parts[0], new byte[1000]));
        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task Parts_that_are_larger_than_a_video_may_be_are_413_and_the_upload_is_removed()
    {
        await using var parts = await PartServer.StartAsync();
        await using var host = await parts.HostAsync(("MAX_UPLOAD_BYTES", "1000"));
        var upload = await BeginAsync(host, 1000);
        var part = await SendPartAsync(upload, upload.Parts[0], new byte[1001]);

        using var response = await CompleteAsync(host, upload, part);

        await IngestTests.AssertProblemAsync(response, HttpStatusCode.RequestEntityTooLarge, "1,000 bytes");
        Assert.Empty(await host.KeysAsync());
    }

    [Theory(Timeout = Limit)]
    [InlineData("/uploads", """{"size":0}""", HttpStatusCode.BadRequest)]
    [InlineData("/uploads", """{"size":9000000000000}""", HttpStatusCode.RequestEntityTooLarge)]
    [InlineData("/uploads", "not json", HttpStatusCode.BadRequest)]
    [InlineData("/", """{"source":"uploads/../status/x.json"}""", HttpStatusCode.BadRequest)]
    [InlineData("/", """{"source":"http://169.254.169.254/"}""", HttpStatusCode.BadRequest)]
    [InlineData("/", "{}", HttpStatusCode.BadRequest)]
    [InlineData("/", """{"source":"uploads/11111111-1111-1111-1111-111111111111"}""", HttpStatusCode.NotFound)]
    public async Task Requests_that_cannot_be_met_are_refused(string path, string body, HttpStatusCode status)
    {
        await using var parts = await PartServer.StartAsync();
        await using var host = await parts.HostAsync();

        using var response = await host.Client.PostAsync(path, Json(body));

        await IngestTests.AssertProblemAsync(response, status, "");
    }

    [Fact(Timeout = Limit)]
    public async Task A_token_for_one_video_opens_no_other_upload()
    {
        await using var host = await IngestHost.StartAsync();
        var (mine, other) = (VideoId.New(), VideoId.New());
        using var client = host.CreateClient(IngestHost.Token(Scopes.Ingest, mine.ToString()));

        using var reference = await client.PostAsync("/", Json($$"""{"source":"uploads/{{other}}"}"""));
        using var status = await client.GetAsync($"/uploads/{other}");
        using var unnamed = await client.PostAsync("/uploads", Json("""{"size":1}"""));

        Assert.Equal([HttpStatusCode.Forbidden, HttpStatusCode.Forbidden, HttpStatusCode.Forbidden],
            new[] { reference, status, unnamed }.Select(response => response.StatusCode));
    }

    [Fact(Timeout = Limit)]
    public async Task An_undecodable_upload_fails_with_a_status_that_says_why()
    {
        await using var host = await IngestHost.StartAsync();
        var id = VideoId.New();
        await host.Store.PutAsync(
            $"uploads/{id}", new MemoryStream("no video at all, but quite some text"u8.ToArray()), WriteCondition.None, CancellationToken.None);

        using var response = await host.Client.PostAsync("/", Json($$"""{"source":"uploads/{{id}}"}"""));

        await IngestTests.AssertProblemAsync(response, HttpStatusCode.UnsupportedMediaType, "not a video");
        Assert.Equal([$"status/{id}.json"], await host.KeysAsync());
        Assert.Contains("not a video", (await host.WaitForAsync(id, status => status.State == VideoState.Failed)).Error, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task An_ingest_of_what_was_never_uploaded_leaves_no_video()
    {
        await using var host = await IngestHost.StartAsync();

        using var response = await host.Client.PostAsync("/", Json($$"""{"source":"uploads/{{VideoId.New()}}"}"""));

        await IngestTests.AssertProblemAsync(response, HttpStatusCode.NotFound, "no such upload");
        await host.AssertNothingIsLeftAsync();
    }

    /// <summary>Begins, sends all parts, completes, ingests, and looks at the result.</summary>
    private static async Task SendAndIngestAsync(IngestHost host)
    {
        var video = await File.ReadAllBytesAsync(await Clip.SimpleAsync());
        var upload = await BeginAsync(host, video.Length);
        var sent = new List<SentPart>();
        foreach (var part in upload.Parts)
            sent.Add(await SendPartAsync(upload, part, video));
        using var completion = await host.Client.PostAsync(
            $"/uploads/{upload.VideoId}/complete", JsonContent.Create(new UploadCompletion(sent), UploadJson.Default.UploadCompletion));
        Assert.Equal(HttpStatusCode.OK, completion.StatusCode);

        using var response = await host.Client.PostAsync("/", Json($$"""{"source":"uploads/{{upload.VideoId}}","title":"By reference"}"""));

        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.Created, body);
        var status = JsonSerializer.Deserialize(body, StatusJson.Default.VideoStatus)!;
        Assert.Equal((upload.VideoId, "By reference", VideoState.Ready), (status.Id, status.Title, status.State));
    }

    private static Task<HttpResponseMessage> CompleteAsync(IngestHost host, UploadDocument upload, params SentPart[] parts) =>
        host.Client.PostAsync($"/uploads/{upload.VideoId}/complete", JsonContent.Create(new UploadCompletion(parts), UploadJson.Default.UploadCompletion));

    private static async Task<UploadDocument> BeginAsync(IngestHost host, long size)
    {
        using var response = await host.Client.PostAsync("/uploads", Json($$"""{"size":{{size}},"contentType":"video/mp4"}"""));
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.Created, body);
        return JsonSerializer.Deserialize(body, UploadJson.Default.UploadDocument)!;
    }

    private static async Task<SentPart> SendPartAsync(UploadDocument upload, PartToSend part, byte[] video)
    {
        using var client = new HttpClient();
        var from = (int)((part.Number - 1) * upload.PartSize);
        using var response = await client.PutAsync(part.Url, new ByteArrayContent(video[from..Math.Min(video.Length, from + (int)upload.PartSize)]));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return new(part.Number, response.Headers.ETag!.Tag);
    }

    /// <summary>More than one part; what is in it does not matter.</summary>
    private static Task<byte[]> LargeVideoAsync() => Task.FromResult(RandomNumberGenerator.GetBytes((8 << 20) + 12_345));

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    private static async Task<WebApplication> ReceiverAsync(RequestDelegate handle)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Run(handle);
        await app.StartAsync();
        return app;
    }

    /// <summary>The server for the parts of a directory store.</summary>
    private sealed class PartServer(WebApplication app, string root) : IAsyncDisposable
    {
        public static async Task<PartServer> StartAsync()
        {
            var root = Directory.CreateTempSubdirectory("reelseal-test-").FullName;
            DirectoryMultipartStore? store = null;
            var app = await ReceiverAsync(async context =>
            {
                store ??= new(Path.Combine(root, "store"), new("http://unused"), new DirectoryObjectStore(Path.Combine(root, "store"), TimeSpan.FromSeconds(5)),
                    TimeProvider.System);
                var key = context.Request.Path.Value!["/parts/".Length..];
                if (await store.ReceivePartAsync(key, name => context.Request.Query[name], context.Request.Body, context.RequestAborted) is { } etag)
                    context.Response.Headers.ETag = etag;
                else
                    context.Response.StatusCode = StatusCodes.Status403Forbidden;
            });
            return new(app, root);
        }

        public Task<IngestHost> HostAsync(params (string Name, string Value)[] settings) =>
            IngestHost.StartAsync(root, _ => { }, [("STORE_URL", app.Urls.First() + "/parts"), .. settings]);

        public ValueTask DisposeAsync() => app.DisposeAsync();
    }
}
