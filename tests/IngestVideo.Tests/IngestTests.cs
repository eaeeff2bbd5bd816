using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using IngestVideo.Status;
using Microsoft.Extensions.DependencyInjection;
using Reelseal;
using Reelseal.Revocation;
using Reelseal.Storage;
using Reelseal.Tokens;

namespace IngestVideo.Tests;

/// <summary>The contract of the routes, with real videos through a real server.</summary>
public sealed class IngestTests
{
    private const int Limit = 300_000;

    [Fact(Timeout = Limit)]
    public async Task A_video_sent_as_the_raw_body_is_published_with_its_ladder()
    {
        await using var host = await IngestHost.StartAsync();
        var id = VideoId.New();

        using var response = await host.PostAsync(await Clip.SimpleAsync("960x540", seconds: 7), id, "?title=Holiday%20film");

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        // Relative to /function/ingest-video and to /function/ingest-video/, one reference would lead to two places, and the function cannot tell which it was.
        Assert.Null(response.Headers.Location);
        var video = await PublishedVideo.ReadAsync(host, id);
        Assert.Equal(VideoState.Ready, video.Status.State);
        Assert.Equal(1, video.Status.Progress);
        Assert.Equal("Holiday film", video.Status.Title);
        Assert.Equal($"videos/{id}/multivariant.m3u8", video.Status.Playlist);
        Assert.Equal(7, video.Status.Duration!.Value, 0.1);
        Assert.Equal(["234p", "360p", "432p", "540p"],
            video.Status.Renditions.Where(rendition => rendition.Type == "video").Select(rendition => rendition.Name));
        Assert.Equal(4, video.Variants.Count);
        Assert.Empty(Directory.EnumerateFileSystemEntries(host.WorkDirectory));
    }

