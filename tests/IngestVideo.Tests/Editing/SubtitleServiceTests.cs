using System.Net;
using System.Text;
using IngestVideo.Status;
using Reelseal;
using Reelseal.Playlists;
using Reelseal.Storage;
using Reelseal.Testing;

namespace IngestVideo.Tests.Editing;

/// <summary>Subtitles after the fact: in step with the picture, whole or not at all, and none lost when others change the video too.</summary>
public sealed class SubtitleServiceTests(CephRgw rgw)
{
    private const int Limit = 300_000;
    private const string Srt = "1\n00:00:07,000 --> 00:00:07,400\nNow\n";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>
    /// At 29.97 the clock begins at 10.01 s. What comes with a video is in step (<c>RealVideoTests</c>): what comes later is cut to the same bytes.
    /// </summary>
    [Theory(Timeout = Limit)]
    [InlineData("ts")]
    [InlineData("fmp4")]
    public async Task Subtitles_that_come_later_are_in_step_like_those_that_come_with_the_video(string format)
    {
        await using var host = await IngestHost.StartAsync(("SEGMENT_FORMAT", format));
        var words = Path.Combine(host.Root, "words.srt");
        await File.WriteAllTextAsync(words, Srt, Token);
        var clip = await Clip.MakeAsync(
            "later-ntsc.mkv",
            $"-f lavfi -i testsrc2=s=320x180:r=30000/1001:d=9 -i {words} -c:v libx264 -preset ultrafast -c:s srt -metadata:s:s:0 language=eng");
        var before = await host.IngestAsync(clip);

        using var answer = await PutAsync(host, before.Id, "ger", Srt, "?name=Untertitel%20%22neu%22");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var after = await PublishedVideo.ReadAsync(host, before.Id);
        await StreamAssert.IsCorrectAsync(after);
        Assert.Equivalent(after.Status, await PublishedVideo.StatusOfAsync(answer));
        var added = after.Status.Renditions.Single(rendition => rendition is { Type: "subtitles", Language: "de" });
        Assert.Equal(("Untertitel neu", null), (added.Label, added.Forced));
        Assert.StartsWith("subtitles-de-", added.Name, StringComparison.Ordinal);
        Assert.Contains(
            "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"subtitles\",NAME=\"Untertitel neu\",LANGUAGE=\"de\",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,"
            + $"URI=\"{after.Status.Attempt}/{added.Name}/playlist.m3u8\"",
            after.Tags("#EXT-X-MEDIA:TYPE=SUBTITLES"));
        foreach (var (name, text) in FilesOf(before, "subtitles-en"))
            Assert.Equal(text, FilesOf(after, added.Name)[name]);
        Assert.Contains("X-TIMESTAMP-MAP=MPEGTS:900900,LOCAL:00:00:00.000", FilesOf(after, added.Name)["00001.vtt"], StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task Subtitles_are_replaced_and_removed_and_what_they_were_goes_after_a_while()
    {
        await using var host = await IngestHost.StartAsync(("REPLACED_ATTEMPT_LIFETIME", "2s"), ("MAX_DURATION", "10s"));
        var video = await host.IngestAsync(await Clip.SimpleAsync("320x180", seconds: 9));
        using var first = await PutAsync(host, video.Id, "en", Srt);
        using var signs = await PutAsync(host, video.Id, "en", Srt, "?forced=true&name=Signs");
        var (before, old) = (await host.KeysAsync(), FoldersOf(await PublishedVideo.StatusOfAsync(signs)));

        using var second = await PutAsync(host, video.Id, "en", Srt.Replace("Now", "Then", StringComparison.Ordinal), "?default=true");

        var now = FoldersOf(await PublishedVideo.StatusOfAsync(second));
        Assert.Equal((2, old[1]), (now.Count, now[1]));
        Assert.NotEqual(old[0], now[0]);
        await Task.Delay(TimeSpan.FromSeconds(5), Token);
        Assert.Superset(before.ToHashSet(), (await host.KeysAsync()).ToHashSet()); // viewers may be reading what was replaced, to the end of the video
        await WaitForAsync(async () => !(await host.KeysAsync()).Exists(key => key.Contains(old[0], StringComparison.Ordinal)));
        Assert.Contains(await host.KeysAsync(), key => key.Contains(now[0], StringComparison.Ordinal));

        using var third = await PutAsync(host, video.Id, "en", Srt); // which says nothing of the default
        var last = FoldersOf(await PublishedVideo.StatusOfAsync(third))[0];
        Assert.Contains(
            (await PublishedVideo.ReadAsync(host, video.Id)).Tags("#EXT-X-MEDIA"),
            line => line.Contains(last, StringComparison.Ordinal)
                && line.Contains("DEFAULT=YES", StringComparison.Ordinal));

        using var removed = await host.Client.DeleteAsync(Subtitles(video.Id, "en"), Token);

        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        var after = await PublishedVideo.ReadAsync(host, video.Id);
        Assert.Equal(video.Multivariant, after.Multivariant);
        Assert.Equivalent(video.Status.Renditions, after.Status.Renditions);
        await WaitForAsync(async () => !(await host.KeysAsync()).Exists(key => key.Contains("/subtitles-", StringComparison.Ordinal)));
        using var again = await host.Client.DeleteAsync(Subtitles(video.Id, "en"), Token);
        Assert.Equal(HttpStatusCode.NotFound, again.StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task A_deletion_takes_added_subtitles_with_it()
    {
        await using var host = await IngestHost.StartAsync();
        var video = await host.IngestAsync(await Clip.SimpleAsync("320x180", seconds: 9));
        using var put = await PutAsync(host, video.Id, "en", Srt);

        using var deleted = await host.Client.DeleteAsync(new Uri($"/videos/{video.Id}", UriKind.Relative), Token);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NoContent), (put.StatusCode, deleted.StatusCode));
        Assert.DoesNotContain(await host.KeysAsync(), key => key.Contains("videos/", StringComparison.Ordinal));
    }

    /// <summary>
    /// Two replicas, on a real S3: each change is there in the end, no folder is left over, and at no time does the playlist name what is missing.
    /// </summary>
    [Fact(Timeout = Limit)]
    public async Task Of_twenty_changes_at_once_none_is_lost()
    {
        var bucket = await rgw.CreateBucketAsync();
        await using var host = await IngestHost.StartAsync(bucket);
        await using var other = await IngestHost.StartAsync(bucket);
        var id = VideoId.New();
        using (var ingested = await host.PostAsync(await Clip.SimpleAsync("320x180", seconds: 9), id))
            Assert.Equal(HttpStatusCode.Created, ingested.StatusCode);
        using var done = new CancellationTokenSource();
        var watching = WatchAsync(host.Store, id, done.Token);

        var statuses = await Task.WhenAll(Enumerable.Range(0, 20).Select(async number =>
        {
            using var answer = number == 13 ? await RenameAsync(other, id)
                : await InsistAsync(number % 2 == 0 ? host : other, id, Language(number), Srt.Replace("Now", $"Now {number}", StringComparison.Ordinal));
            return answer.StatusCode;
        }));

        await done.CancelAsync();
        Assert.True(await watching > 0);
        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.OK, status));
        var status = (await new StatusStore(host.Store).ReadAsync(id, Token))!.Status;
        var text = await ReadAsync(host.Store, ObjectKeys.Multivariant(id));
        var menu = MultivariantPlaylist.Read(text).Media.Where(media => media.Type == "SUBTITLES").ToList();
        Assert.Equal(
            Enumerable.Range(0, 20).Where(number => number != 13).Select(Language).Order(StringComparer.Ordinal),
            menu.Select(media => media.Language!).Order(StringComparer.Ordinal));
        Assert.Equal(menu.Select(media => media.Uri!.Split('/')[1]), FoldersOf(status));
        Assert.Equal(("Renamed", 20), (status.Title, status.Edits));
        foreach (var number in Enumerable.Range(0, 20).Where(number => number != 13))
        {
            var uri = menu.Single(media => media.Language == Language(number)).Uri!.Replace("playlist.m3u8", "00001.vtt", StringComparison.Ordinal);
            Assert.Contains($"Now {number}\n", await ReadAsync(host.Store, ObjectKeys.Video(id) + uri), StringComparison.Ordinal);
        }
        var folders = (await host.KeysAsync()).Where(key => key.Contains("/subtitles-", StringComparison.Ordinal))
            .Select(key => key.Split('/')[3]).Distinct(StringComparer.Ordinal);
        Assert.Equal(FoldersOf(status).Order(StringComparer.Ordinal), folders.Order(StringComparer.Ordinal));
    }

