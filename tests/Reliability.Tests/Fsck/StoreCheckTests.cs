using IngestVideo.Status;
using Reelseal.Fsck;
using Reelseal.Storage;
using Reelseal.Testing;

namespace Reelseal.Reliability.Tests.Fsck;

/// <summary>A store with each kind of problem: what the checker reports, what it repairs, and what it leaves alone. The same on both stores.</summary>
public abstract class StoreCheckTests
{
    private const int Limit = 120_000;
    private const string Other = "fedcba9876543210";

    private protected abstract Task<IObjectStore> CreateStoreAsync();

    [Fact(Timeout = Limit)]
    public async Task Nothing_is_wrong_with_published_videos_failed_ones_and_sources_that_wait()
    {
        var store = await StoreAsync();
        await store.PublishAsync();
        await store.WriteStatusAsync(VideoId.New(), VideoState.Failed);
        await store.PutAsync(ObjectKeys.Upload(VideoId.New()), "source");
        Assert.Empty(await store.CheckAsync());
    }

    [Fact(Timeout = Limit)]
    public async Task An_attempt_that_did_not_become_the_video_is_an_orphan_and_is_removed()
    {
        var store = await StoreAsync();
        var (video, failed, forgotten) = (await store.PublishAsync(), VideoId.New(), VideoId.New());
        var published = await store.KeysAsync();
        await store.WriteAttemptAsync(video, Other);
        await store.WriteAttemptAsync(failed, Other);
        await store.WriteAttemptAsync(forgotten, Other);
        await store.WriteStatusAsync(failed, VideoState.Failed, Other);

        var findings = await store.CheckAsync();

        Assert.Equal(((VideoId[])[video, failed, forgotten]).Select(id => ObjectKeys.Attempt(id, Other)).Order(StringComparer.Ordinal),
            findings.Select(finding => finding.Key).Order(StringComparer.Ordinal));
        Assert.All(findings, finding => Assert.Equal(FindingKind.OrphanAttempt, finding.Kind));
        Assert.Empty(await store.RepairAsync());
        Assert.Equal(published.Append(ObjectKeys.Status(failed)).Order(StringComparer.Ordinal), (await store.KeysAsync()).Order(StringComparer.Ordinal));
    }

    [Fact(Timeout = Limit)]
    public async Task A_file_to_keep_goes_with_its_attempt_and_one_that_the_manifest_names_must_be_there()
    {
        var store = await StoreAsync();
        var video = await store.PublishAsync();
        var kept = ObjectKeys.Download(video, StoreToCheck.Attempt, "720p");
        await store.PutAsync(
            ObjectKeys.Manifest(video, StoreToCheck.Attempt),
            $$"""{"duration":12,"renditions":[],"downloads":[{"rendition":"720p","key":"{{kept}}","size":3}]}""");
        await store.PutAsync(kept, "mp4");
        Assert.Empty(await store.CheckAsync());

        var (replaced, deleted) = (ObjectKeys.Download(video, Other, "720p"), ObjectKeys.Download(VideoId.New(), StoreToCheck.Attempt, "720p"));
        await store.PutAsync(replaced, "mp4");
        await store.PutAsync(deleted, "mp4");
        Assert.Equal(
            ((string[])[replaced, deleted]).Order(StringComparer.Ordinal),
            (await store.CheckAsync()).Where(finding => finding.Kind == FindingKind.OrphanDownload)
                .Select(finding => finding.Key).Order(StringComparer.Ordinal));
        Assert.Empty(await store.RepairAsync());
        Assert.Contains(kept, await store.KeysAsync());

        // Of a worker that is alive, nothing is removed.
        var made = VideoId.New();
        await store.WriteStatusAsync(made, VideoState.Publishing, updated: DateTimeOffset.UtcNow + store.Later);
        await store.PutAsync(ObjectKeys.Download(made, StoreToCheck.Attempt, "720p"), "mp4");
        Assert.Empty(await store.CheckAsync());

        await store.DeleteAsync(kept);
        Assert.Equal((FindingKind.MissingObject, kept), Assert.Single((await store.CheckAsync()).Select(finding => (finding.Kind, finding.Key))));
        await store.PutAsync(kept, "mp4");
        await store.PutAsync(ObjectKeys.Manifest(video, StoreToCheck.Attempt), "{");
        Assert.Equal(FindingKind.UnreadableManifest, Assert.Single(await store.CheckAsync()).Kind);
        await store.PutAsync("downloads/notes.txt", "Buy milk.");
        Assert.Contains(await store.CheckAsync(), finding => finding is { Kind: FindingKind.ForeignObject, Key: "downloads/notes.txt" });
    }

