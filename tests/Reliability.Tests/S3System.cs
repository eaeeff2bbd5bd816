using System.Net;
using IngestVideo.Status;
using IngestVideo.Uploads;
using Reelseal.EndToEnd.Tests;
using Reelseal.Fsck;
using Reelseal.Local;
using Reelseal.Local.Playback;
using Reelseal.Playlists;
using Reelseal.Storage;
using Reelseal.Testing;

namespace Reelseal.Reliability.Tests;

/// <summary>The whole system on a bucket of a real S3, with what is needed to hurt it and to look at it afterwards.</summary>
internal sealed class S3System : IAsyncDisposable
{
    /// <summary>The interval of heartbeats: short, so that dead workers are soon given up.</summary>
    public static readonly TimeSpan Heartbeat = TimeSpan.FromMilliseconds(300);

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);
    private readonly TemporaryDirectory _folder = new();
    private readonly LocalSystem _local;

    private S3System(LocalSystem local, string workDirectory, IObjectStore store)
    {
        (_local, WorkDirectory, Store, Statuses) = (local, workDirectory, store, new(store));
        Ingest = new(local);
        Client = new(local.Gateway, local.Tokens);
    }

    public LocalSystem Local => _local;

    public IngestClient Ingest { get; }

    public VideoClient Client { get; }

    /// <summary>The bucket, past all that may be wrong between it and the functions.</summary>
    public IObjectStore Store { get; }

    public StatusStore Statuses { get; }

    public string WorkDirectory { get; }

    /// <param name="s3">Where the bucket is.</param>
    /// <param name="between">Stands between the functions and S3; null for nothing.</param>
    /// <param name="settings">Further settings of the functions.</param>
    public static Task<S3System> StartAsync(CephRgw s3, Func<Uri, FaultProxy>? between = null, params (string Name, string Value)[] settings) =>
        StartAsync(s3, replicas: 1, between, settings);

    /// <param name="s3">Where the bucket is.</param>
    /// <param name="replicas">How many processes of ingest-video there are.</param>
    /// <param name="between">Stands between the functions and S3; null for nothing.</param>
    /// <param name="settings">Further settings of the functions.</param>
    public static async Task<S3System> StartAsync(
        CephRgw s3, int replicas, Func<Uri, FaultProxy>? between = null, params (string Name, string Value)[] settings)
    {
        Published.Require();
        var bucket = await s3.CreateBucketAsync();
        var work = Directory.CreateTempSubdirectory("reelseal-test-work-").FullName;
        var environment = new Dictionary<string, string>(bucket.Environment, StringComparer.Ordinal)
        {
            ["WORK_DIRECTORY"] = work,
            ["HEARTBEAT_INTERVAL"] = $"{Heartbeat.TotalMilliseconds:0}ms",
            ["REPLACED_ATTEMPT_LIFETIME"] = "1s",
        };
        if (between is not null)
            environment["S3_ENDPOINT"] = between(bucket.Endpoint).Address.AbsoluteUri;
        foreach (var (name, value) in settings)
            environment[name] = value;
        // Longer than the functions', so that a busy machine fails no check.
        var store = bucket.CreateStore(TimeSpan.FromSeconds(30));
        var options = new LocalOptions { Store = store, Settings = environment, Replicas = replicas };
        return new(await LocalSystem.StartAsync(options, TestContext.Current.CancellationToken), work, store);
    }

    /// <summary>A moving picture with a sound, as bytes.</summary>
    public async Task<byte[]> ClipAsync(TimeSpan duration, int width = 640, int height = 360)
    {
        var path = Path.Combine(_folder.Path, $"{Guid.NewGuid():N}.mp4");
        await Clip.CreateAsync(path, duration, width, height, TestContext.Current.CancellationToken);
        return await File.ReadAllBytesAsync(path);
    }

    /// <summary>All that is wrong with the store when nothing is in progress any more.</summary>
    public async Task<IReadOnlyList<Finding>> CheckAsync() =>
        await new StoreCheck(Store, new UploadStore(Store), new Ages { Silence = TimeSpan.Zero }, TimeProvider.System).FindAsync(CancellationToken.None)
            .ToListAsync();

    /// <summary>Nothing is half published at this moment, whatever else is under way.</summary>
    public async Task AssertNothingIsHalfPublishedAsync() =>
        Assert.DoesNotContain(
            await CheckAsync(), finding => finding.Kind is FindingKind.MissingObject or FindingKind.UnreadablePlaylist or FindingKind.VideoWithoutStatus);

    /// <summary>
    /// What viewers have of a video at this moment; null for nothing. Whatever it is, it is of one attempt, everything that a playlist lists is there, and what
    /// does not grow has an end.
    /// </summary>
    public async Task<PublicationStage?> StageAsync(VideoId video)
    {
        if (await ReadAsync(ObjectKeys.Multivariant(video)) is not { } text)
            return null;
        var published = PublishedAttempt.Read(text);
        Assert.NotNull(published);
        Assert.All(MultivariantPlaylist.Read(text).Uris, uri => Assert.StartsWith($"{published.Attempt}/", uri, StringComparison.Ordinal));
        foreach (var playlist in MultivariantPlaylist.Read(text).Uris.Select(uri => ObjectKeys.Video(video) + uri))
        {
            var media = MediaPlaylist.Read(await ReadAsync(playlist) ?? throw new Xunit.Sdk.XunitException($"{playlist} is missing."));
            Assert.NotEmpty(media.Segments);
            Assert.True(media.EndList || published.IsGrowing, $"{playlist} has no end.");
            foreach (var segment in media.Uris.Select(uri => playlist[..(playlist.LastIndexOf('/') + 1)] + uri))
                Assert.True(await Store.HeadAsync(segment, CancellationToken.None) is not null, $"{segment} is missing.");
        }
        var manifest = await AttemptManifest.ReadAsync(Store, video, published.Attempt, CancellationToken.None);
        Assert.True(manifest is not null || published.Stage != PublicationStage.Final, "The complete attempt has no manifest.");
        return published.Stage;
    }

    /// <summary>The text of an object; null where there is none.</summary>
    public async Task<string?> ReadAsync(string key) => (await Store.ReadTextAsync(key, CancellationToken.None))?.Text;

    /// <summary>Everything is at rest: the store in order, no program left, no file in the work directory.</summary>
    public async Task AssertIsCleanAsync()
    {
        await WaitUntilAsync(() => Task.FromResult(!Programs().Any()), "ffmpeg is still running");
        // What a dead worker had made playable is removed a moment later.
        IReadOnlyList<Finding> found = [];
        await WaitUntilAsync(async () => (found = await CheckAsync()) is [], () => string.Join('\n', found));
        Assert.Empty(Directory.EnumerateFileSystemEntries(WorkDirectory));
    }

    /// <summary>A video is whole: every address of every playlist opens, and it plays for as long as its source did.</summary>
    public async Task AssertPlaysAsync(VideoId video, TimeSpan duration)
    {
        var cancellation = TestContext.Current.CancellationToken;
        Assert.Equal(VideoState.Ready, (await Statuses.ReadAsync(video, cancellation))?.Status.State);
        PlayTicket ticket = null!;
        await WaitUntilAsync(async () => (ticket = (await AskForTicketAsync(video))!) is not null, "the store does not answer");
        await Crawler.FetchAllAsync(Client, await Crawler.CrawlAsync(Client, ticket.Url, cancellation), cancellation);
        foreach (var variant in (await Client.GetPlaylistAsync(ticket.Url, cancellation)).Where(entry => entry.Tag == "EXT-X-STREAM-INF"))
        {
            var played = await Player.PlayAsync(variant.Uri, cancellation);
            Assert.InRange(played.Duration, duration - TimeSpan.FromSeconds(0.5), duration + TimeSpan.FromSeconds(0.5));
        }
    }

    /// <summary>A ticket, or null when the store did not answer in time: a busy machine may take longer, and players ask again.</summary>
    private async Task<PlayTicket?> AskForTicketAsync(VideoId video)
    {
        try
        {
            return await Client.GetTicketAsync(video, until: null, TestContext.Current.CancellationToken);
        }
        catch (VideoClientException e) when (e.Status == HttpStatusCode.GatewayTimeout)
        {
            return null;
        }
    }

    /// <summary>The programs that ingest has started and that still run.</summary>
    public IEnumerable<int> Programs() => RunningPrograms.WorkingIn(WorkDirectory);

    /// <summary>Kills a function as a crash would, and waits until it is gone.</summary>
    public async Task KillAsync(string name)
    {
        var function = _local.Functions[name];
        Signals.Kill(function.Id);
        await WaitUntilAsync(() => Task.FromResult(function.HasExited), $"{name} lives on");
    }

    /// <summary>Puts copies of a published video into the store. Only keys and the status hold its id.</summary>
    public async Task<IReadOnlyList<VideoId>> CopyAsync(VideoId video, int count)
    {
        var status = (await Statuses.ReadAsync(video, CancellationToken.None))!.Status;
        var keys = await Store.ListAsync(ObjectKeys.Video(video), CancellationToken.None).Select(entry => entry.Key).ToListAsync();
        IReadOnlyList<VideoId> copies = [.. Enumerable.Range(0, count).Select(_ => VideoId.New())];
        await Parallel.ForEachAsync(copies, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (copy, cancellationToken) =>
        {
            string Renamed(string key) => key.Replace(video.ToString(), copy.ToString(), StringComparison.Ordinal);
            foreach (var key in keys)
            {
                await using var stored = await Store.GetAsync(key, range: null, unlessETag: null, cancellationToken);
                using var content = new MemoryStream();
                await stored!.Content.CopyToAsync(content, cancellationToken);
                await Store.PutAsync(Renamed(key), content, WriteCondition.None, cancellationToken);
            }
            var own = status with { Id = copy.ToString(), Playlist = Renamed(status.Playlist!), Poster = null, Storyboard = null };
            await Statuses.AnnounceAsync(copy, own.Created, cancellationToken);
            await Statuses.WriteAsync(copy, own, WriteCondition.IfNew, cancellationToken);
        });
        return copies;
    }

    public async Task RemoveAsync(IReadOnlyList<VideoId> videos)
    {
        foreach (var video in videos)
        {
            if (await Statuses.ReadAsync(video, CancellationToken.None) is { Status: var status })
                await Statuses.DeleteAsync(status, CancellationToken.None);
            await Store.DeleteAsync(
                await Store.ListAsync(ObjectKeys.Video(video), CancellationToken.None).Select(entry => entry.Key).ToListAsync(), CancellationToken.None);
        }
    }

    /// <summary>Sends the video again and again, as a client that wants it to be there: until it is.</summary>
    /// <param name="video">Its id.</param>
    /// <param name="content">The video; null for what was uploaded before.</param>
    public async Task InsistAsync(VideoId video, byte[]? content)
    {
        IngestAnswer last = new(Status: null);
        await WaitUntilAsync(
            async () =>
            {
                last = await Ingest.PostAsync(video, content is null ? null : new MemoryStream(content));
                return last.Status is HttpStatusCode.Created or HttpStatusCode.OK;
            },
            () => $"{video} is still answered with {last}\n{_local.Functions[LocalSystem.IngestVideo].Log}");
    }

    public static Task WaitUntilAsync(Func<Task<bool>> condition, string otherwise) => WaitUntilAsync(condition, () => otherwise);

    public static async Task WaitUntilAsync(Func<Task<bool>> condition, Func<string> otherwise)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < s_patience, otherwise());
            await Task.Delay(TimeSpan.FromMilliseconds(50), TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Ingest.Dispose();
        Client.Dispose();
        await _local.DisposeAsync();
        _folder.Dispose();
        Directory.Delete(WorkDirectory, recursive: true);
    }
}
