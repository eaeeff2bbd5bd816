using System.Text;
using IngestVideo.Status;
using IngestVideo.Uploads;
using Reelseal.Fsck;
using Reelseal.Storage;

namespace Reelseal.Reliability.Tests.Fsck;

/// <summary>A store with made-up videos, as the checker sees it a while later.</summary>
internal sealed class StoreToCheck(IObjectStore store)
{
    public const string Attempt = "0123456789abcdef";
    private static readonly TimeSpan s_later = TimeSpan.FromHours(2);
    private readonly StatusStore _statuses = new(store);

    /// <summary>How much later the checker comes.</summary>
    public TimeSpan Later { get; set; } = s_later;

    public IObjectStore Objects => store;

    /// <summary>A published video, with all that belongs to it.</summary>
    public async Task<VideoId> PublishAsync()
    {
        var video = VideoId.New();
        await WriteAttemptAsync(video, Attempt);
        await PutAsync(
            ObjectKeys.Multivariant(video),
            $"#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"1\",URI=\"{Attempt}/audio/playlist.m3u8\"\n"
            + $"#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"audio\"\n{Attempt}/234p/playlist.m3u8\n");
        await WriteStatusAsync(video, VideoState.Ready);
        return video;
    }

    /// <summary>A video that is playable while the rest of it is made; what grows has no end yet.</summary>
    public async Task<VideoId> PublishFirstStageAsync(VideoState state, PublicationStage stage = PublicationStage.Playable, bool isGrowing = false)
    {
        var video = VideoId.New();
        if (stage == PublicationStage.Playable)
            await WriteAttemptAsync(video, Attempt);
        if (isGrowing)
            await PutAsync($"{ObjectKeys.Attempt(video, Attempt)}234p/playlist.m3u8", "#EXTM3U\n#EXT-X-PLAYLIST-TYPE:EVENT\n#EXTINF:6,\n00000.m4s\n");
        var renditions = stage == PublicationStage.Playable ? $"#EXT-X-STREAM-INF:BANDWIDTH=1\n{Attempt}/234p/playlist.m3u8\n" : "";
        await PutAsync(ObjectKeys.Multivariant(video), $"#EXTM3U\n{PublicationStages.TagOf(stage)}{renditions}");
        await WriteStatusAsync(video, state);
        return video;
    }

    public async Task WriteAttemptAsync(VideoId video, string attempt)
    {
        foreach (var rendition in (string[])["audio", "234p"])
        {
            var folder = ObjectKeys.Attempt(video, attempt) + rendition;
            await PutAsync($"{folder}/playlist.m3u8", "#EXTM3U\n#EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:6,\n00000.m4s\n#EXTINF:6,\n00001.m4s\n#EXT-X-ENDLIST\n");
            foreach (var name in (string[])["init.mp4", "00000.m4s", "00001.m4s"])
                await PutAsync($"{folder}/{name}", "media");
        }
        await PutAsync($"{ObjectKeys.Attempt(video, attempt)}storyboard-000.jpg", "picture");
        await PutAsync($"{ObjectKeys.Attempt(video, attempt)}storyboard.vtt", "WEBVTT\n\n00:00.000 --> 00:02.000\nstoryboard-000.jpg#xywh=0,0,160,90\n");
    }

    public async Task WriteStatusAsync(VideoId video, VideoState state, string attempt = Attempt, DateTimeOffset? updated = null)
    {
        var now = DateTimeOffset.UtcNow;
        var created = (await StatusAsync(video))?.Created ?? now;
        var status = new VideoStatus { Id = video.ToString(), State = state, Created = created, Updated = updated ?? now, Attempt = attempt,
            Playlist = state == VideoState.Ready ? ObjectKeys.Multivariant(video) : null };
        await _statuses.AnnounceAsync(video, created, CancellationToken.None);
        await _statuses.WriteAsync(video, status, WriteCondition.None, CancellationToken.None);
    }

    /// <summary>Chooses the poster of a video.</summary>
    public Task PosterAsync(VideoId video, string key) => _statuses.EditAsync(video, status => status with { Poster = key }, CancellationToken.None);

    /// <summary>Removes the status of a video, and its place in the list.</summary>
    public async Task ForgetAsync(VideoId video) => await _statuses.DeleteAsync((await StatusAsync(video))!, CancellationToken.None);

    public async Task<VideoStatus?> StatusAsync(VideoId video) => (await _statuses.ReadAsync(video, CancellationToken.None))?.Status;

    public async Task PutAsync(string key, string content) =>
        await store.PutAsync(key, new MemoryStream(Encoding.UTF8.GetBytes(content)), WriteCondition.None, CancellationToken.None);

    public Task DeleteAsync(string key) => store.DeleteAsync([key], CancellationToken.None);

    /// <summary>The keys of all objects but the list's, which <see cref="CheckAsync"/> compares with the statuses.</summary>
    public async Task<IReadOnlyList<string>> KeysAsync() => await store.ListAsync("", CancellationToken.None).Select(entry => entry.Key)
        .Where(key => !key.StartsWith(ObjectKeys.ListingPrefix, StringComparison.Ordinal)).ToListAsync();

    /// <summary>What is wrong, as the checker says.</summary>
    public async Task<IReadOnlyList<Finding>> CheckAsync()
    {
        var clock = new LaterClock(Later);
        return await new StoreCheck(store, new UploadStore(store), new Ages(), clock).FindAsync(CancellationToken.None).ToListAsync();
    }

    /// <summary>Checks, repairs what can be repaired, and checks again.</summary>
    public async Task<IReadOnlyList<Finding>> RepairAsync()
    {
        foreach (var finding in await CheckAsync())
        {
            if (finding.Repair is not null)
                Assert.True(await finding.Repair(CancellationToken.None), finding.ToString());
        }
        return await CheckAsync();
    }

    private sealed class LaterClock(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
    }
}
