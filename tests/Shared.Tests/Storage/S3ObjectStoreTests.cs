using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Reelseal.Storage;
using Reelseal.Testing;

namespace Reelseal.Tests.Storage;

public sealed class S3ObjectStoreTests(CephRgw rgw) : ObjectStoreTests
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(60);

    protected override async Task<IObjectStore> CreateAsync() => (await rgw.CreateBucketAsync()).CreateStore(s_timeout);

    [Fact(Timeout = Limit)]
    public async Task Objects_are_stored_with_the_headers_that_their_keys_ask_for()
    {
        var bucket = await rgw.CreateBucketAsync();
        var store = bucket.CreateStore(s_timeout);
        using var client = bucket.CreateClient();

        string[] keys =
            ["videos/a/multivariant.m3u8", "videos/a/b/00000.ts", "videos/a/b/poster.jpg", "downloads/a/b/720p.mp4", "status/a.json", "uploads/a"];
        foreach (var key in keys)
        {
            await WriteAsync(store, key, "x", WriteCondition.IfNew);

            var stored = await client.GetObjectMetadataAsync(bucket.Name, key, Token);
            var expected = ObjectHeaders.For(key);
            Assert.Equal((expected.ContentType, expected.CacheControl), (stored.Headers.ContentType, stored.Headers.CacheControl));
        }
    }

    [Theory(Timeout = Limit)]
    [InlineData(12 << 20, 3)] // two parts of the least size, and what is left
    [InlineData(10 << 20, 2)]
    [InlineData((5 << 20) + 1, 2)]
    public async Task What_is_too_large_for_one_request_is_written_in_parts(int length, int parts)
    {
        const int least = 5 << 20; // S3's, of all parts but the last
        var bucket = await rgw.CreateBucketAsync();
        var options = new S3Options(bucket.Name, "us-east-1", bucket.Endpoint, s_timeout);
        using var client = bucket.CreateClient();
        var store = new S3ObjectStore(options, new(() => client)) { LargestPut = least, PartBytes = least };
        var content = new byte[length];
        Random.Shared.NextBytes(content);

        var eTag = await store.PutAsync("downloads/a/b/720p.mp4", new MemoryStream(content), WriteCondition.None, Token);

        Assert.EndsWith($"-{parts}\"", eTag, StringComparison.Ordinal);
        await using var stored = await store.GetAsync("downloads/a/b/720p.mp4", range: null, unlessETag: null, Token);
        Assert.Equal(eTag, stored!.Entry.ETag);
        using var read = new MemoryStream();
        await stored.Content.CopyToAsync(read, Token);
        Assert.Equal(content, read.ToArray());
        var headers = (await client.GetObjectMetadataAsync(bucket.Name, "downloads/a/b/720p.mp4", Token)).Headers;
        Assert.Equal(("video/mp4", "public, max-age=31536000, immutable"), (headers.ContentType, headers.CacheControl));
    }

    [Fact(Timeout = Limit)]
    public async Task A_copy_has_the_headers_that_its_own_key_asks_for()
    {
        var bucket = await rgw.CreateBucketAsync();
        var store = bucket.CreateStore(s_timeout);
        using var client = bucket.CreateClient();
        await WriteAsync(store, "work/a/00000.ts", "x", WriteCondition.IfNew);

        await store.CopyAsync("work/a/00000.ts", "videos/a/b/00000.ts", Token);

        var stored = await client.GetObjectMetadataAsync(bucket.Name, "videos/a/b/00000.ts", Token);
        var expected = ObjectHeaders.For("videos/a/b/00000.ts");
        Assert.Equal((expected.ContentType, expected.CacheControl), (stored.Headers.ContentType, stored.Headers.CacheControl));
    }

    [Fact(Timeout = Limit)]
    public async Task An_object_is_missing_also_to_those_who_may_not_list_the_bucket()
    {
        var bucket = await rgw.CreateBucketAsync();
        await rgw.CreateUserAsync("reader", "readersecret");
        using var owner = bucket.CreateClient();
        var store = bucket.CreateStore(s_timeout);
        await WriteAsync(store, "a", "one");
        await WriteAsync(store, ObjectKeys.HealthCheck, "#EXTM3U");
        await owner.PutBucketPolicyAsync(
            new PutBucketPolicyRequest
            {
                BucketName = bucket.Name,
                Policy = $$"""
                    {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam:::user/reader"]},
                    "Action":["s3:GetObject"],"Resource":["arn:aws:s3:::{{bucket.Name}}/*"]}]}
                    """,
            },
            Token);
        var reader = (bucket with { AccessKey = "reader", SecretKey = "readersecret" }).CreateStore(s_timeout);
        using var client = (bucket with { AccessKey = "reader", SecretKey = "readersecret" }).CreateClient();

        Assert.Equal("AccessDenied", (await Assert.ThrowsAsync<AmazonS3Exception>(() => client.GetObjectAsync(bucket.Name, "missing", Token))).ErrorCode);
        Assert.Equal("one", await ReadAsync(reader, "a"));
        Assert.NotNull(await reader.HeadAsync("a", Token));
        Assert.Null(await ReadAsync(reader, "missing"));
        Assert.Null(await reader.HeadAsync("missing", Token));
        // What may not be done is not missing.
        Assert.Equal(502, (await Assert.ThrowsAsync<UpstreamException>(() => WriteAsync(reader, "a", "two"))).StatusCode);
        Assert.Equal(502, (await Assert.ThrowsAsync<UpstreamException>(() => KeysAsync(reader, ""))).StatusCode);
        Assert.Equal(502, (await Assert.ThrowsAsync<UpstreamException>(() => reader.DeleteAsync(["a"], Token))).StatusCode);
        Assert.Equal("one", await ReadAsync(store, "a"));

        // Nor is what may no longer be read.
        await owner.DeleteBucketPolicyAsync(new DeleteBucketPolicyRequest { BucketName = bucket.Name }, Token);
        foreach (var key in (string[])["a", "missing", ObjectKeys.HealthCheck, ObjectKeys.LatestRevocation])
        {
            Assert.Contains("403 AccessDenied", (await Assert.ThrowsAsync<UpstreamException>(() => ReadAsync(reader, key))).Message, StringComparison.Ordinal);
            Assert.Equal(502, (await Assert.ThrowsAsync<UpstreamException>(() => reader.HeadAsync(key, Token))).StatusCode);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task A_write_that_was_refused_because_of_an_object_that_has_gone_since_has_lost_also_where_the_bucket_may_not_be_listed()
    {
        var bucket = await rgw.CreateBucketAsync();
        await rgw.CreateUserAsync("writer", "writersecret");
        using var owner = bucket.CreateClient();
        await owner.PutBucketPolicyAsync(
            new PutBucketPolicyRequest
            {
                BucketName = bucket.Name,
                Policy = $$"""
                    {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam:::user/writer"]},
                    "Action":["s3:GetObject","s3:PutObject"],"Resource":["arn:aws:s3:::{{bucket.Name}}/*"]}]}
                    """,
            },
            Token);
        await using var proxy = new FaultProxy(bucket.Endpoint);
        var writer = (bucket with { Endpoint = proxy.Address, AccessKey = "writer", SecretKey = "writersecret" }).CreateStore(s_timeout);

        await WriteAsync(bucket.CreateStore(s_timeout), ObjectKeys.HealthCheck, "#EXTM3U");
        proxy.Inject(Fault.S3Error(412, "PreconditionFailed"), method: "PUT");
        Assert.Null(await writer.PutAsync("a", new MemoryStream("one"u8.ToArray()), WriteCondition.IfNew, Token));
        Assert.Equal(["PUT", "HEAD", "GET", "HEAD"], proxy.Requests.Select(request => request.Method));
        Assert.NotNull(await writer.PutAsync("a", new MemoryStream("one"u8.ToArray()), WriteCondition.IfNew, Token));
    }

    [Fact(Timeout = Limit)]
    public async Task Its_health_distinguishes_a_missing_bucket_and_wrong_credentials_from_a_missing_object()
    {
        var bucket = await rgw.CreateBucketAsync();

        Assert.Null(await FaultOfAsync(bucket));
        Assert.Equal("The object store answered 404 NoSuchBucket.", await FaultOfAsync(bucket with { Name = "there-is-none" }));
        Assert.Equal("The object store answered 403 InvalidAccessKeyId.", await FaultOfAsync(bucket with { AccessKey = "nobody" }));
        Assert.Equal("The object store answered 403 SignatureDoesNotMatch.", await FaultOfAsync(bucket with { SecretKey = "wrong" }));

        async Task<string?> FaultOfAsync(TestBucket asked)
        {
            var result = await new ObjectStoreHealth(asked.CreateStore(s_timeout)).CheckHealthAsync(new(), Token);
            Assert.Null(result.Exception);
            Assert.Equal(result.Description is null, result.Status == HealthStatus.Healthy);
            return result.Description;
        }
    }

    [Theory(Timeout = Limit)]
    [InlineData("nobody", CephRgw.SecretKey, "InvalidAccessKeyId")]
    [InlineData(CephRgw.AccessKey, "wrong", "SignatureDoesNotMatch")]
    public async Task Wrong_credentials_are_a_store_error_and_never_a_missing_object(string accessKey, string secretKey, string code)
    {
        var bucket = await rgw.CreateBucketAsync();

        var store = (bucket with { AccessKey = accessKey, SecretKey = secretKey }).CreateStore(s_timeout);

        Assert.Contains($"403 {code}", (await Assert.ThrowsAsync<UpstreamException>(() => ReadAsync(store, "a"))).Message, StringComparison.Ordinal);
        await AllFailAsync(store, fault => Assert.Equal(502, fault.StatusCode));
    }

    [Fact(Timeout = Limit)]
    public async Task A_missing_bucket_is_a_store_error()
    {
        var store = (await rgw.CreateBucketAsync() with { Name = "there-is-none" }).CreateStore(s_timeout);

        Assert.Equal(502, (await Assert.ThrowsAsync<UpstreamException>(() => ReadAsync(store, "a"))).StatusCode);
        Assert.Equal(502, (await Assert.ThrowsAsync<UpstreamException>(() => WriteAsync(store, "a", "x"))).StatusCode);
        Assert.Equal(502, (await Assert.ThrowsAsync<UpstreamException>(() => WriteAsync(store, "a", "x", WriteCondition.IfUnchanged("\"x\"")))).StatusCode);
        Assert.Equal(502, (await Assert.ThrowsAsync<UpstreamException>(() => KeysAsync(store, ""))).StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task A_store_where_nobody_listens_is_a_bad_gateway()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var bucket = new TestBucket(new($"http://{listener.LocalEndpoint}"), "bucket", "a", "b");
        listener.Stop();

        await AllFailAsync(bucket.CreateStore(s_timeout), fault => Assert.Equal(502, fault.StatusCode));
    }

    [Fact(Timeout = Limit)]
    public async Task A_store_that_never_answers_is_a_gateway_timeout_in_time()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start(); // the system accepts connections, nobody reads from them
        var store = new TestBucket(new($"http://{listener.LocalEndpoint}"), "bucket", "a", "b").CreateStore(TimeSpan.FromMilliseconds(400));
        var watch = Stopwatch.StartNew();

        await AllFailAsync(store, fault =>
        {
            Assert.Equal(504, fault.StatusCode);
            Assert.InRange(watch.ElapsedMilliseconds, 350, 20_000);
            watch.Restart();
        });
    }

    [Theory(Timeout = Limit)]
    [InlineData(-3600)]
    [InlineData(30)]
    public async Task The_age_of_an_object_depends_only_on_the_clock_of_the_store(int ahead)
    {
        var now = DateTimeOffset.UtcNow.AddSeconds(ahead);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var store = new TestBucket(new($"http://{listener.LocalEndpoint}"), "bucket", "a", "b").CreateStore(s_timeout);

        var found = store.HeadAsync("a", Token);
        using var client = await listener.AcceptTcpClientAsync(Token);
        using var reader = new StreamReader(client.GetStream());
        while (await reader.ReadLineAsync(Token) is { Length: > 0 })
        {
            // The request's head, up to the empty line.
        }
        await client.GetStream().WriteAsync(
            Encoding.ASCII.GetBytes(
                $"HTTP/1.1 200 OK\r\nDate: {now:R}\r\nLast-Modified: {now.AddSeconds(-7):R}\r\nETag: \"x\"\r\nContent-Length: 1\r\n\r\n"),
            Token);

        Assert.InRange((await found)!.Age.TotalSeconds, 7, 12);
    }

    private static async Task AllFailAsync(S3ObjectStore store, Action<UpstreamException> check)
    {
        check(await Assert.ThrowsAsync<UpstreamException>(() => store.HeadAsync("a", Token)));
        check(await Assert.ThrowsAsync<UpstreamException>(() => ReadAsync(store, "a")));
        check(await Assert.ThrowsAsync<UpstreamException>(() => WriteAsync(store, "a", "x")));
        check(await Assert.ThrowsAsync<UpstreamException>(() => WriteAsync(store, "a", "x", WriteCondition.IfNew)));
        check(await Assert.ThrowsAsync<UpstreamException>(() => WriteAsync(store, "a", "x", WriteCondition.IfUnchanged("\"x\""))));
        check(await Assert.ThrowsAsync<UpstreamException>(() => store.DeleteAsync(["a"], Token)));
        check(await Assert.ThrowsAsync<UpstreamException>(() => KeysAsync(store, "")));
    }
}
