using IngestVideo.Status;
using Reelseal.Playlists;
using Reelseal.Storage;

namespace Reelseal.Fsck;

/// <summary>Checks one video: whether all is there that its playlists name, and what is there besides.</summary>
internal sealed class VideoCheck(IObjectStore store, StatusStore statuses, VideoId video, TimeSpan silence, TimeProvider clock)
{
    private readonly List<Finding> _findings = [];

    /// <param name="objects">The video's objects, as they were listed.</param>
    /// <param name="cancellationToken">Ends the check.</param>
    public async Task<IReadOnlyList<Finding>> CheckAsync(IReadOnlyList<ObjectEntry> objects, CancellationToken cancellationToken)
    {
        StoredStatus? status;
        try
        {
            status = await statuses.FindAsync(video, cancellationToken);
        }
        catch (UnreadableObjectException)
        {
            return []; // StoreCheck reports it; until it can be read, nobody knows who works here
        }
        var committed = await ReadAsync(ObjectKeys.Multivariant(video), cancellationToken);
        var published = committed is null ? null : PublishedAttempt.Read(committed);
        var listed = objects.Any(entry => entry.Key == ObjectKeys.Multivariant(video));
        if (committed is null ? listed : published is null)
        {
            // Without it nothing is known of the rest. It may also have been deleted this moment; then the next check shows it.
            _findings.Add(new(FindingKind.UnreadablePlaylist, ObjectKeys.Multivariant(video), "it names no attempt, or may not be read"));
            return _findings;
        }
        if (published is not null)
        {
            await CheckPublishedAsync(committed!, published, [.. objects.Select(entry => entry.Key)], cancellationToken);
            CheckStatus(status, published, objects);
        }
        CheckOthers(status, published?.Attempt, objects);
        if (published is { Stage: PublicationStage.Final })
            CheckParts(committed!, status?.Status.Poster, published.Attempt, objects);
        return _findings;
    }

    /// <summary>Everything that players and the status may ask for is there.</summary>
    private async Task CheckPublishedAsync(string multivariant, PublishedAttempt published, HashSet<string> listed, CancellationToken cancellationToken)
    {
        foreach (var playlist in MultivariantPlaylist.Read(multivariant).Uris.Select(uri => ObjectKeys.Video(video) + uri))
        {
            if (await ReadAsync(playlist, cancellationToken) is not { } text)
            {
                await AddMissingAsync(playlist, ObjectKeys.Multivariant(video), cancellationToken);
                continue;
            }
            var media = ReadMedia(text);
            // What is still being encoded has no end.
            if (media is not { Segments.Count: > 0 } || (!media.EndList && published.Stage == PublicationStage.Final))
                _findings.Add(new(FindingKind.UnreadablePlaylist, playlist, "it is empty or cut off"));
            var folder = playlist[..(playlist.LastIndexOf('/') + 1)];
            foreach (var segment in (media?.Uris ?? []).Select(uri => folder + uri).Where(segment => !listed.Contains(segment)))
                await AddMissingAsync(segment, playlist, cancellationToken);
        }
        // The storyboard names its sprites; they are few.
        var storyboard = $"{ObjectKeys.Attempt(video, published.Attempt)}storyboard.vtt";
        if (listed.Contains(storyboard) && await ReadAsync(storyboard, cancellationToken) is { } cues)
        {
            var sprites = cues.Split('\n')
                .Where(line => line.Contains("#xywh=", StringComparison.Ordinal))
                .Select(line => ObjectKeys.Attempt(video, published.Attempt) + line.Split('#')[0])
                .Distinct(StringComparer.Ordinal);
            foreach (var sprite in sprites.Where(sprite => !listed.Contains(sprite)))
                await AddMissingAsync(sprite, "the storyboard", cancellationToken);
        }
        if (published.Stage == PublicationStage.Final)
            await CheckDownloadsAsync(published.Attempt, cancellationToken);
    }

    /// <summary>The files to keep that the manifest names are there.</summary>
    private async Task CheckDownloadsAsync(string attempt, CancellationToken cancellationToken)
    {
        AttemptManifest? manifest;
        try
        {
            manifest = await AttemptManifest.ReadAsync(store, video, attempt, cancellationToken);
        }
        catch (UnreadableObjectException e)
        {
            _findings.Add(new(FindingKind.UnreadableManifest, ObjectKeys.Manifest(video, attempt), e.Reason));
            return;
        }
        foreach (var download in manifest?.Downloads ?? [])
            await AddMissingAsync(download.Key, "the manifest", cancellationToken);
    }