    [Fact(Timeout = Limit)]
    public async Task A_form_may_have_other_fields_before_and_after_the_file()
    {
        await using var host = await IngestHost.StartAsync();
        await using var file = File.OpenRead(await Clip.SimpleAsync());
        using var form = new MultipartFormDataContent
        {
            { new StringContent("something"), "before" },
            { new StreamContent(file), "file", "C:\\Users\\me\\../--option Birthday.mp4" },
            { new StringContent("A birthday"), "title" },
        };

        using var response = await host.Client.PostAsync(new Uri("/", UriKind.Relative), form, TestContext.Current.CancellationToken);

        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == HttpStatusCode.Created, body);
        Assert.Equal("A birthday", JsonSerializer.Deserialize(body, StatusJson.Default.VideoStatus)!.Title);
    }

    [Fact(Timeout = Limit)]
    public async Task The_title_is_the_file_name_where_no_field_says_it()
    {
        await using var host = await IngestHost.StartAsync();
        await using var file = File.OpenRead(await Clip.SimpleAsync());
        using var form = new MultipartFormDataContent { { new StreamContent(file), "file", "../../etc/Birthday.mp4" } };

        using var response = await host.Client.PostAsync(new Uri("/", UriKind.Relative), form, TestContext.Current.CancellationToken);

        Assert.Equal("Birthday",
            JsonSerializer.Deserialize(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StatusJson.Default.VideoStatus)!.Title);
    }

    [Theory(Timeout = Limit)]
    [InlineData("", HttpStatusCode.BadRequest, "empty")]
    [InlineData("This is only text, whatever it is called.", HttpStatusCode.UnsupportedMediaType, "not a video")]
    [InlineData("#EXTM3U\n#EXTINF:1,\n/etc/passwd\n#EXT-X-ENDLIST\n", HttpStatusCode.UnsupportedMediaType, "playlist")]
    [InlineData("ffconcat version 1.0\nfile /etc/passwd\n", HttpStatusCode.UnsupportedMediaType, "playlist")]
    public async Task A_file_that_is_not_a_video_is_refused_with_a_reason_and_leaves_nothing(string content, HttpStatusCode status, string reason)
    {
        await using var host = await IngestHost.StartAsync();
        using var form = new MultipartFormDataContent { { new StringContent(content), "file", "video.mp4" } };

        using var response = await host.Client.PostAsync(new Uri("/", UriKind.Relative), form, TestContext.Current.CancellationToken);

        await AssertProblemAsync(response, status, reason);
        await host.AssertNothingIsLeftAsync();
    }

    [Theory(Timeout = Limit)]
    [InlineData("+faststart")]
    [InlineData("-faststart")]
    public async Task A_truncated_video_is_refused_with_a_reason_and_leaves_nothing(string flags)
    {
        await using var host = await IngestHost.StartAsync();
        var whole = await File.ReadAllBytesAsync(
            await Clip.MakeAsync($"whole{flags}.mp4", $"-f lavfi -i testsrc2=s=320x180:d=4 -c:v libx264 -movflags {flags}"),
            TestContext.Current.CancellationToken);

        using var response = await host.PostAsync(new MemoryStream(whole[..(whole.Length / 2)]));

        await AssertProblemAsync(response, HttpStatusCode.UnprocessableEntity, "cut off");
        await host.AssertNothingIsLeftAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task A_video_that_ends_before_it_says_is_refused_and_its_status_says_why()
    {
        await using var host = await IngestHost.StartAsync();
        var id = VideoId.New();
        var whole = await File.ReadAllBytesAsync(
            await Clip.MakeAsync("whole.mkv", "-f lavfi -i testsrc2=s=320x180:d=6 -c:v libx264"), TestContext.Current.CancellationToken);

        using var response = await host.PostAsync(new MemoryStream(whole[..(whole.Length / 2)]), id);

        await AssertProblemAsync(response, HttpStatusCode.UnprocessableEntity, "cut off");
        Assert.Equal([$"status/{id}.json"], await host.KeysAsync());
        using var status = JsonDocument.Parse(await host.Client.GetStringAsync($"/videos/{id}"));
        Assert.Equal("failed", status.RootElement.GetProperty("state").GetString());
        Assert.Contains("cut off", status.RootElement.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task Where_ffmpeg_fails_the_log_has_the_step_its_exit_and_its_last_lines()
    {
        await using var host = await IngestHost.StartAsync();
        var id = VideoId.New();
        var hollow = await File.ReadAllBytesAsync(
            await Clip.MakeAsync("hollow.mp4", "-f lavfi -i testsrc2=s=128x96:d=1:r=10 -c:v libx264 -pix_fmt yuv420p -movflags +faststart"),
                TestContext.Current.CancellationToken);
        hollow.AsSpan(hollow.AsSpan().IndexOf("mdat"u8) + 4).Clear(); // every picture is there, and nothing in it

        using var response = await host.PostAsync(new MemoryStream(hollow), id);

        await AssertProblemAsync(response, HttpStatusCode.UnprocessableEntity, "cannot be decoded");
        Assert.Contains(host.Warnings, line => line.StartsWith("Step transcode: ffmpeg ended with ", StringComparison.Ordinal)
            && line.Contains("Invalid NAL unit size", StringComparison.Ordinal) && line.Split('\n').Length is > 1 and <= 40);
        Assert.Contains(host.Warnings, line => line.Contains($"Ingest of {id}", StringComparison.Ordinal)
            && line.Contains("ended in step Transcoding", StringComparison.Ordinal));
    }

    [Fact(Timeout = Limit)]
    public async Task A_repeated_request_for_a_ready_video_returns_it_without_work()
    {
        await using var host = await IngestHost.StartAsync();
        var first = await host.IngestAsync(await Clip.SimpleAsync());

        using var response = await host.PostAsync(await Clip.SimpleAsync(), first.Id);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(first.Status.Attempt, (await PublishedVideo.ReadAsync(host, first.Id)).Status.Attempt);
    }

    [Fact(Timeout = Limit)]
    public async Task Two_ingests_of_one_id_at_once_publish_one_video_and_one_gets_a_conflict()
    {
        var gate = new SegmentGate();
        await using var host = await IngestHost.StartAsync(gate.BeforePut);
        var (clip, id) = (await Clip.SimpleAsync(), VideoId.New());

        var responses = await gate.UntilOneIsRefusedAsync(host.PostAsync(clip, id), host.PostAsync(clip, id));

        Assert.Equal([HttpStatusCode.Created, HttpStatusCode.Conflict], responses.Select(response => response.StatusCode).Order());
        Assert.Equal("10", responses.Single(response => response.StatusCode == HttpStatusCode.Conflict).Headers.GetValues("Retry-After").Single());
    }

    [Fact(Timeout = Limit)]
    public async Task More_videos_than_slots_get_429()
    {
        var gate = new SegmentGate();
        await using var host = await IngestHost.StartAsync(gate.BeforePut, ("MAX_TRANSCODES", "1"));
        var clip = await Clip.SimpleAsync();

        var responses = await gate.UntilOneIsRefusedAsync(host.PostAsync(clip), host.PostAsync(clip));

        Assert.Equal([HttpStatusCode.Created, HttpStatusCode.TooManyRequests], responses.Select(response => response.StatusCode).Order());
        Assert.NotNull(responses.Single(response => response.StatusCode == HttpStatusCode.TooManyRequests).Headers.RetryAfter);
    }

    [Fact(Timeout = Limit)]
    public async Task A_deleted_video_leaves_nothing()
    {
        await using var host = await IngestHost.StartAsync();
        var video = await host.IngestAsync(await Clip.SimpleAsync());

        using var first = await host.Client.DeleteAsync(new Uri($"/videos/{video.Id}", UriKind.Relative), TestContext.Current.CancellationToken);
        using var second = await host.Client.DeleteAsync(new Uri($"/videos/{video.Id}", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.NoContent, first.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, second.StatusCode);
        await host.AssertNothingIsLeftAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task A_deletion_takes_the_multivariant_playlist_first_then_marks_the_status_and_then_takes_the_rest()
    {
        var deleted = new List<string>();
        var root = Directory.CreateTempSubdirectory("reelseal-test-").FullName;
        var real = new DirectoryObjectStore(Path.Combine(root, "store"), TimeSpan.FromSeconds(5));
        await using var host = await IngestHost.StartAsync(root, services => services.AddSingleton<IObjectStore>(new ChangedStore(
            real,
            key =>
            {
                deleted.Add(key);
                return Task.CompletedTask;
            },
            beforeDelete: keys =>
        {
            deleted.Add(string.Join(' ', keys.Order(StringComparer.Ordinal)));
            return Task.CompletedTask;
        })));
        var video = await host.IngestAsync(await Clip.SimpleAsync());
        var upload = ObjectKeys.Upload(video.Id);
        await host.Store.PutAsync(upload, new MemoryStream([1]), WriteCondition.None, CancellationToken.None);
        var attempt = ObjectKeys.Attempt(video.Id, video.Status.Attempt);
        var rest = (await host.KeysAsync()).Where(key => key.StartsWith(attempt, StringComparison.Ordinal)).Order(StringComparer.Ordinal);
        var listing = ObjectKeys.Listing(video.Id, video.Status.Created);
        string[] expected =
        [
            ObjectKeys.Multivariant(video.Id), ObjectKeys.Status(video.Id), listing, string.Join(' ', rest), $"{upload} {ObjectKeys.UploadManifest(video.Id)}",
        ];
        deleted.Clear();

        using var answer = await host.Client.DeleteAsync(new Uri($"/videos/{video.Id}", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal(expected, deleted);
    }

    [Fact(Timeout = Limit)]
    public async Task The_list_has_the_newest_first_in_pages()
    {
        await using var host = await IngestHost.StartAsync();
        var clip = await Clip.SimpleAsync();
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
            ids.Insert(0, (await host.IngestAsync(clip)).Id.ToString());

        var first = JsonSerializer.Deserialize(await host.Client.GetStringAsync("/videos?limit=2"), StatusJson.Default.VideoList)!;
        var second = JsonSerializer.Deserialize(await host.Client.GetStringAsync($"/videos?limit=2&after={first.Next}"), StatusJson.Default.VideoList)!;

        Assert.Equal(ids, first.Videos.Concat(second.Videos).Select(video => video.Id));
        Assert.Null(second.Next);
    }

    [Theory(Timeout = Limit)]
    [InlineData("POST", "/", null, HttpStatusCode.Unauthorized)]
    [InlineData("GET", "/videos", null, HttpStatusCode.Unauthorized)]
    [InlineData("GET", "/videos/not-an-id", null, HttpStatusCode.Unauthorized)]
    [InlineData("DELETE", "/videos/11111111-1111-1111-1111-111111111111", null, HttpStatusCode.Unauthorized)]
    [InlineData("POST", "/", Scopes.Play, HttpStatusCode.Forbidden)]
    [InlineData("GET", "/videos/11111111-1111-1111-1111-111111111111", Scopes.Play, HttpStatusCode.Forbidden)]
    [InlineData("GET", "/videos/not-an-id", Scopes.Ingest, HttpStatusCode.BadRequest)]
    [InlineData("GET", "/videos/11111111-1111-1111-1111-111111111111", Scopes.Ingest, HttpStatusCode.NotFound)]
    [InlineData("DELETE", "/videos/11111111-1111-1111-1111-111111111111", Scopes.Ingest, HttpStatusCode.NotFound)]
    [InlineData("GET", "/videos?limit=0", Scopes.Ingest, HttpStatusCode.BadRequest)]
    [InlineData("GET", "/videos?limit=x", Scopes.Ingest, HttpStatusCode.BadRequest)]
    [InlineData("GET", "/videos?after=x", Scopes.Ingest, HttpStatusCode.BadRequest)]
    public async Task Every_route_asks_for_a_token_and_answers_in_problem_details(string method, string path, string? scope, HttpStatusCode status)
    {
        await using var host = await IngestHost.StartAsync();
        using var client = host.CreateClient(scope is null ? null : IngestHost.Token(scope));
        using var request = new HttpRequestMessage(new HttpMethod(method), path);

        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);

        await AssertProblemAsync(response, status, "");
    }

    [Fact(Timeout = Limit)]
    public async Task A_revoked_token_is_refused_here_too()
    {
        await using var host = await IngestHost.StartAsync();
        using var client = host.CreateClient(
            IngestHost.Token(new Dictionary<string, object> { ["scope"] = Scopes.Ingest, ["jti"] = "1", ["sub"] = "someone" }));
        async Task<HttpStatusCode> ListAsync()
        {
            using var response = await client.GetAsync(new Uri("/videos", UriKind.Relative), TestContext.Current.CancellationToken);
            return response.StatusCode;
        }

        Assert.Equal(HttpStatusCode.OK, await ListAsync());
        // As sign-playlist does; this replica knows at once of what it revoked itself.
        var revocations = host.Services.GetRequiredService<Revocations>();
        await revocations.RefuseAsync(RevocationKind.Subject, "someone", refused: true, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Unauthorized, await ListAsync());
    }

    [Fact(Timeout = Limit)]
    public async Task A_token_for_one_video_opens_that_one_only()
    {
        await using var host = await IngestHost.StartAsync();
        var (mine, other) = (VideoId.New(), VideoId.New());
        using var client = host.CreateClient(IngestHost.Token(Scopes.Ingest, mine.ToString()));
        var clip = await Clip.SimpleAsync();

        using var refused = await host.PostAsync(clip, other, client: client);
        using var unnamed = await host.PostAsync(clip, client: client);
        using var accepted = await host.PostAsync(clip, mine, client: client);
        await host.IngestAsync(clip);
        using var foreign = await client.GetAsync(new Uri($"/videos/{other}", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, unnamed.StatusCode);
        Assert.Equal(HttpStatusCode.Created, accepted.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, foreign.StatusCode);
        var list = JsonSerializer.Deserialize(await client.GetStringAsync("/videos"), StatusJson.Default.VideoList)!;
        Assert.Equal([mine.ToString()], list.Videos.Select(video => video.Id));
    }

    internal static async Task AssertProblemAsync(HttpResponseMessage response, HttpStatusCode status, string reason)
    {
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == status, $"{response.StatusCode}: {body}");
        Assert.Equal(new MediaTypeHeaderValue("application/problem+json"), response.Content.Headers.ContentType);
        using var problem = JsonDocument.Parse(body);
        Assert.Equal((int)status, problem.RootElement.GetProperty("status").GetInt32());
        Assert.Contains(reason, body, StringComparison.Ordinal);
        Assert.DoesNotContain("/tmp", body, StringComparison.Ordinal);
    }
}