    [Fact(Timeout = Limit)]
    public async Task What_replicas_left_of_a_video_that_nobody_ingests_is_removed()
    {
        var store = await StoreAsync();
        var (ready, failed, deleted, unknown, running) = (await store.PublishAsync(), VideoId.New(), VideoId.New(), VideoId.New(), VideoId.New());
        await store.WriteStatusAsync(failed, VideoState.Failed);
        await store.WriteStatusAsync(deleted, VideoState.Deleted);
        await store.WriteStatusAsync(running, VideoState.Transcoding, updated: DateTimeOffset.UtcNow + store.Later);
        foreach (var video in (VideoId[])[ready, failed, deleted, unknown, running])
        {
            await store.PutAsync(ObjectKeys.Work(video, "0123") + "00000-00004/cut.nut", "packets");
            await store.PutAsync(ObjectKeys.Work(video, "0123") + "00000-00004/run/720p/00000.ts", "media");
        }
        await store.PutAsync("work/else", "?");

        var findings = (await store.CheckAsync()).Where(finding => finding.Key.StartsWith(ObjectKeys.WorkPrefix, StringComparison.Ordinal)).ToList();

        Assert.Equal(
            ((VideoId[])[ready, failed, deleted, unknown]).Select(video => ObjectKeys.Work(video)).Append("work/else").Order(StringComparer.Ordinal),
            findings.Select(finding => finding.Key).Order(StringComparer.Ordinal));
        Assert.Equal(FindingKind.ForeignObject, findings.Single(finding => finding.Key == "work/else").Kind);
        foreach (var finding in findings.Where(finding => finding.Kind == FindingKind.ForgottenWork))
            Assert.True(await finding.Repair!(TestContext.Current.CancellationToken));
        var left = (await store.KeysAsync()).Where(key => key.StartsWith(ObjectKeys.WorkPrefix, StringComparison.Ordinal)).ToList();
        Assert.Equal(3, left.Count);
        Assert.All(left, key => Assert.True(key == "work/else" || key.StartsWith(ObjectKeys.Work(running), StringComparison.Ordinal), key));
    }

    [Fact(Timeout = Limit)]
    public async Task Work_that_is_young_is_left_alone()
    {
        var store = await StoreAsync();
        store.Later = TimeSpan.FromMinutes(59);
        await store.PutAsync(ObjectKeys.Work(VideoId.New(), "0123") + "00000-00004/cut.nut", "packets");
        Assert.Empty(await store.CheckAsync());
    }

    [Fact(Timeout = Limit)]
    public async Task What_a_user_added_belongs_to_the_video_and_what_was_replaced_is_removed()
    {
        var store = await StoreAsync();
        var video = await store.PublishAsync();
        var folder = ObjectKeys.Attempt(video, StoreToCheck.Attempt);
        foreach (var name in (string[])["subtitles-en-1", "subtitles-en-2"])
        {
            await store.PutAsync($"{folder}{name}/playlist.m3u8", "#EXTM3U\n#EXTINF:6,\n00000.vtt\n#EXT-X-ENDLIST\n");
            await store.PutAsync($"{folder}{name}/00000.vtt", "WEBVTT\n");
        }
        await store.PutAsync(
            ObjectKeys.Multivariant(video),
            $"#EXTM3U\n#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"subtitles\",NAME=\"1\",URI=\"{StoreToCheck.Attempt}/subtitles-en-2/playlist.m3u8\"\n"
            + $"#EXT-X-STREAM-INF:BANDWIDTH=1,SUBTITLES=\"subtitles\"\n{StoreToCheck.Attempt}/234p/playlist.m3u8\n");

        foreach (var name in (string[])["poster-1", "poster-2"])
            await store.PutAsync($"{folder}{name}/poster.jpg", "picture");
        await store.PosterAsync(video, $"{folder}poster-2/poster.jpg");

        Assert.Equal(
            [(FindingKind.ReplacedPart, $"{folder}poster-1/"), (FindingKind.ReplacedPart, $"{folder}subtitles-en-1/")],
            (await store.CheckAsync()).Select(finding => (finding.Kind, finding.Key)).OrderBy(finding => finding.Key, StringComparer.Ordinal));
        Assert.Empty(await store.RepairAsync());
        var keys = await store.KeysAsync();
        Assert.Contains($"{folder}subtitles-en-2/00000.vtt", keys);
        Assert.Contains($"{folder}poster-2/poster.jpg", keys);
        Assert.DoesNotContain($"{folder}subtitles-en-1/00000.vtt", keys);
        Assert.DoesNotContain($"{folder}poster-1/poster.jpg", keys);
        store.Later = TimeSpan.FromMinutes(30); // players may still read what was replaced
        await store.PutAsync($"{folder}subtitles-en-3/00000.vtt", "WEBVTT\n");
        Assert.Empty(await store.CheckAsync());
    }

