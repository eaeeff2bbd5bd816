using System.Runtime.CompilerServices;
using IngestVideo.Status;
using IngestVideo.Uploads;
using Reelseal.Storage;

namespace Reelseal.Fsck;

/// <summary>From when on something is no longer work in progress.</summary>
internal sealed record Ages
{
    /// <summary>A worker that has been silent for so long is dead, and what has lain unpublished for so long will never be published.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long a source may wait to be ingested: as long as the bucket's own rule lets it.</summary>
    public TimeSpan Upload { get; init; } = TimeSpan.FromDays(7);
}

/// <summary>Walks a store, and reports what is wrong. A video at a time, in the order of their ids, so that a bucket of any size can be walked.</summary>
internal sealed class StoreCheck(IObjectStore store, UploadStore uploads, Ages ages, TimeProvider clock)
{
    private readonly StatusStore _statuses = new(store);

    /// <summary>How many objects have been seen.</summary>
    public long Objects { get; private set; }

    /// <exception cref="UpstreamException">The store failed.</exception>
    public async IAsyncEnumerable<Finding> FindAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // First, because a worker that wakes up after its status was marked as failed stops before it publishes.
        await foreach (var finding in FindInStatusesAsync(cancellationToken))
            yield return finding;
        await foreach (var finding in FindInVideosAsync(cancellationToken))
            yield return finding;
        await foreach (var finding in FindInDownloadsAsync(cancellationToken))
            yield return finding;
        await foreach (var finding in FindInUploadsAsync(cancellationToken))
            yield return finding;
        await foreach (var finding in FindInWorkAsync(cancellationToken))
            yield return finding;
        await foreach (var finding in FindInListingAsync(cancellationToken))
            yield return finding;
    }

    private async IAsyncEnumerable<Finding> FindInVideosAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (current, objects) = (default(VideoId), new List<ObjectEntry>());
        await foreach (var entry in ListAsync(ObjectKeys.VideosPrefix, cancellationToken))
        {
            if (entry.Key == ObjectKeys.HealthCheck)
                continue;
            if (IdIn(entry.Key, ObjectKeys.VideosPrefix, '/') is not { } video)
            {
                yield return new(FindingKind.ForeignObject, entry.Key, $"{entry.Length} bytes");
                continue;
            }
            if (video != current)
            {
                foreach (var finding in await CheckVideoAsync(current, objects, cancellationToken))
                    yield return finding;
                (current, objects) = (video, []);
            }
            objects.Add(entry);
        }
        foreach (var finding in await CheckVideoAsync(current, objects, cancellationToken))
            yield return finding;
    }

    private async Task<IReadOnlyList<Finding>> CheckVideoAsync(VideoId video, List<ObjectEntry> objects, CancellationToken cancellationToken)
    {
        if (objects.Count == 0)
            return [];
        return await new VideoCheck(store, _statuses, video, ages.Silence, clock).CheckAsync(objects, cancellationToken);
    }

    private async IAsyncEnumerable<Finding> FindInStatusesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var entry in ListAsync(ObjectKeys.StatusPrefix, cancellationToken))
        {
            if (IdIn(entry.Key, ObjectKeys.StatusPrefix, '.') is not { } video || entry.Key != ObjectKeys.Status(video))
            {
                yield return new(FindingKind.ForeignObject, entry.Key, $"{entry.Length} bytes");
                continue;
            }
            if (await CheckStatusAsync(video, cancellationToken) is { } finding)
                yield return finding;
            if (await CheckListingAsync(video, cancellationToken) is { } unlisted)
                yield return unlisted;
        }
    }

    /// <summary>A video that has its place in the list is there; one from before there was a list gets it.</summary>
    private async Task<Finding?> CheckListingAsync(VideoId video, CancellationToken cancellationToken)
    {
        if (await ReadAsync(video, cancellationToken) is not { Created: var created }
            || await store.HeadAsync(ObjectKeys.Listing(video, created), cancellationToken) is not null)
            return null;
        return new(FindingKind.UnlistedVideo, ObjectKeys.Status(video), "it is missing from the list", async token =>
        {
            await _statuses.AnnounceAsync(video, created, token);
            return true;
        });
    }

    private async IAsyncEnumerable<Finding> FindInListingAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var entry in ListAsync(ObjectKeys.ListingPrefix, cancellationToken))
        {
            if (!ListedVideo.TryParse(entry.Key[ObjectKeys.ListingPrefix.Length..], out var listed))
                yield return new(FindingKind.ForeignObject, entry.Key, $"{entry.Length} bytes");
            else if (clock.GetUtcNow() - entry.LastModified > ages.Silence && await IsStaleAsync(listed, cancellationToken))
                yield return new(FindingKind.StaleListing, entry.Key, "no video was created at that time", token => RemoveListingAsync(listed, token));
        }
    }

    private async Task<bool> IsStaleAsync(ListedVideo listed, CancellationToken cancellationToken) =>
        (await ReadAsync(listed.Video, cancellationToken))?.Created != listed.Created;

    private async Task<bool> RemoveListingAsync(ListedVideo listed, CancellationToken cancellationToken)
    {
        if (!await IsStaleAsync(listed, cancellationToken))
            return false;
        await _statuses.RetractAsync(listed.Video, listed.Created, cancellationToken);
        return true;
    }

    /// <summary>The status of a video, or null where there is none that can be read.</summary>
    private async Task<VideoStatus?> ReadAsync(VideoId video, CancellationToken cancellationToken)
    {
        try
        {
            return (await _statuses.ReadAsync(video, cancellationToken))?.Status;
        }
        catch (UnreadableObjectException)
        {
            return null;
        }
    }

    private async Task<Finding?> CheckStatusAsync(VideoId video, CancellationToken cancellationToken)
    {
        StoredStatus? found;
        try
        {
            found = await _statuses.FindAsync(video, cancellationToken);
        }
        catch (UnreadableObjectException e)
        {
            return new(FindingKind.UnreadableStatus, ObjectKeys.Status(video), e.Reason);
        }
        if (found is not { Status: var status })
            return null; // deleted since it was listed
        // Read after the status: a video is published before it is called ready.
        var published = await store.HeadAsync(ObjectKeys.Multivariant(video), cancellationToken) is not null;
        if (published)
            return null; // VideoCheck reports it
        if (status.State == VideoState.Deleted)
        {
            return clock.GetUtcNow() - status.Updated <= ages.Silence ? null
                : new(
                    FindingKind.DeletionMark, ObjectKeys.Status(video), $"deleted at {status.Updated:u}",
                    token => _statuses.RemoveMarkAsync(video, clock.GetUtcNow(), token));
        }
        if (status.State == VideoState.Ready)
            return new(
                FindingKind.ReadyButNotPublished,
                ObjectKeys.Status(video),
                "its multivariant playlist is missing",
                token => FailAsync(video, found, "The video is no longer there. Ingest it again.", token));
        if (status.State != VideoState.Failed && clock.GetUtcNow() - status.Updated > ages.Silence)
            return new(
                FindingKind.StuckStatus,
                ObjectKeys.Status(video),
                $"{status.State} since {status.Updated:u}",
                token => FailAsync(video, found, "The worker died. Ingest the video again.", token));
        return null;
    }

    /// <summary>Marks a video as failed, unless its status has changed or it is published by now.</summary>
    private async Task<bool> FailAsync(VideoId video, StoredStatus found, string error, CancellationToken cancellationToken)
    {
        if (await store.HeadAsync(ObjectKeys.Multivariant(video), cancellationToken) is not null)
            return false;
        var failed = found.Status with
        {
            State = VideoState.Failed,
            Error = error,
            Speed = null,
            Remaining = null,
            Renditions = [],
            Playable = null,
            PlayableIn = null,
            Playlist = null,
            Updated = clock.GetUtcNow(),
        };
        return await _statuses.WriteAsync(video, failed, WriteCondition.IfUnchanged(found.ETag), cancellationToken) is not null;
    }

    private async IAsyncEnumerable<Finding> FindInDownloadsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var entry in ListAsync(ObjectKeys.DownloadsPrefix, cancellationToken))
        {
            if (IdIn(entry.Key, ObjectKeys.DownloadsPrefix, '/') is not { } video)
            {
                yield return new(FindingKind.ForeignObject, entry.Key, $"{entry.Length} bytes");
            }
            else if (await IsOrphanAsync(video, entry, cancellationToken))
            {
                yield return new(FindingKind.OrphanDownload, entry.Key, $"{entry.Length} bytes", async token =>
                {
                    if (!await IsOrphanAsync(video, entry, token))
                        return false;
                    await store.DeleteAsync([entry.Key], token);
                    return true;
                });
            }
        }
    }

    /// <summary>Whether a file to keep belongs to an attempt that is not the video, and to no worker that is alive.</summary>
    private async Task<bool> IsOrphanAsync(VideoId video, ObjectEntry entry, CancellationToken cancellationToken)
    {
        if (clock.GetUtcNow() - entry.LastModified <= ages.Silence)
            return false;
        if (await IsIngestedAsync(video, cancellationToken))
            return false;
        // The last look, because this is what makes an attempt the video.
        return await store.ReadTextAsync(ObjectKeys.Multivariant(video), cancellationToken) is not { Text: var multivariant }
            || (PublishedAttempt.Read(multivariant) is { Attempt: var attempt }
                && !entry.Key.StartsWith(ObjectKeys.Downloads(video, attempt), StringComparison.Ordinal));
    }

    private async IAsyncEnumerable<Finding> FindInUploadsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var entry in ListAsync(ObjectKeys.UploadsPrefix, cancellationToken))
        {
            if (IdIn(entry.Key, ObjectKeys.UploadsPrefix, '.') is not { } video
                || (entry.Key != ObjectKeys.Upload(video) && entry.Key != ObjectKeys.UploadManifest(video)))
                yield return new(FindingKind.ForeignObject, entry.Key, $"{entry.Length} bytes");
            else if (await WhyForgottenAsync(video, entry, cancellationToken) is { } why)
                yield return new(
                    FindingKind.ForgottenUpload, entry.Key, why,
                    async token => await WhyForgottenAsync(video, entry, token) is not null && await RemoveUploadAsync(video, token));
        }
    }

    private async Task<string?> WhyForgottenAsync(VideoId video, ObjectEntry entry, CancellationToken cancellationToken)
    {
        var age = clock.GetUtcNow() - entry.LastModified;
        if (age > ages.Upload)
            return $"{age.TotalDays:0} days old";
        // The worker that made the video ready removes its source right after that.
        return age > ages.Silence && await store.HeadAsync(ObjectKeys.Multivariant(video), cancellationToken) is not null
            && await _statuses.ReadAsync(video, cancellationToken) is { Status: { State: VideoState.Ready, Updated: var ready } }
            && clock.GetUtcNow() - ready > ages.Silence
            ? "its video is ready" : null;
    }

    private async IAsyncEnumerable<Finding> FindInWorkAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (current, newest, count) = (default(VideoId?), default(DateTimeOffset), 0);
        await foreach (var entry in ListAsync(ObjectKeys.WorkPrefix, cancellationToken))
        {
            if (IdIn(entry.Key, ObjectKeys.WorkPrefix, '/') is not { } video)
            {
                yield return new(FindingKind.ForeignObject, entry.Key, $"{entry.Length} bytes");
                continue;
            }
            if (video != current)
            {
                if (await CheckWorkAsync(current, newest, count, cancellationToken) is { } finding)
                    yield return finding;
                (current, newest, count) = (video, default, 0);
            }
            (newest, count) = (entry.LastModified > newest ? entry.LastModified : newest, count + 1);
        }
        if (await CheckWorkAsync(current, newest, count, cancellationToken) is { } last)
            yield return last;
    }

    private async Task<Finding?> CheckWorkAsync(VideoId? video, DateTimeOffset newest, int count, CancellationToken cancellationToken)
    {
        if (video is not { } id || clock.GetUtcNow() - newest <= ages.Silence || await IsIngestedAsync(id, cancellationToken))
            return null;
        return new(FindingKind.ForgottenWork, ObjectKeys.Work(id), $"{count} objects", async token =>
        {
            if (await IsIngestedAsync(id, token))
                return false;
            await store.DeleteAllAsync(ObjectKeys.Work(id), token);
            return true;
        });
    }

    /// <summary>Whether a worker has a video: its status changes with every heartbeat.</summary>
    private async Task<bool> IsIngestedAsync(VideoId video, CancellationToken cancellationToken) =>
        await ReadAsync(video, cancellationToken) is { State: not (VideoState.Ready or VideoState.Failed or VideoState.Deleted) } status
        && clock.GetUtcNow() - status.Updated <= ages.Silence;

    /// <summary>Removes the source with what is remembered of its upload; true as well when the two were removed together before.</summary>
    private async Task<bool> RemoveUploadAsync(VideoId video, CancellationToken cancellationToken)
    {
        await uploads.RemoveAsync(video, cancellationToken);
        return true;
    }

    private async IAsyncEnumerable<ObjectEntry> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var entry in store.ListAsync(prefix, cancellationToken))
        {
            Objects++;
            yield return entry;
        }
    }

    /// <summary>The id that follows a prefix, up to a character or the key's end; null where none does.</summary>
    private static VideoId? IdIn(string key, string prefix, char end)
    {
        var rest = key[prefix.Length..];
        return VideoId.TryParse(rest.IndexOf(end) is >= 0 and var at ? rest[..at] : rest, provider: null, out var video) ? video : null;
    }
}
