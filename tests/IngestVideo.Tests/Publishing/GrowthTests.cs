using System.Net;
using IngestVideo.Publishing;
using IngestVideo.Status;
using Microsoft.Extensions.DependencyInjection;
using Reelseal;
using Reelseal.Playlists;
using Reelseal.Storage;

namespace IngestVideo.Tests.Publishing;

/// <summary>A source that must be encoded is playable from its beginning while the rest is still missing.</summary>
public sealed class GrowthTests
{
    private const int Limit = 300_000;

    // It cannot be copied: it is MPEG-4 part 2.
    private const string Source = "-f lavfi -i testsrc2=s=320x180:r=25:d=44 -f lavfi -i sine=d=44 -c:v mpeg4 -q:v 5 -c:a aac";

    [Theory(Timeout = Limit)]
    [InlineData("ts")]
    [InlineData("fmp4")]
    public async Task Every_listed_segment_is_there_and_plays(string format)
    {
        var (released, id) = (new TaskCompletionSource(), VideoId.New());
        var late = format == "ts" ? "p/00005.ts" : "p/00005.m4s"; // of the picture
        await using var host = await IngestHost.StartAsync(
            key => key.EndsWith(late, StringComparison.Ordinal) ? released.Task : Task.CompletedTask, ("SEGMENT_FORMAT", format));
        var source = await Clip.MakeAsync("growing.mp4", Source);
        var ingest = host.PostAsync(source, id);

        await host.WaitForAsync(id, status => status.Playable == true);
        var first = await PublishedVideo.ReadAsync(host, id);
        Assert.Equal((VideoState.Transcoding, PublicationStage.Playable), (first.Status.State, PublishedAttempt.Read(first.Multivariant)!.Stage));
        Assert.Contains("\n#EXT-X-START:TIME-OFFSET=0.01,PRECISE=YES\n", first.Multivariant, StringComparison.Ordinal);
        var playlists = MultivariantPlaylist.Read(first.Multivariant).Uris.ToDictionary(uri => uri, uri => File.ReadAllText(Path.Combine(first.Folder, uri)));
        Assert.Equal(2, playlists.Count); // one picture, one sound
        Assert.DoesNotContain(
            Path.GetFileName(late), playlists.Single(playlist => !playlist.Key.Contains("audio", StringComparison.Ordinal)).Value, StringComparison.Ordinal);
        foreach (var (uri, text) in playlists)
        {
            var playlist = MediaPlaylist.Read(text);
            Assert.Equal(("EVENT", false, 7), (playlist.PlaylistType, playlist.EndList, playlist.TargetDuration));
            Assert.Equal(0.01, playlist.Start!.TimeOffset);
            Assert.True(playlist.Segments.Count >= 2);
            Assert.All(playlist.Uris, name => Assert.True(File.Exists(Path.Combine(first.Folder, Path.GetDirectoryName(uri)!, name)), name));
        }

        released.SetResult();
        using var response = await ingest;

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var video = await PublishedVideo.ReadAsync(host, id);
        Assert.Equal((VideoState.Ready, first.Status.Attempt), (video.Status.State, video.Status.Attempt));
        Assert.Equal(PublicationStage.Final, PublishedAttempt.Read(video.Multivariant)!.Stage);
        Assert.DoesNotContain("EXT-X-START", video.Multivariant, StringComparison.Ordinal);
        Assert.All(playlists, playlist =>
        {
            var now = File.ReadAllText(Path.Combine(video.Folder, playlist.Key));
            Assert.StartsWith(playlist.Value, now, StringComparison.Ordinal);
            Assert.EndsWith("\n#EXT-X-ENDLIST\n", now, StringComparison.Ordinal);
        });
        var declared = MultivariantPlaylist.Read(first.Multivariant).StreamInf.Single();
        Assert.True(declared.Bandwidth >= MultivariantPlaylist.Read(video.Multivariant).StreamInf.Single().Bandwidth, $"{declared}");
        await StreamAssert.IsCorrectAsync(video);
    }