    [Fact(Timeout = Limit)]
    public async Task A_video_that_the_list_lacks_is_added_to_it_and_a_place_without_a_video_is_removed()
    {
        var store = await StoreAsync();
        var video = await store.PublishAsync();
        var stale = ObjectKeys.Listing(VideoId.New(), DateTimeOffset.UnixEpoch);
        await store.DeleteAsync(ObjectKeys.Listing(video, (await store.StatusAsync(video))!.Created));
        await store.PutAsync(stale, "");

        var findings = await store.CheckAsync();

        Assert.Equal([(FindingKind.UnlistedVideo, ObjectKeys.Status(video)), (FindingKind.StaleListing, stale)],
            findings.Select(finding => (finding.Kind, finding.Key)));
        Assert.Empty(await store.RepairAsync());
    }

    [Fact(Timeout = Limit)]
    public async Task Nothing_is_wrong_with_what_is_playable_while_it_is_made_or_after_that_failed_nor_with_what_was_withdrawn()
    {
        var store = await StoreAsync();
        store.Later = TimeSpan.FromMinutes(10);
        await store.PublishFirstStageAsync(VideoState.Transcoding);
        await store.PublishFirstStageAsync(VideoState.Transcoding, isGrowing: true);
        await store.PublishFirstStageAsync(VideoState.Failed);
        await store.PublishFirstStageAsync(VideoState.Failed, PublicationStage.Withdrawn);

        Assert.Empty(await store.CheckAsync());
    }

    [Fact(Timeout = Limit)]
    public async Task A_playable_video_without_a_worker_fails_and_stays_playable()
    {
        var store = await StoreAsync();
        VideoId[] videos = [await store.PublishFirstStageAsync(VideoState.Transcoding), await store.PublishFirstStageAsync(VideoState.Ready)];
        var before = await store.KeysAsync();

        var findings = await store.CheckAsync();

        Assert.Equal(
            [FindingKind.ReadyButNotPublished, FindingKind.StuckStatus],
            findings.Select(finding => finding.Kind).OrderBy(kind => $"{kind}", StringComparer.Ordinal));
        Assert.Empty(await store.RepairAsync());
        Assert.Equal(before, await store.KeysAsync());
        foreach (var video in videos)
            Assert.Equal(VideoState.Failed, (await store.StatusAsync(video))!.State);
    }

    [Fact(Timeout = Limit)]
    public async Task A_playlist_of_a_video_that_was_deleted_while_it_was_made_is_removed()
    {
        var store = await StoreAsync();
        var video = await store.PublishFirstStageAsync(VideoState.Transcoding);
        await store.ForgetAsync(video);

        Assert.Contains(await store.CheckAsync(), finding => finding.Kind == FindingKind.VideoWithoutStatus && finding.Repair is not null);
        await store.RepairAsync(); // first the playlist, and then what it no longer names
        Assert.Empty(await store.RepairAsync());
        Assert.Empty(await store.KeysAsync());
    }

    [Fact(Timeout = Limit)]
    public async Task The_mark_of_a_deleted_video_and_what_was_written_after_it_are_removed()
    {
        var store = await StoreAsync();
        var video = VideoId.New();
        await store.WriteStatusAsync(video, VideoState.Deleted, attempt: "");
        await store.PutAsync(ObjectKeys.Multivariant(video), $"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{StoreToCheck.Attempt}/234p/playlist.m3u8\n");
        await store.WriteAttemptAsync(video, StoreToCheck.Attempt);

        // First the playlist, and then what it no longer names.
        Assert.Contains(await store.RepairAsync(), finding => finding.Kind == FindingKind.DeletionMark);
        Assert.Empty(await store.RepairAsync());
        Assert.Empty(await store.KeysAsync());
    }