    /// <summary>Notes that an object is missing, unless it, or its whole video, has changed since the listing.</summary>
    private async Task AddMissingAsync(string key, string namedBy, CancellationToken cancellationToken)
    {
        if (await store.HeadAsync(key, cancellationToken) is null && await store.HeadAsync(ObjectKeys.Multivariant(video), cancellationToken) is not null)
            _findings.Add(new(FindingKind.MissingObject, key, $"named by {namedBy}"));
    }

    private void CheckStatus(StoredStatus? found, PublishedAttempt published, IReadOnlyList<ObjectEntry> objects)
    {
        var age = clock.GetUtcNow() - objects.Max(entry => entry.LastModified);
        if (found is null or { Status.State: VideoState.Deleted })
        {
            if (age > silence) // a deletion may be under way
            {
                _findings.Add(found is null && published.Stage == PublicationStage.Final
                    ? new(FindingKind.VideoWithoutStatus, ObjectKeys.Multivariant(video), "ingest it again under its id, or delete it")
                    : new(FindingKind.VideoWithoutStatus, ObjectKeys.Multivariant(video), "it was deleted while it was being made", RemovePlaylistAsync));
            }
            return;
        }
        var status = found.Status;
        if (IsAlive(status))
            return;
        if (published.Stage == PublicationStage.Final)
        {
            if (status.State != VideoState.Ready || status.Attempt != published.Attempt)
            {
                _findings.Add(new(
                    FindingKind.PublishedButNotReady, ObjectKeys.Status(video), $"{status.State}, attempt {status.Attempt}",
                    token => MakeReadyAsync(found, published.Attempt, token)));
            }
        }
        else if (status.State == VideoState.Ready)
        {
            _findings.Add(new(
                FindingKind.ReadyButNotPublished, ObjectKeys.Status(video), "its multivariant playlist is not the final one",
                token => FailAsync(found, published, token)));
        }
        else if (status.State != VideoState.Failed)
        {
            _findings.Add(new(
                FindingKind.StuckStatus, ObjectKeys.Status(video), $"{status.State} since {status.Updated:u}", token => FailAsync(found, published, token)));
        }
    }

    /// <summary>Marks a video as failed that has lost its worker. What viewers can play of it stays.</summary>
    private async Task<bool> FailAsync(StoredStatus found, PublishedAttempt published, CancellationToken cancellationToken)
    {
        var failed = found.Status with
        {
            State = VideoState.Failed,
            Error = "The worker died. Ingest the video again.",
            Speed = null,
            Remaining = null,
            PlayableIn = null,
            Playable = published.Stage == PublicationStage.Playable ? true : null,
            Playlist = published.Stage == PublicationStage.Playable ? found.Status.Playlist : null,
            Updated = clock.GetUtcNow(),
        };
        return await statuses.WriteAsync(video, failed, WriteCondition.IfUnchanged(found.ETag), cancellationToken) is not null;
    }

    private async Task<bool> RemovePlaylistAsync(CancellationToken cancellationToken)
    {
        if (await statuses.ReadAsync(video, cancellationToken) is not null)
            return false;
        await store.DeleteAsync([ObjectKeys.Multivariant(video)], cancellationToken);
        return true;
    }

    private async Task<bool> MakeReadyAsync(StoredStatus found, string attempt, CancellationToken cancellationToken)
    {
        if (await store.HeadAsync(ObjectKeys.Multivariant(video), cancellationToken) is null)
            return false;
        var status = await AttemptManifest.ReadAsync(store, video, attempt, cancellationToken) is { } manifest ? manifest.ApplyTo(found.Status) : found.Status;
        var ready = status.AsReady(ObjectKeys.Multivariant(video)) with { Attempt = attempt, Updated = clock.GetUtcNow() };
        return await statuses.WriteAsync(video, ready, WriteCondition.IfUnchanged(found.ETag), cancellationToken) is not null;
    }

