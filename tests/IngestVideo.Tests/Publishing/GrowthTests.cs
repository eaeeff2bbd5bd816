using System.Net;
using IngestVideo.Publishing;
using IngestVideo.Status;
using Reelseal;
using Reelseal.Playlists;
using Reelseal.Storage;

namespace IngestVideo.Tests.Publishing;

/// <summary>A source that must be encoded is playable from its beginning while the rest is still missing.</summary>
public sealed class GrowthTests
{
    private const int Limit = 120_000;

    // It cannot be copied: it is MPEG-4 part 2.
    private const string Source = "-f lavfi -i testsrc2=s=320x180:r=25:d=44 -f lavfi -i sine=d=44 -c:v mpeg4 -q:v 5 -c:a aac";

    [Theory(Timeout = Limit)]
    [InlineData("ts")]
    [InlineData("fmp4")]
    public async Task What_is_there_can_be_played_and_nothing_else_is_listed(string format)
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