    [Theory(Timeout = Limit)]
    [InlineData(VideoState.Transcoding)]
    [InlineData(VideoState.Failed)]
    public async Task A_video_that_is_not_ready_has_no_subtitles_to_change(VideoState state)
    {
        await using var host = await IngestHost.StartAsync();
        var (id, now) = (VideoId.New(), DateTimeOffset.UtcNow);
        var status = new VideoStatus { Id = id.ToString(), State = state, Created = now, Updated = now, Attempt = "a" };
        await new StatusStore(host.Store).WriteAsync(id, status, WriteCondition.IfNew, Token);

        using var put = await PutAsync(host, id, "en", Srt);
        using var removed = await host.Client.DeleteAsync(Subtitles(id, "en"), Token);
        using var missing = await PutAsync(host, VideoId.New(), "en", Srt);

        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.Conflict, HttpStatusCode.NotFound), (put.StatusCode, removed.StatusCode, missing.StatusCode));
    }

    [Theory(Timeout = Limit)]
    [InlineData("english!", "", 400, "The language must be a tag")]
    [InlineData("und", "", 400, "The language must be a tag")]
    [InlineData("e%2F..%2Fx", "", 400, "The language must be a tag")]
    [InlineData("en", "?forced=perhaps", 400, "forced must be true or false")]
    public async Task A_text_that_is_not_a_language_is_refused(string language, string query, int status, string reason)
    {
        await using var host = await IngestHost.StartAsync();

        using var answer = await PutAsync(host, VideoId.New(), language, Srt, query);

        await IngestTests.AssertProblemAsync(answer, (HttpStatusCode)status, reason);
    }

    /// <summary>Each is refused in words, nothing of it is left, and the video plays on.</summary>
    [Fact(Timeout = Limit)]
    public async Task Hostile_subtitles_leave_nothing_behind()
    {
        await using var host = await IngestHost.StartAsync();
        var video = await host.IngestAsync(await Clip.SimpleAsync("320x180", seconds: 9));
        var before = await host.KeysAsync();
        (byte[] File, HttpStatusCode Status, string Reason)[] files =
        [
            (OneCueOf(50_000_000), HttpStatusCode.RequestEntityTooLarge, "more than the 8,388,608 that are accepted"),
            (OneCueOf(8_000_000), HttpStatusCode.UnprocessableEntity, "more than the 4000 characters"),
            (Encoding.UTF8.GetBytes("WEBVTT\n\n" + string.Concat(Enumerable.Repeat("00:00.000 --> 00:09.000\nx\n\n", 100_001))),
                HttpStatusCode.UnprocessableEntity, "more than the 100,000 cues"),
            (Encoding.UTF8.GetBytes("WEBVTT\n\n00:00.000 --> 10:00:00.000\nx\n"), HttpStatusCode.UnprocessableEntity, "do not belong together"),
            ([.. OneCueOf(1), 0xC3, 0x28], HttpStatusCode.UnprocessableEntity, "not in UTF-8"),
            (await File.ReadAllBytesAsync(await Clip.SimpleAsync(), Token), HttpStatusCode.UnprocessableEntity, "not in UTF-8"),
            ("{}"u8.ToArray(), HttpStatusCode.UnsupportedMediaType, "neither WebVTT"),
        ];
        foreach (var (file, status, reason) in files)
        {
            // What is too large is refused before it is sent where its length is known.
            foreach (var isChunked in file.Length > 8 << 20 ? (bool[])[false] : [false, true])
            {
                using var request = new HttpRequestMessage(HttpMethod.Put, Subtitles(video.Id, "en")) { Content = new ByteArrayContent(file) };
                request.Headers.TransferEncodingChunked = isChunked;
                request.Headers.ExpectContinue = true; // an answer before the last byte is not lost
                using var answer = await host.Client.SendAsync(request, Token);
                await IngestTests.AssertProblemAsync(answer, status, reason);
            }
        }

        Assert.Equal(before, await host.KeysAsync());
        Assert.Equivalent(video.Status, (await PublishedVideo.ReadAsync(host, video.Id)).Status);
    }

    [Fact(Timeout = Limit)]
    public async Task A_store_that_fails_during_the_upload_keeps_nothing_of_it()
    {
        var isFailing = false;
        await using var host = await IngestHost.StartAsync(beforePut: key =>
            isFailing && key.EndsWith("/00001.vtt", StringComparison.Ordinal)
                ? throw new UpstreamException("The store failed.", timedOut: false) : Task.CompletedTask);
        var video = await host.IngestAsync(await Clip.SimpleAsync("320x180", seconds: 9));
        var before = await host.KeysAsync();
        isFailing = true;

        using var answer = await PutAsync(host, video.Id, "en", Srt);

        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        Assert.Equal(before, await host.KeysAsync());
    }

    [Fact(Timeout = Limit)]
    public async Task A_video_that_is_deleted_while_subtitles_come_gets_none_and_nothing_of_them_stays()
    {
        IngestHost? running = null;
        VideoId id = default;
        await using var host = await IngestHost.StartAsync(beforePut: async key =>
        {
            if (key == ObjectKeys.Multivariant(id))
            {
                id = default;
                using var deleted = await running!.Client.DeleteAsync(new Uri($"/videos/{key.Split('/')[1]}", UriKind.Relative), Token);
                Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
            }
        });
        running = host;
        var video = await host.IngestAsync(await Clip.SimpleAsync("320x180", seconds: 9));
        id = video.Id;

        using var answer = await PutAsync(host, video.Id, "en", Srt);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        await host.AssertNothingIsLeftAsync();
    }

    private static byte[] OneCueOf(int characters) => Encoding.UTF8.GetBytes("WEBVTT\n\n00:01.000 --> 00:02.000\n" + new string('x', characters));

    private static Uri Subtitles(VideoId id, string language) => new($"/videos/{id}/subtitles/{language}", UriKind.Relative);

    private static async Task<HttpResponseMessage> PutAsync(IngestHost host, VideoId id, string language, string file, string query = "")
    {
        using var content = new StringContent(file, Encoding.UTF8, "application/x-subrip");
        return await host.Client.PutAsync(new Uri(Subtitles(id, language) + query, UriKind.Relative), content, Token);
    }

    /// <summary>Puts subtitles again until there is a place for them.</summary>
    private static async Task<HttpResponseMessage> InsistAsync(IngestHost host, VideoId id, string language, string file)
    {
        while (true)
        {
            var answer = await PutAsync(host, id, language, file);
            if (answer.StatusCode != HttpStatusCode.TooManyRequests)
                return answer;
            answer.Dispose();
            await Task.Delay(Random.Shared.Next(100), Token);
        }
    }

    private static async Task<HttpResponseMessage> RenameAsync(IngestHost host, VideoId id)
    {
        using var content = new StringContent("""{"title":"Renamed"}""", Encoding.UTF8, "application/json");
        return await host.Client.PatchAsync(new Uri($"/videos/{id}", UriKind.Relative), content, Token);
    }

    private static string Language(int number) => $"x{(char)('a' + number)}";

    private static List<string> FoldersOf(VideoStatus status) =>
        [.. status.Renditions.Where(rendition => rendition.Type == "subtitles").Select(rendition => rendition.Name)];

    private static Dictionary<string, string> FilesOf(PublishedVideo video, string rendition) =>
        Directory.EnumerateFiles(Path.Combine(video.Folder, video.Status.Attempt, rendition)).ToDictionary(path => Path.GetFileName(path), File.ReadAllText);

    private static async Task WaitForAsync(Func<Task<bool>> condition)
    {
        while (!await condition())
            await Task.Delay(100, Token);
    }

    /// <summary>Reads the multivariant playlist again and again; whatever it names is there.</summary>
    private static async Task<int> WatchAsync(IObjectStore store, VideoId id, CancellationToken until)
    {
        var looks = 0;
        for (; !until.IsCancellationRequested; looks++)
        {
            var playlist = MultivariantPlaylist.Read(await ReadAsync(store, ObjectKeys.Multivariant(id)));
            foreach (var uri in playlist.Uris.Where(uri => uri.Contains("/subtitles-", StringComparison.Ordinal)))
                Assert.NotNull(await store.HeadAsync(ObjectKeys.Video(id) + uri, CancellationToken.None));
        }
        return looks;
    }

    private static async Task<string> ReadAsync(IObjectStore store, string key)
    {
        await using var stored = await store.GetAsync(key, range: null, unlessETag: null, CancellationToken.None);
        using var reader = new StreamReader(stored!.Content);
        return await reader.ReadToEndAsync(CancellationToken.None);
    }
}