    /// <summary>Attempts that are not the video. As long as a worker is alive they are its business: it removes them when it is done.</summary>
    private void CheckOthers(StoredStatus? found, string? committed, IReadOnlyList<ObjectEntry> objects)
    {
        if (found is { Status: var status } && IsAlive(status))
            return;
        var replaced = LastChange(objects);
        foreach (var group in objects
            .Where(entry => entry.Key != ObjectKeys.Multivariant(video))
            .GroupBy(entry => entry.Key[..(entry.Key.IndexOf('/', ObjectKeys.Video(video).Length) + 1)], StringComparer.Ordinal))
        {
            if (group.Key.Length == 0)
            {
                foreach (var entry in group)
                    _findings.Add(new(FindingKind.ForeignObject, entry.Key, $"{entry.Length} bytes"));
            }
            else if ((committed is null || group.Key != ObjectKeys.Attempt(video, committed))
                && clock.GetUtcNow() - group.Select(entry => entry.LastModified).Append(replaced).Max() > silence)
            {
                _findings.Add(new(
                    FindingKind.OrphanAttempt, group.Key, $"{group.Count()} objects, {group.Sum(entry => entry.Length)} bytes",
                    token => RemoveOrphanAsync(group.Key, token)));
            }
        }
    }

    /// <summary>When the multivariant playlist was written: players may have started from what it replaced a moment before.</summary>
    private DateTimeOffset LastChange(IReadOnlyList<ObjectEntry> objects) =>
        objects.Where(entry => entry.Key == ObjectKeys.Multivariant(video)).Select(entry => entry.LastModified).DefaultIfEmpty().Max();

    /// <summary>
    /// Folders of subtitles and posters that are no longer named: the function removes them after a while, unless it ends before that.
    /// </summary>
    private void CheckParts(string multivariant, string? poster, string attempt, IReadOnlyList<ObjectEntry> objects)
    {
        var start = ObjectKeys.Attempt(video, attempt);
        var changed = LastChange(objects);
        string[] starts = [start + "subtitles-", start + "poster-"];
        foreach (var group in objects
            .Where(entry => starts.Any(part => entry.Key.StartsWith(part, StringComparison.Ordinal)) && entry.Key.IndexOf('/', start.Length) > 0)
            .GroupBy(entry => entry.Key[..(entry.Key.IndexOf('/', start.Length) + 1)], StringComparer.Ordinal))
        {
            if (!IsNamed(multivariant, poster, group.Key) && clock.GetUtcNow() - group.Select(entry => entry.LastModified).Append(changed).Max() > silence)
            {
                _findings.Add(new(
                    FindingKind.ReplacedPart, group.Key, $"{group.Count()} objects, {group.Sum(entry => entry.Length)} bytes",
                    token => RemovePartAsync(group.Key, token)));
            }
        }
    }

    private bool IsNamed(string multivariant, string? poster, string folder) =>
        MultivariantPlaylist.Read(multivariant).Uris.Select(uri => ObjectKeys.Video(video) + uri).Append(poster ?? "")
            .Any(key => key.StartsWith(folder, StringComparison.Ordinal));

    private async Task<bool> RemovePartAsync(string folder, CancellationToken cancellationToken)
    {
        var poster = (await statuses.ReadAsync(video, cancellationToken))?.Status.Poster;
        if (await ReadAsync(ObjectKeys.Multivariant(video), cancellationToken) is not { } multivariant || IsNamed(multivariant, poster, folder))
            return false;
        await store.DeleteAllAsync(folder, cancellationToken);
        return true;
    }

    /// <summary>Looks again at what is there now, and then removes the attempt.</summary>
    private async Task<bool> RemoveOrphanAsync(string folder, CancellationToken cancellationToken)
    {
        if (await statuses.ReadAsync(video, cancellationToken) is { Status: var status } && IsAlive(status))
            return false;
        var keys = new List<string>();
        await foreach (var entry in store.ListAsync(folder, cancellationToken))
        {
            if (clock.GetUtcNow() - entry.LastModified <= silence)
                return false;
            keys.Add(entry.Key);
        }
        // The last look, because this is what makes an attempt the video.
        var committed = await ReadAsync(ObjectKeys.Multivariant(video), cancellationToken);
        if (committed is not null && (PublishedAttempt.Read(committed) is not { } published || folder == ObjectKeys.Attempt(video, published.Attempt)))
            return false;
        if (keys.Count > 0)
            await store.DeleteAsync(keys, cancellationToken);
        return true;
    }

    private bool IsAlive(VideoStatus status) => status.State is not (VideoState.Ready or VideoState.Failed) && clock.GetUtcNow() - status.Updated <= silence;

    private static MediaPlaylist? ReadMedia(string text)
    {
        try
        {
            return MediaPlaylist.Read(text);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private async Task<string?> ReadAsync(string key, CancellationToken cancellationToken) => (await store.ReadTextAsync(key, cancellationToken))?.Text;
}
