using System.Text.Json;
using Reelseal;
using Reelseal.Storage;

namespace IngestVideo.Status;

/// <summary>A status document as it lies in the store.</summary>
/// <param name="Status">The document.</param>
/// <param name="ETag">What a write that replaces it names.</param>
/// <param name="Age">How long ago it was written, by the store's clock.</param>
public sealed record StoredStatus(VideoStatus Status, string ETag, TimeSpan Age);

/// <summary>Reads, writes and lists status documents.</summary>
public sealed class StatusStore(IObjectStore store)
{
    private const int Reads = 16;
    private const int MostWaitMilliseconds = 50;

    private readonly VideoListing _listing = new(store);

    /// <returns>null when there is no such video, or no longer.</returns>
    /// <exception cref="UpstreamException">The store failed.</exception>
    /// <exception cref="UnreadableObjectException">What it holds is not a status document.</exception>
    public async Task<StoredStatus?> ReadAsync(VideoId video, CancellationToken cancellationToken) =>
        await FindAsync(video, cancellationToken) is { Status.State: not VideoState.Deleted } found ? found : null;

    /// <summary>The same, also of a video that was deleted a moment ago.</summary>
    public async Task<StoredStatus?> FindAsync(VideoId video, CancellationToken cancellationToken)
    {
        await using var stored = await store.GetAsync(ObjectKeys.Status(video), range: null, unlessETag: null, cancellationToken);
        if (stored is null)
            return null;
        try
        {
            var status = await JsonSerializer.DeserializeAsync(stored.Content, StatusJson.Default.VideoStatus, cancellationToken);
            return new(status ?? throw new JsonException("null"), stored.Entry.ETag, stored.Entry.Age);
        }
        catch (JsonException e)
        {
            throw new UnreadableObjectException("The status document of this video cannot be read.", e);
        }
    }

    /// <summary>Gives a video its place in the list, before its status document is written for the first time.</summary>
    public Task AnnounceAsync(VideoId video, DateTimeOffset created, CancellationToken cancellationToken) =>
        _listing.AddAsync(video, created, cancellationToken);

    /// <summary>Takes a place in the list back.</summary>
    public Task RetractAsync(VideoId video, DateTimeOffset created, CancellationToken cancellationToken) =>
        _listing.RemoveAsync(video, created, cancellationToken);

