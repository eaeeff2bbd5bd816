using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using CliWrap;
using CliWrap.Buffered;
using Reelseal.Local;
using Reelseal.Local.Playback;
using Reelseal.Testing;
using Reelseal.Tokens;

namespace Reelseal.EndToEnd.Tests;

/// <summary>
/// Refusals that come before a body is read, sent by curl, which announces every upload of more than 1 MB with <c>Expect: 100-continue</c>: they reach the
/// caller through the gateway.
/// </summary>
public sealed class EarlyAnswerTests
{
    private static readonly int[] s_lengths = [2_000_000, 45_000_000];

    [Fact(Timeout = 300_000)]
    public async Task An_early_answer_reaches_curl_through_the_gateway_however_large_the_upload()
    {
        Published.Require();
        Assert.SkipUnless(File.Exists("/usr/bin/curl"), "There is no /usr/bin/curl: install the package curl.");
        var cancellation = TestContext.Current.CancellationToken;
        using var folder = new TemporaryDirectory();
        foreach (var length in s_lengths)
            await File.WriteAllBytesAsync(FileOf(length), new byte[length], cancellation);
        await using var system = await LocalSystem.StartAsync(Options("2", "5368709120"), cancellation);
        var (any, other) = (Token(system, video: null), Token(system, VideoId.New()));
        var (ready, running) = (VideoId.New(), VideoId.New());
        await PublishAsync(ready);

        foreach (var length in s_lengths)
        {
            await AssertAsync(401, system, token: null, VideoId.New(), length);
            await AssertAsync(403, system, other, VideoId.New(), length);
            await AssertAsync(415, system, any, VideoId.New(), length); // zeros are not a video
            await AssertAsync(200, system, any, ready, length);
        }
        await using (await Upload.BeginAsync(system, any, running))
        {
            foreach (var length in s_lengths)
                await AssertAsync(409, system, any, running, length);
            await using (await Upload.BeginAsync(system, any, VideoId.New()))
            {
                foreach (var length in s_lengths)
                    await AssertAsync(429, system, any, VideoId.New(), length);
            }
        }

        await using var small = await LocalSystem.StartAsync(Options("2", "1000000"), cancellation);
        foreach (var length in s_lengths)
            await AssertAsync(413, small, Token(small, video: null), VideoId.New(), length);

        LocalOptions Options(string transcodes, string most) => new()
        {
            StoreDirectory = Path.Combine(folder.Path, "store"),
            Settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["MAX_TRANSCODES"] = transcodes, ["MAX_UPLOAD_BYTES"] = most },
        };

        string FileOf(int length) => Path.Combine(folder.Path, length.ToString(CultureInfo.InvariantCulture));

        async Task PublishAsync(VideoId video)
        {
            var clip = Path.Combine(folder.Path, "clip.mp4");
            await Clip.CreateAsync(clip, TimeSpan.FromSeconds(1), 160, 120, cancellation);
            await using var content = File.OpenRead(clip);
            using var client = new VideoClient(system.Gateway, system.Tokens);
            await client.UploadAsync(video, content, cancellation);
        }

        async Task AssertAsync(int status, LocalSystem to, string? token, VideoId video, int length)
        {
            var file = FileOf(length);
            foreach (var body in (string[][])[["--data-binary", "@" + file, "-H", "Content-Type: video/mp4"], ["-F", $"file=@{file};type=video/mp4"]])
            {
                var authorization = token is null ? (string[])[] : ["-H", "Authorization: Bearer " + token];
                var said = await CurlAsync(
                    [.. authorization, .. body, "-H", "Expect: 100-continue", "-H", $"X-Call-Id: {video}", to.Gateway + "/function/ingest-video"]);
                Assert.True(said == $"{status}", $"{said} in place of {status}, {length} bytes, {body[0]}");
            }
        }
    }

    private static string Token(LocalSystem system, VideoId? video) =>
        system.Tokens.Mint(new() { Scopes = [Scopes.Ingest], Videos = video is { } only ? [only] : [] });

    /// <summary>Runs curl and returns the status, followed by its error if it fails.</summary>
    private static async Task<string> CurlAsync(string[] arguments)
    {
        var curl = await Cli.Wrap("/usr/bin/curl").WithArguments(["-sS", "-o", "/dev/null", "-m", "60", "-w", "%{http_code}", .. arguments])
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(TestContext.Current.CancellationToken);
        return curl.StandardOutput + (curl.IsSuccess ? "" : $" ({curl.StandardError.Trim()})");
    }

    /// <summary>An upload that has begun, holds one of the places, and does not go on.</summary>
    private sealed class Upload(HttpClient http, Task call, CancellationTokenSource hangUp) : IAsyncDisposable
    {
        public static async Task<Upload> BeginAsync(LocalSystem system, string token, VideoId video)
        {
            var (http, hangUp, taken) = (new HttpClient(), new CancellationTokenSource(), new TaskCompletionSource());
            var request = new HttpRequestMessage(HttpMethod.Post, system.Gateway + "/function/ingest-video") { Content = new Pausing(taken, hangUp.Token) };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            request.Headers.Add("X-Call-Id", video.ToString());
            var call = http.SendAsync(request, hangUp.Token);
            await taken.Task;
            // Its status is there as soon as it holds its place.
            while (true)
            {
                using var asked = new HttpRequestMessage(HttpMethod.Get, $"{system.Gateway}/function/ingest-video/videos/{video}");
                asked.Headers.Authorization = request.Headers.Authorization;
                using var answer = await http.SendAsync(asked, TestContext.Current.CancellationToken);
                if (answer.StatusCode == HttpStatusCode.OK)
                    return new(http, call, hangUp);
                await Task.Delay(20, TestContext.Current.CancellationToken);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await hangUp.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
            hangUp.Dispose();
            http.Dispose();
        }

        private sealed class Pausing(TaskCompletionSource taken, CancellationToken hangUp) : HttpContent
        {
            protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
            {
                await stream.WriteAsync(new byte[1000], hangUp);
                await stream.FlushAsync(hangUp);
                taken.SetResult();
                await Task.Delay(Timeout.Infinite, hangUp);
            }

            protected override bool TryComputeLength(out long length)
            {
                length = 0;
                return false;
            }
        }
    }
}