    [Fact(Timeout = Limit)]
    public async Task A_living_workers_objects_and_young_objects_are_left_alone()
    {
        var store = await StoreAsync();
        var (worked, young) = (VideoId.New(), VideoId.New());
        await store.WriteAttemptAsync(worked, Other);
        await store.WriteStatusAsync(worked, VideoState.Transcoding, Other, updated: DateTimeOffset.UtcNow + store.Later);
        Assert.Empty(await store.CheckAsync());

        store.Later = TimeSpan.FromMinutes(10);
        await store.WriteAttemptAsync(young, Other);
        Assert.Empty(await store.CheckAsync());
    }

    [Fact(Timeout = Limit)]
    public async Task An_orphan_that_became_the_video_after_it_was_found_is_not_removed()
    {
        var store = await StoreAsync();
        var (committed, claimed) = (VideoId.New(), VideoId.New());
        await store.WriteAttemptAsync(committed, StoreToCheck.Attempt);
        await store.WriteAttemptAsync(claimed, StoreToCheck.Attempt);
        var findings = await store.CheckAsync();
        Assert.Equal(2, findings.Count);

        await store.PutAsync(ObjectKeys.Multivariant(committed), $"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{StoreToCheck.Attempt}/234p/playlist.m3u8\n");
        await store.WriteStatusAsync(claimed, VideoState.Transcoding, updated: DateTimeOffset.UtcNow + store.Later);
        var before = await store.KeysAsync();

        foreach (var finding in findings)
            Assert.False(await finding.Repair!(CancellationToken.None));
        Assert.Equal(before, await store.KeysAsync());
    }

    [Fact(Timeout = Limit)]
    public async Task A_worker_that_has_been_silent_for_long_is_stuck_and_marked_as_failed()
    {
        var store = await StoreAsync();
        var video = VideoId.New();
        await store.WriteStatusAsync(video, VideoState.Transcoding);
        await store.WriteAttemptAsync(video, StoreToCheck.Attempt);

        Assert.Equal([FindingKind.StuckStatus, FindingKind.OrphanAttempt], (await store.CheckAsync()).Select(finding => finding.Kind));

        Assert.Empty(await store.RepairAsync());
        var status = await store.StatusAsync(video);
        Assert.Equal(VideoState.Failed, status!.State);
        Assert.Equal("The worker died. Ingest the video again.", status.Error);
        Assert.Equal([ObjectKeys.Status(video)], await store.KeysAsync());
    }

    [Fact(Timeout = Limit)]
    public async Task A_stuck_worker_that_wrote_a_heartbeat_after_it_was_found_is_left_alone()
    {
        var store = await StoreAsync();
        var video = VideoId.New();
        await store.WriteStatusAsync(video, VideoState.Transcoding);
        var finding = Assert.Single(await store.CheckAsync());
        await store.WriteStatusAsync(video, VideoState.Publishing);

        Assert.False(await finding.Repair!(CancellationToken.None));
        Assert.Equal(VideoState.Publishing, (await store.StatusAsync(video))!.State);
    }

    [Fact(Timeout = Limit)]
    public async Task Every_missing_object_that_a_playlist_names_is_reported()
    {
        var store = await StoreAsync();
        var video = await store.PublishAsync();
        var folder = ObjectKeys.Attempt(video, StoreToCheck.Attempt);
        foreach (var key in (string[])["234p/00001.m4s", "234p/init.mp4", "audio/playlist.m3u8", "storyboard-000.jpg"])
        {
            await store.DeleteAsync(folder + key);
            var finding = Assert.Single(await store.CheckAsync(), finding => finding.Key == folder + key);
            Assert.Equal((FindingKind.MissingObject, null), (finding.Kind, finding.Repair));
        }
        Assert.Equal(4, (await store.CheckAsync()).Count);
    }

    [Fact(Timeout = Limit)]
    public async Task A_truncated_or_foreign_playlist_is_reported_and_its_video_is_left_alone()
    {
        var store = await StoreAsync();
        var (cut, foreign) = (await store.PublishAsync(), await store.PublishAsync());
        var media = $"{ObjectKeys.Attempt(cut, StoreToCheck.Attempt)}234p/playlist.m3u8";
        await store.PutAsync(media, "#EXTM3U\n#EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:6,\n00000.m4s\n");
        await store.PutAsync(ObjectKeys.Multivariant(foreign), "#EXTM3U\n");
        await store.WriteAttemptAsync(foreign, Other);

        var findings = await store.CheckAsync();

        Assert.Equal(new[] { media, ObjectKeys.Multivariant(foreign) }.Order(StringComparer.Ordinal),
            findings.Select(finding => finding.Key).Order(StringComparer.Ordinal));
        Assert.All(findings, finding => Assert.Equal((FindingKind.UnreadablePlaylist, null), (finding.Kind, finding.Repair)));
    }