    [Theory(Timeout = Limit)]
    [InlineData(3, new[] { PublicationStage.Playable, PublicationStage.Final })]
    [InlineData(6, new[] { PublicationStage.Final })] // more than the next worker has before it is done
    public async Task What_a_dead_worker_began_is_replaced_once_there_is_as_much_again(int segments, PublicationStage[] stages)
    {
        var (released, id, written) = (new TaskCompletionSource(), VideoId.New(), new List<(PublishedAttempt Pointer, int Segments)>());
        var root = Directory.CreateTempSubdirectory("reelseal-test-").FullName;
        var store = new DirectoryObjectStore(Path.Combine(root, "store"), TimeSpan.FromSeconds(5));
        await using var host = await IngestHost.StartAsync(root, services => services.AddSingleton<IObjectStore>(
            new ChangedStore(store, key => key.EndsWith("p/00005.ts", StringComparison.Ordinal) ? released.Task : Task.CompletedTask, RecordAsync)));
        var dead = await BeginAsync(store, id, segments);
        File.SetLastWriteTimeUtc(Path.Combine(host.StoreDirectory, ObjectKeys.Status(id)), DateTime.UtcNow.AddHours(-1));

        var ingest = host.PostAsync(await Clip.MakeAsync("growing.mp4", Source), id);
        var attempt = (await host.WaitForAsync(id, status => status.Attempt != dead && status.State == VideoState.Transcoding)).Attempt;
        while (!File.Exists(PlaylistOf(attempt)) || !(await File.ReadAllTextAsync(PlaylistOf(attempt))).Contains("00004.ts", StringComparison.Ordinal))
            await Task.Delay(50, TestContext.Current.CancellationToken);
        if (stages[0] == PublicationStage.Playable)
            await host.WaitForAsync(id, _ => written.Count > 0);
        released.SetResult();
        using var response = await ingest;

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal(stages, written.Select(one => one.Pointer.Stage));
        Assert.All(written, one => Assert.NotEqual(dead, one.Pointer.Attempt));
        Assert.True(written[0].Segments >= segments, $"{written[0].Segments} segments");
        Assert.Equal(segments, MediaPlaylist.Read(await File.ReadAllTextAsync(PlaylistOf(dead))).Segments.Count); // for those who watch it
        await StreamAssert.IsCorrectAsync(await PublishedVideo.ReadAsync(host, id));

        async Task RecordAsync(string key)
        {
            if (key != ObjectKeys.Multivariant(id))
                return;
            var pointer = PublishedAttempt.Read(await File.ReadAllTextAsync(Path.Combine(root, "store", key)))!;
            written.Add((pointer, MediaPlaylist.Read(await File.ReadAllTextAsync(PlaylistOf(pointer.Attempt))).Segments.Count));
        }

        string PlaylistOf(string attempt) => Path.Combine(root, "store", "videos", $"{id}", attempt, "180p", "playlist.m3u8");
    }

    /// <summary>What a worker leaves that dies when the first segments of a video can be played.</summary>
    /// <returns>Its attempt.</returns>
    private static async Task<string> BeginAsync(IObjectStore store, VideoId id, int segments)
    {
        const string attempt = "0123456789abcdef";
        var publication = new Publication(store, id, attempt);
        var listed = Enumerable.Range(0, segments).Select(number => new MediaSegment($"{number:00000}.ts", 6, 1000)).ToList();
        var playlist = MediaPlaylistWriter.WriteEvent(listed, initSection: null, targetDuration: 7, isComplete: false);
        await publication.PutAsync("180p/playlist.m3u8", playlist, CancellationToken.None);
        var multivariant = $"#EXTM3U\n{PublicationStages.TagOf(PublicationStage.Playable)}#EXT-X-START:TIME-OFFSET=0.01,PRECISE=YES\n"
            + $"#EXT-X-STREAM-INF:BANDWIDTH=1\n{attempt}/180p/playlist.m3u8\n";
        await publication.TryPublishAsync(multivariant, PublicationStage.Playable, CancellationToken.None);
        var status = new VideoStatus
        {
            Id = $"{id}", State = VideoState.Transcoding, Playable = true, Attempt = attempt, Created = DateTimeOffset.UtcNow, Updated = DateTimeOffset.UtcNow,
        };
        await new StatusStore(store).WriteAsync(id, status, WriteCondition.IfNew, CancellationToken.None);
        return attempt;
    }

    [Fact(Timeout = Limit)]
    public async Task A_late_write_of_a_playlist_takes_nothing_back()
    {
        var folder = Directory.CreateTempSubdirectory("reelseal-test-").FullName;
        var store = new DirectoryObjectStore(folder, TimeSpan.FromSeconds(5));
        var publication = new Publication(store, VideoId.New(), "0123456789abcdef");
        var first = await publication.ReplaceAsync("a/playlist.m3u8", "1", eTag: null, CancellationToken.None);
        // Its answer is lost, and the worker, which knows only of the first, writes the third.
        var second = await publication.ReplaceAsync("a/playlist.m3u8", "1 2", first, CancellationToken.None);
        var third = await publication.ReplaceAsync("a/playlist.m3u8", "1 2 3", first, CancellationToken.None);

        Assert.Null(await store.PutAsync(
            publication.KeyOf("a/playlist.m3u8"), new MemoryStream("1 2"u8.ToArray()), WriteCondition.IfUnchanged(first), CancellationToken.None));

        Assert.NotEqual(second, third);
        Assert.Equal("1 2 3", await File.ReadAllTextAsync(Path.Combine(folder, publication.KeyOf("a/playlist.m3u8"))));
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData(12, 600, 2.0, 0)] // faster than playback
    [InlineData(12, 600, 1.2, 0)]
    [InlineData(12, 600, 1.0, 48)] // a tenth is kept back
    [InlineData(12, 600, 0.5, 636)]
    [InlineData(330, 600, 0.5, 0)]
    [InlineData(0, 600, 0.25, 1860)]
    public void Viewers_begin_when_playback_no_longer_catches_up_with_the_encoder(double available, double whole, double speed, double wait) =>
        Assert.Equal(wait, GrowingPlaylists.WaitFor(TimeSpan.FromSeconds(available), TimeSpan.FromSeconds(whole), speed).TotalSeconds, 0.001);

    [Fact]
    public void An_encoder_that_stands_still_lets_nobody_begin() =>
        Assert.Equal(TimeSpan.MaxValue, GrowingPlaylists.WaitFor(TimeSpan.FromSeconds(12), TimeSpan.FromSeconds(600), speed: 0));
}
