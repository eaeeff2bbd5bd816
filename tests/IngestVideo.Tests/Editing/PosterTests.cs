using System.Net;
using System.Net.Http.Headers;
using System.Text;
using IngestVideo.Status;
using Reelseal;
using Reelseal.Storage;
using Reelseal.Testing;

namespace IngestVideo.Tests.Editing;

/// <summary>The poster that a user chooses: a moment of the video, or a picture, which is a stranger's file like any other.</summary>
public sealed class PosterTests
{
    private const int Limit = 300_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory(Timeout = Limit)]
    [InlineData("ts")]
    [InlineData("fmp4")]
    public async Task A_poster_shows_the_chosen_moment(string format)
    {
        await using var host = await IngestHost.StartAsync(("SEGMENT_FORMAT", format), ("REPLACED_ATTEMPT_LIFETIME", "1s"), ("MAX_DURATION", "11s"));
        // Red until 7.4 s, in the second segment, and then blue.
        var video = await host.IngestAsync(await Clip.MakeAsync(
            "red-blue.mp4",
            "-f lavfi -i color=red:s=640x360:r=25:d=7.4 -f lavfi -i color=blue:s=640x360:r=25:d=2.6 -filter_complex concat=n=2 "
            + "-c:v libx264 -preset ultrafast -pix_fmt yuv420p"));

        foreach (var (time, color) in ((string, string)[])[("0", "red"), ("7.2", "red"), ("7.48", "blue"), ("9.99", "blue")])
        {
            using var answer = await PutAsync(host, video.Id, Json($$"""{"time":{{time}}}"""));

            Assert.True(answer.StatusCode == HttpStatusCode.OK, await answer.Content.ReadAsStringAsync(Token));
            var poster = (await PublishedVideo.StatusOfAsync(answer)).Poster!;
            var now = await PublishedVideo.ReadAsync(host, video.Id);
            Assert.Equal(poster, now.Status.Poster);
            // Players find it by the playlist, in which nothing else has changed.
            var tag = $"#EXT-X-SESSION-DATA:DATA-ID=\"reelseal.poster\",URI=\"{poster[ObjectKeys.Video(video.Id).Length..]}\"\n";
            Assert.Equal(video.Multivariant, now.Multivariant.Replace(tag, "", StringComparison.Ordinal));
            Assert.Contains(tag, now.Multivariant, StringComparison.Ordinal);
            Assert.Equal((time, color), (time, await ColorAsync(host, poster)));
            Assert.Equal("640,360", await SizeAsync(host, poster));
        }
        using var late = await PutAsync(host, video.Id, Json("""{"time":10.5}"""));
        await IngestTests.AssertProblemAsync(late, HttpStatusCode.UnprocessableEntity, "time must lie within the 10 s of the video");
        // What was chosen before goes after a while, and what was made with the video stays.
        while ((await host.KeysAsync()).Count(key => key.EndsWith("poster.jpg", StringComparison.Ordinal)) > 2)
            await Task.Delay(100, Token);
        Assert.Contains(video.Status.Poster!, await host.KeysAsync());
        Assert.Contains((await PublishedVideo.ReadAsync(host, video.Id)).Status.Poster!, await host.KeysAsync());
        Assert.Empty(Directory.EnumerateFileSystemEntries(host.WorkDirectory));
    }

    [Theory(Timeout = Limit)]
    [InlineData("picture.jpg", "1920x1080", "1280,720")]
    [InlineData("picture.png", "1080x1920", "720,1280")]
    [InlineData("picture.webp", "102x50", "102,50")]
    public async Task A_picture_becomes_the_poster_and_is_made_again_on_the_way(string name, string size, string fitted)
    {
        await using var host = await IngestHost.StartAsync();
        var video = await host.IngestAsync(await Clip.SimpleAsync());
        var clip = await Clip.MakeAsync(name, $"-f lavfi -i color=blue:s={size}:d=0.04 -frames:v 1 -metadata comment=secret");
        var picture = await File.ReadAllBytesAsync(clip, Token);

        using var answer = await PutAsync(host, video.Id, new ByteArrayContent(picture));

        Assert.True(answer.StatusCode == HttpStatusCode.OK, await answer.Content.ReadAsStringAsync(Token));
        var poster = (await PublishedVideo.StatusOfAsync(answer)).Poster!;
        Assert.Equal((fitted, "blue"), (await SizeAsync(host, poster), await ColorAsync(host, poster)));
        var published = await File.ReadAllBytesAsync(Path.Combine(host.StoreDirectory, poster), Token);
        Assert.Equal([0xFF, 0xD8], published[..2]);
        Assert.DoesNotContain("secret", Encoding.Latin1.GetString(published), StringComparison.Ordinal);
        using var deleted = await host.Client.DeleteAsync(new Uri($"/videos/{video.Id}", UriKind.Relative), Token);
        await host.AssertNothingIsLeftAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task Of_posters_and_subtitles_at_once_none_is_lost()
    {
        await using var host = await IngestHost.StartAsync(("MAX_TRANSCODES", "1"));
        var video = await host.IngestAsync(await Clip.SimpleAsync());

        var puts = await Task.WhenAll(Enumerable.Range(0, 6).Select(async number =>
        {
            while (true)
            {
                using var answer = number < 3 ? await PutAsync(host, video.Id, Json($$"""{"time":{{number}}}"""))
                    : await host.Client.PutAsync(
                        new Uri($"/videos/{video.Id}/subtitles/x{(char)('a' + number)}", UriKind.Relative),
                        new StringContent("1\n00:00:00,000 --> 00:00:01,000\nNow\n"), Token);
                if (answer.StatusCode != HttpStatusCode.TooManyRequests)
                    return answer.StatusCode;
                await Task.Delay(Random.Shared.Next(50), Token);
            }
        }));

        Assert.All(puts, put => Assert.Equal(HttpStatusCode.OK, put));
        var after = await PublishedVideo.ReadAsync(host, video.Id);
        Assert.Equal(3, after.Status.Renditions.Count(rendition => rendition.Type == "subtitles"));
        Assert.Equal(3, after.Multivariant.Split("#EXT-X-MEDIA:TYPE=SUBTITLES").Length - 1);
        Assert.Equal(2, after.Multivariant.Split("reelseal.poster").Length);
        Assert.Contains($"URI=\"{after.Status.Poster![ObjectKeys.Video(video.Id).Length..]}\"", after.Multivariant, StringComparison.Ordinal);
        Assert.Contains(after.Status.Poster!, await host.KeysAsync());
    }

    [Fact(Timeout = Limit)]
    public async Task A_file_that_is_not_a_picture_is_refused_and_leaves_nothing()
    {
        await using var host = await IngestHost.StartAsync();
        var video = await host.IngestAsync(await Clip.SimpleAsync());
        var before = await host.KeysAsync();
        (byte[] Body, HttpStatusCode Status, string Reason)[] pictures =
        [
            ([], HttpStatusCode.UnsupportedMediaType, "must be a JPEG, PNG or WebP picture"),
            ("<svg onload=\"alert(1)\"/>"u8.ToArray(), HttpStatusCode.UnsupportedMediaType, "must be a JPEG, PNG or WebP picture"),
            ("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"u8.ToArray(), HttpStatusCode.UnsupportedMediaType, "must be a JPEG, PNG or WebP picture"),
            ([0xFF, 0xD8, 0xFF, .. new byte[1000]], HttpStatusCode.UnprocessableEntity, "cannot be decoded"),
            ([0x89, .. "PNG\r\n"u8, 0x1A, 0x0A, 0, 0, 0, 13, .. "IHDR"u8, 0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 8, 2, 0, 0, 0, 0, 0, 0, 0],
                HttpStatusCode.UnprocessableEntity, "cannot be decoded"),
            (new byte[(16 << 20) + 1], HttpStatusCode.RequestEntityTooLarge, "more than the 16,777,216"),
        ];
        foreach (var (body, status, reason) in pictures)
        {
            using var answer = await PutAsync(host, video.Id, new ByteArrayContent(body), expectContinue: true);
            await IngestTests.AssertProblemAsync(answer, status, reason);
        }
        foreach (var json in (string[])["{}", """{"time":-1}""", """{"time":1e300}""", """{"time":"1"}"""])
        {
            using var answer = await PutAsync(host, video.Id, Json(json));
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        }

        Assert.Equal(before, await host.KeysAsync());
        Assert.Empty(Directory.EnumerateFileSystemEntries(host.WorkDirectory));
    }

    [Fact(Timeout = Limit)]
    public async Task A_video_that_is_not_ready_or_has_no_picture_gets_no_poster()
    {
        await using var host = await IngestHost.StartAsync();
        var (id, now) = (VideoId.New(), DateTimeOffset.UtcNow);
        var status = new VideoStatus { Id = id.ToString(), State = VideoState.Transcoding, Created = now, Updated = now, Attempt = "a" };
        await new StatusStore(host.Store).WriteAsync(id, status, WriteCondition.IfNew, Token);
        var sound = await host.IngestAsync(await Clip.MakeAsync("sound-only.mp4", "-f lavfi -i sine=d=2 -c:a aac"));

        using var early = await PutAsync(host, id, Json("""{"time":1}"""));
        using var missing = await PutAsync(host, VideoId.New(), Json("""{"time":1}"""));
        using var soundOnly = await PutAsync(host, sound.Id, Json("""{"time":1}"""));

        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.NotFound), (early.StatusCode, missing.StatusCode));
        await IngestTests.AssertProblemAsync(soundOnly, HttpStatusCode.UnprocessableEntity, "The video has no picture");
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    private static async Task<HttpResponseMessage> PutAsync(IngestHost host, VideoId id, HttpContent content, bool expectContinue = false)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/videos/{id}/poster") { Content = content };
        request.Content.Headers.ContentType ??= new MediaTypeHeaderValue("image/jpeg");
        request.Headers.ExpectContinue = expectContinue;
        return await host.Client.SendAsync(request, Token);
    }

    private static async Task<string> ColorAsync(IngestHost host, string key)
    {
        var pixel = await Ffmpeg.BytesAsync("-i", Path.Combine(host.StoreDirectory, key), "-vf", "scale=1:1,format=rgb24", "-f", "rawvideo", "-");
        return pixel switch
        {
            [> 240, < 15, < 15] => "red",
            [< 15, < 15, > 240] => "blue",
            _ => Convert.ToHexString(pixel),
        };
    }

    private static async Task<string> SizeAsync(IngestHost host, string key) =>
        (await Ffmpeg.ProbeAsync("-show_entries", "stream=width,height", "-of", "csv=p=0", Path.Combine(host.StoreDirectory, key))).Trim();
}