    [Fact(Timeout = Limit)]
    public async Task A_published_video_without_a_status_is_reported()
    {
        var store = await StoreAsync();
        var video = await store.PublishAsync();
        await store.ForgetAsync(video);
        var finding = Assert.Single(await store.CheckAsync());
        Assert.Equal((FindingKind.VideoWithoutStatus, ObjectKeys.Multivariant(video)), (finding.Kind, finding.Key));
    }

    [Theory(Timeout = Limit)]
    [InlineData(VideoState.Publishing, StoreToCheck.Attempt)]
    [InlineData(VideoState.Failed, Other)]
    public async Task A_published_video_whose_status_says_otherwise_is_made_ready(VideoState state, string attempt)
    {
        var store = await StoreAsync();
        var video = await store.PublishAsync();
        await store.WriteStatusAsync(video, state, attempt);

        Assert.Equal(FindingKind.PublishedButNotReady, Assert.Single(await store.CheckAsync()).Kind);

        Assert.Empty(await store.RepairAsync());
        var status = await store.StatusAsync(video);
        Assert.Equal((VideoState.Ready, StoreToCheck.Attempt, ObjectKeys.Multivariant(video)), (status!.State, status.Attempt, status.Playlist));
    }

    [Fact(Timeout = Limit)]
    public async Task A_ready_video_without_its_multivariant_playlist_is_marked_as_failed_and_its_attempt_removed()
    {
        var store = await StoreAsync();
        var video = await store.PublishAsync();
        await store.DeleteAsync(ObjectKeys.Multivariant(video));

        Assert.Equal([FindingKind.ReadyButNotPublished, FindingKind.OrphanAttempt], (await store.CheckAsync()).Select(finding => finding.Kind));

        Assert.Empty(await store.RepairAsync());
        Assert.Equal(VideoState.Failed, (await store.StatusAsync(video))!.State);
    }

    [Fact(Timeout = Limit)]
    public async Task A_source_of_a_ready_video_or_past_its_life_is_removed()
    {
        var store = await StoreAsync();
        var ready = await store.PublishAsync();
        await store.PutAsync(ObjectKeys.Upload(ready), "source");
        await store.PutAsync(ObjectKeys.UploadManifest(ready), """{"upload":"1","size":6,"partSize":6}""");
        var findings = await store.CheckAsync();
        Assert.Equal([ObjectKeys.Upload(ready), ObjectKeys.UploadManifest(ready)], findings.Select(finding => finding.Key));
        Assert.Empty(await store.RepairAsync());

        var old = ObjectKeys.Upload(VideoId.New());
        await store.PutAsync(old, "source");
        store.Later = TimeSpan.FromDays(7.1);
        Assert.Equal((FindingKind.ForgottenUpload, old), Assert.Single((await store.CheckAsync()).Select(finding => (finding.Kind, finding.Key))));
        Assert.Empty(await store.RepairAsync());
        Assert.DoesNotContain(await store.KeysAsync(), key => key.StartsWith("uploads/", StringComparison.Ordinal));
    }

    [Fact(Timeout = Limit)]
    public async Task A_foreign_object_is_reported_and_stays()
    {
        var store = await StoreAsync();
        string[] keys = ["status/notes.json", $"status/{VideoId.New()}.json", "uploads/x", "videos/readme.txt", $"videos/{VideoId.New()}/note.txt"];
        foreach (var key in keys)
            await store.PutAsync(key, "not ours");

        var findings = await store.CheckAsync();

        Assert.Equal(keys.Order(StringComparer.Ordinal), findings.Select(finding => finding.Key).Order(StringComparer.Ordinal));
        Assert.All(findings, finding => Assert.Null(finding.Repair));
    }

    private async Task<StoreToCheck> StoreAsync() => new(await CreateStoreAsync());
}

public sealed class DirectoryStoreCheckTests : StoreCheckTests, IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    private protected override Task<IObjectStore> CreateStoreAsync() =>
        Task.FromResult<IObjectStore>(new DirectoryObjectStore(_folder.Path, TimeSpan.FromSeconds(30)));

    public void Dispose() => _folder.Dispose();
}

public sealed class S3StoreCheckTests(CephRgw s3) : StoreCheckTests
{
    private protected override async Task<IObjectStore> CreateStoreAsync() => (await s3.CreateBucketAsync()).CreateStore(TimeSpan.FromSeconds(30));
}