    /// <returns>The new ETag, or null when the condition did not hold.</returns>
    public async Task<string?> WriteAsync(VideoId video, VideoStatus status, WriteCondition condition, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(status, StatusJson.Default.VideoStatus));
        return await store.PutAsync(ObjectKeys.Status(video), content, condition, cancellationToken);
    }

    /// <summary>Changes what users own of a video, even if others write its document at the same time.</summary>
    /// <param name="video">Which video.</param>
    /// <param name="change">Makes the new document of the present one; is called again when another was faster.</param>
    /// <param name="cancellationToken">Gives up; whether it was written is then unknown.</param>
    /// <returns>The new document, or null when there is no such video.</returns>
    public Task<VideoStatus?> EditAsync(VideoId video, Func<VideoStatus, VideoStatus> change, CancellationToken cancellationToken) =>
        EditAsync(video, (status, _) => Task.FromResult(change(status)), cancellationToken);

    /// <inheritdoc cref="EditAsync(VideoId, Func{VideoStatus, VideoStatus}, CancellationToken)"/>
    public async Task<VideoStatus?> EditAsync(
        VideoId video, Func<VideoStatus, CancellationToken, Task<VideoStatus>> change, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await ReadAsync(video, cancellationToken) is not { } found)
                return null;
            var edited = await change(found.Status, cancellationToken) with { Edits = (found.Status.Edits ?? 0) + 1 };
            if (await WriteAsync(video, edited, WriteCondition.IfUnchanged(found.ETag), cancellationToken) is not null)
                return edited;
            await Task.Delay(Random.Shared.Next(MostWaitMilliseconds), cancellationToken); // not all writers at the same moment
        }
    }

    /// <summary>
    /// Marks a video as deleted, and takes its place in the list back. Until <see cref="RemoveMarkAsync"/> nobody can claim it: neither the worker that has it
    /// nor a call that comes late brings it back.
    /// </summary>
    /// <returns>false when there is no such video.</returns>
    /// <exception cref="UpstreamException">The store failed.</exception>
    /// <exception cref="UnreadableObjectException">What it holds is not a status document.</exception>
    public async Task<bool> MarkDeletedAsync(VideoId video, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var mark = new VideoStatus { Id = $"{video}", State = VideoState.Deleted, Created = now, Updated = now, Attempt = "" };
        while (await ReadAsync(video, cancellationToken) is { } found)
        {
            if (await WriteAsync(video, mark, WriteCondition.IfUnchanged(found.ETag), cancellationToken) is null)
                continue; // a heartbeat came in between
            await _listing.RemoveAsync(video, found.Status.Created, cancellationToken);
            return true;
        }
        return false;
    }

    /// <summary>
    /// Removes the mark of a deleted video, and a multivariant playlist that a worker wrote after the deletion and did not live to take back.
    /// </summary>
    /// <returns>false when there is no mark, or the video has just been claimed again.</returns>
    public async Task<bool> RemoveMarkAsync(VideoId video, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // Renewed before it is removed, so that nobody can claim the video in between. The time changes its ETag, which in S3 follows from the content.
        if (await FindAsync(video, cancellationToken) is not { Status: { State: VideoState.Deleted } mark } found
            || await WriteAsync(video, mark with { Updated = now }, WriteCondition.IfUnchanged(found.ETag), cancellationToken) is null)
            return false;
        await store.DeleteAsync([ObjectKeys.Multivariant(video), ObjectKeys.Status(video)], cancellationToken);
        return true;
    }

    /// <summary>Removes a status document, and its place in the list.</summary>
    public async Task DeleteAsync(VideoStatus status, CancellationToken cancellationToken)
    {
        var video = VideoId.Parse(status.Id, provider: null);
        await store.DeleteAsync([ObjectKeys.Status(video)], cancellationToken);
        await _listing.RemoveAsync(video, status.Created, cancellationToken);
    }

    /// <summary>A page of the list, the newest first.</summary>
    /// <param name="videos">The videos that the caller may see; null for all.</param>
    /// <param name="after">The <see cref="VideoList.Next"/> of the previous page, or null.</param>
    /// <param name="limit">How many.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="IngestRefusedException">400: <paramref name="after"/> is not one that was given out.</exception>
    public async Task<VideoList> ListAsync(IReadOnlySet<VideoId>? videos, string? after, int limit, CancellationToken cancellationToken)
    {
        ListedVideo? start = after is null ? null
            : ListedVideo.TryParse(after, out var place) ? place
            : throw IngestRefusedException.Malformed("after must be the value of next of an earlier page.");
        if (videos is not null)
            return await ListAsync(videos, start, limit, cancellationToken);

        var page = new List<VideoStatus>();
        await using var reader = _listing.ReadAsync(start, cancellationToken).GetAsyncEnumerator(cancellationToken);
        var more = await reader.MoveNextAsync();
        var last = default(ListedVideo);
        while (more && page.Count < limit)
        {
            var batch = new List<ListedVideo>();
            for (; more && batch.Count < limit - page.Count; more = await reader.MoveNextAsync())
                batch.Add(reader.Current);
            // Entries of deleted videos, or of attempts that lost, fit no document.
            foreach (var (listed, status) in batch.Zip(await ReadAsync(batch.ConvertAll(listed => listed.Video), cancellationToken)))
            {
                if (status is not null && status.Created == listed.Created)
                    page.Add(status);
            }
            last = batch[^1];
        }
        return new(page, more ? last.ToString() : null);
    }

    /// <summary>A page of a few videos, found by their documents: the list of all may be long.</summary>
    private async Task<VideoList> ListAsync(IReadOnlySet<VideoId> videos, ListedVideo? after, int limit, CancellationToken cancellationToken)
    {
        var found = (await ReadAsync([.. videos], cancellationToken)).OfType<VideoStatus>()
            .Select(status => (Status: status, Place: new ListedVideo(VideoId.Parse(status.Id, provider: null), status.Created).ToString()))
            .Where(video => after is null || string.CompareOrdinal(video.Place, after.ToString()) > 0)
            .OrderBy(video => video.Place, StringComparer.Ordinal).Take(limit + 1).ToList();
        return new([.. found.Take(limit).Select(video => video.Status)], found.Count > limit ? found[limit - 1].Place : null);
    }

    /// <summary>The documents of some videos, in their order; null for those that have none, or one that cannot be read.</summary>
    private async Task<VideoStatus?[]> ReadAsync(List<VideoId> videos, CancellationToken cancellationToken)
    {
        var statuses = new VideoStatus?[videos.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, videos.Count), new ParallelOptions { MaxDegreeOfParallelism = Reads, CancellationToken = cancellationToken },
            async (index, token) =>
            {
                try
                {
                    statuses[index] = (await ReadAsync(videos[index], token))?.Status;
                }
                catch (UnreadableObjectException)
                {
                    // One damaged document must not hide the rest; fsck reports it.
                }
            });
        return statuses;
    }
}
