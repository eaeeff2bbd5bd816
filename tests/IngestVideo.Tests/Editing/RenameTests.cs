using System.Net;
using System.Text;
using IngestVideo.Status;
using Microsoft.Extensions.Logging.Abstractions;
using Reelseal;
using Reelseal.Storage;
using Reelseal.Testing;

namespace IngestVideo.Tests.Editing;

/// <summary>What a video is called: by its sender, by its file, by a user afterwards; and that no heartbeat takes a user's name back.</summary>
public sealed class RenameTests
{
    private const int Limit = 300_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task A_video_that_is_ready_is_renamed_and_nothing_else_of_it_changes()
    {
        await using var host = await IngestHost.StartAsync();
        var before = await host.IngestAsync(await Clip.SimpleAsync());
        var keys = await host.KeysAsync();

        using var answer = await RenameAsync(host, before.Id, """{"title":"  Ein \u0007Fest 🎉 "}""");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var renamed = await PublishedVideo.StatusOfAsync(answer);
        Assert.Equal(("Ein Fest 🎉", 1), (renamed.Title, renamed.Edits));
        var after = await PublishedVideo.ReadAsync(host, before.Id);
        Assert.Equivalent(before.Status with { Title = "Ein Fest 🎉", Edits = 1 }, after.Status);
        Assert.Equal(keys, await host.KeysAsync());
        using var listed = await host.Client.GetAsync(new Uri("/videos", UriKind.Relative));
        Assert.Contains("Ein Fest", await listed.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory(Timeout = Limit)]
    [InlineData("""{"title":" \n"}""")]
    [InlineData("""{"title":null}""")]
    [InlineData("""{"title":7}""")]
    [InlineData("{}")]
    [InlineData("")]
    [InlineData("title")]
    public async Task A_name_without_a_visible_character_is_refused(string json)
    {
        await using var host = await IngestHost.StartAsync();
        var id = await PutAsync(host.Store, VideoState.Ready);

        using var answer = await RenameAsync(host, id, json);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("A title", (await new StatusStore(host.Store).ReadAsync(id, Token))!.Status.Title);
    }

    [Fact(Timeout = Limit)]
    public async Task A_video_that_is_missing_cannot_be_renamed_and_one_that_failed_can()
    {
        await using var host = await IngestHost.StartAsync();
        var failed = await PutAsync(host.Store, VideoState.Failed);

        using var missing = await RenameAsync(host, VideoId.New(), """{"title":"x"}""");
        using var renamed = await RenameAsync(host, failed, """{"title":"x"}""");

        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.OK), (missing.StatusCode, renamed.StatusCode));
        Assert.Equal("x", (await new StatusStore(host.Store).ReadAsync(failed, Token))!.Status.Title);
    }

    [Fact(Timeout = Limit)]
    public async Task Twenty_renames_at_once_are_all_applied()
    {
        await using var host = await IngestHost.StartAsync();
        var id = await PutAsync(host.Store, VideoState.Ready);

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(async number =>
        {
            using var answer = await RenameAsync(host, id, $$"""{"title":"{{number}}"}""");
            return (answer.StatusCode, (await PublishedVideo.StatusOfAsync(answer)).Edits);
        }));

        Assert.Equal(Enumerable.Range(1, 20).Select(edit => (HttpStatusCode.OK, (int?)edit)), answers.OrderBy(answer => answer.Edits));
    }

    [Fact(Timeout = Limit)]
    public async Task A_name_given_while_a_video_is_encoded_stays()
    {
        await using var host = await IngestHost.StartAsync(("X264_PRESET", "medium"));
        var id = VideoId.New();
        var ingest = host.PostAsync(await Clip.SimpleAsync("640x360", seconds: 12), id, "?title=First");
        await host.WaitForAsync(id, status => status.State == VideoState.Transcoding);

        using var renamed = await RenameAsync(host, id, """{"title":"Second"}""");
        using var answer = await ingest;

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Created), (renamed.StatusCode, answer.StatusCode));
        Assert.Equal("Second", (await PublishedVideo.StatusOfAsync(answer)).Title);
        Assert.Equal("Second", (await PublishedVideo.ReadAsync(host, id)).Status.Title);
    }

    [Fact(Timeout = Limit)]
    public async Task A_name_given_while_a_video_is_received_counts_more_than_the_one_that_comes_with_it()
    {
        await using var host = await IngestHost.StartAsync();
        var id = VideoId.New();
        await using var clip = new GatedStream(File.OpenRead(await Clip.SimpleAsync()));
        var ingest = host.PostAsync(clip, id, "?title=First");
        await host.WaitForAsync(id, status => status.State == VideoState.Receiving);

        using var renamed = await RenameAsync(host, id, """{"title":"Second"}""");
        clip.Open();
        using var answer = await ingest;

        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.Equal("Second", (await PublishedVideo.ReadAsync(host, id)).Status.Title);
    }

    /// <summary>DESIGN.md, "The pointer's rules", 5: also where the worker's last write was one whose answer was lost.</summary>
    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_heartbeat_takes_over_what_users_changed(bool isReady)
    {
        using var folder = new TemporaryDirectory();
        var store = new DirectoryObjectStore(folder.Path, TimeSpan.FromSeconds(2));
        var (statuses, video) = (new StatusStore(store), VideoId.New());
        var options = new IngestOptions { HeartbeatInterval = TimeSpan.FromHours(1) };
        await using var claim = (await VideoClaim.TakeAsync(statuses, statuses, video, TimeProvider.System, options, NullLogger.Instance, Token)).Claim!;
        claim.Update(status => status with { Title = "First" });
        Assert.True(await claim.FlushAsync(Token));
        if (isReady)
        {
            // The answer to this write is lost.
            var written = claim.Status.AsReady("videos/x") with { Renditions = [new() { Name = "720p", Type = "video" }] };
            Assert.NotNull(await statuses.WriteAsync(
                video, written, WriteCondition.IfUnchanged((await statuses.ReadAsync(video, Token))!.ETag), Token));
            claim.Update(_ => written);
        }

        await statuses.EditAsync(video, status => status with { Title = "Second", Poster = isReady ? "chosen" : null }, Token);
        claim.Update(status => status with { Progress = 0.5 });
        Assert.True(await claim.FlushAsync(Token));

        var stored = (await statuses.ReadAsync(video, Token))!.Status;
        Assert.Equal(("Second", 1, isReady ? "chosen" : null), (stored.Title, stored.Edits, stored.Poster));
        Assert.Equal(isReady ? 1 : 0.5, stored.Progress);
    }

    [Fact(Timeout = Limit)]
    public async Task A_retry_of_a_video_that_failed_keeps_the_name_that_a_user_gave_it()
    {
        await using var host = await IngestHost.StartAsync();
        var id = await PutAsync(host.Store, VideoState.Failed);
        using var renamed = await RenameAsync(host, id, """{"title":"Second"}""");

        using var answer = await host.PostAsync(await Clip.SimpleAsync(), id, "?title=First");

        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.Equal("Second", (await PublishedVideo.ReadAsync(host, id)).Status.Title);
    }

    [Theory(Timeout = Limit)]
    [InlineData("tagged.mp4", "?title=From%20the%20sender", "file.mp4", "From the sender")]
    [InlineData("tagged.mp4", "", "file.mp4", "From\u00a0the\u00a0file\u00a0itself")]
    [InlineData("tagged.mkv", "", null, "From\u00a0the\u00a0file\u00a0itself")]
    [InlineData("plain.mp4", "", "folder/file.name.mp4", "file.name")]
    [InlineData("plain.mp4", "", null, null)]
    public async Task A_raw_video_is_called_as_its_sender_says_or_its_tag_or_its_name(string clip, string query, string? fileName, string? title)
    {
        await using var host = await IngestHost.StartAsync();
        var id = VideoId.New();
        await using var file = File.OpenRead(await TitledAsync(clip));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/" + query) { Content = new StreamContent(file) };
        request.Headers.Add("X-Call-Id", id.ToString());
        if (fileName is not null)
            request.Content.Headers.ContentDisposition = new("attachment") { FileName = $"\"{fileName}\"" };

        using var answer = await host.Client.SendAsync(request, Token);

        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.Equal(title, (await PublishedVideo.ReadAsync(host, id)).Status.Title);
    }

    [Theory(Timeout = Limit)]
    [InlineData("tagged.mp4", "", "From\u00a0the\u00a0file\u00a0itself")]
    [InlineData("tagged.mp4", ""","title":"From the sender"}""", "From the sender")]
    [InlineData("plain.mp4", "", "file")]
    public async Task An_upload_is_called_as_its_sender_says_or_its_tag_or_its_name(string clip, string more, string title)
    {
        await using var host = await IngestHost.StartAsync();
        var id = VideoId.New();
        await using (var file = File.OpenRead(await TitledAsync(clip)))
            await host.Store.PutAsync(ObjectKeys.Upload(id), file, WriteCondition.None, Token);

        using var json = new StringContent(
            $$"""{"source":"uploads/{{id}}","fileName":"file.mp4"{{(more is "" ? "}" : more)}}""", Encoding.UTF8, "application/json");
        using var answer = await host.Client.PostAsync(new Uri("/", UriKind.Relative), json, Token);

        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.Equal(title, (await PublishedVideo.ReadAsync(host, id)).Status.Title);
    }

    private static async Task<string> TitledAsync(string name) => name.StartsWith("plain", StringComparison.Ordinal) ? await Clip.SimpleAsync()
        : await Clip.MakeAsync(name, $"-i {await Clip.SimpleAsync()} -c copy -metadata title=From\u00a0the\u00a0file\u00a0itself");

    private static async Task<HttpResponseMessage> RenameAsync(IngestHost host, VideoId id, string json)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        return await host.Client.PatchAsync(new Uri($"/videos/{id}", UriKind.Relative), content, Token);
    }

    private static async Task<VideoId> PutAsync(IObjectStore store, VideoState state)
    {
        var (id, now) = (VideoId.New(), DateTimeOffset.UtcNow);
        var status = new VideoStatus { Id = id.ToString(), State = state, Title = "A title", Created = now, Updated = now, Attempt = "a" };
        Assert.NotNull(await new StatusStore(store).WriteAsync(id, status, WriteCondition.IfNew, Token));
        return id;
    }

    /// <summary>Gives its last byte only when it is let.</summary>
    private sealed class GatedStream(FileStream file) : Stream
    {
        private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Open() => _open.SetResult();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (file.Position == file.Length - 1)
                await _open.Task.WaitAsync(cancellationToken);
            return await file.ReadAsync(buffer[..(int)Math.Min(buffer.Length, Math.Max(1, file.Length - 1 - file.Position))], cancellationToken);
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => file.Position; set => throw new NotSupportedException(); }
        public override void Flush() => throw new NotSupportedException();
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        protected override void Dispose(bool disposing)
        {
            if (disposing)
                file.Dispose();
            base.Dispose(disposing);
        }
    }
}
