using System.Buffers.Binary;
using System.Net;
using System.Text;
using Reelseal;
using Reelseal.Storage;
using Reelseal.Testing;

namespace IngestVideo.Tests.Receiving;

/// <summary>The three ways to send a video have the same limits: the raw body, a form, and a reference to an upload.</summary>
public sealed class WaysInTests(CephRgw rgw)
{
    private const int Limit = 300_000;
    private const int MiB = 1 << 20;

    public static TheoryData<string> Ways => ["raw", "form", "reference"];

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Ways))]
    public async Task A_video_may_be_as_large_as_is_allowed_and_not_a_byte_larger(string way)
    {
        var clip = await Clip.SimpleAsync();
        foreach (var (spare, status) in ((int, HttpStatusCode)[])[(0, HttpStatusCode.Created), (-1, HttpStatusCode.RequestEntityTooLarge)])
        {
            await using var host = await IngestHost.StartAsync(("MAX_UPLOAD_BYTES", $"{new FileInfo(clip).Length + spare}"));

            using var response = await PostAsync(host.Client, host.Store, way, clip);

            Assert.Equal(status, response.StatusCode);
            if (status == HttpStatusCode.Created)
                Assert.Contains($"\"size\":{new FileInfo(clip).Length},", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            Assert.Empty(Directory.EnumerateFileSystemEntries(host.WorkDirectory));
        }
    }

    /// <summary>On S3, because its client might buffer the whole video.</summary>
    [Theory(Timeout = Limit)]
    [MemberData(nameof(Ways))]
    public async Task A_large_video_is_never_held_in_memory(string way)
    {
        var bucket = await rgw.CreateBucketAsync();
        await using var host = await IngestHost.StartAsync(bucket);
        await using var worker =
            await WorkerProcess.StartAsync(host, [("STORE_DIRECTORY", ""), .. bucket.Environment.Select(variable => (variable.Key, variable.Value))]);
        var clip = Path.Combine(host.Root, "large.mp4");
        File.Copy(await Clip.SimpleAsync(), clip);
        await using (var file = File.Open(clip, FileMode.Append))
        {
            // A box that players skip (ISO/IEC 14496-12, 8.1.2).
            byte[] free = [0, 0, 0, 0, .. "free"u8];
            BinaryPrimitives.WriteInt32BigEndian(free, 256 * MiB);
            await file.WriteAsync(free);
            file.SetLength(file.Position - free.Length + (256 * MiB));
        }

        using var response = await PostAsync(worker.Client, bucket.CreateStore(TimeSpan.FromMinutes(1)), way, clip);

        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync());
        TestContext.Current.TestOutputHelper?.WriteLine($"{worker.PeakMemory / MiB} MiB");
        Assert.InRange(worker.PeakMemory, 1, 200 * MiB); // compiled as it runs, and not trimmed: it is larger than what is published
    }

    private static async Task<HttpResponseMessage> PostAsync(HttpClient client, IObjectStore store, string way, string path)
    {
        await using var file = File.OpenRead(path);
        using var video = new StreamContent(file);
        switch (way)
        {
            case "raw":
                using (var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = video, Headers = { TransferEncodingChunked = true } })
                    return await client.SendAsync(request);
            case "form":
                using (var form = new MultipartFormDataContent { { new StringContent("A title"), "title" }, { video, "file", "video.mp4" },
                    { new StringContent("x"), "other" } })
                using (var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = form, Headers = { TransferEncodingChunked = true } })
                    return await client.SendAsync(request);
            default:
                var id = VideoId.New();
                await store.PutAsync($"uploads/{id}", file, WriteCondition.None, CancellationToken.None);
                using (var reference = new StringContent($$"""{"source":"uploads/{{id}}"}""", Encoding.UTF8, "application/json"))
                    return await client.PostAsync(new Uri("/", UriKind.Relative), reference);
        }
    }
}
