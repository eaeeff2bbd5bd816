using System.Globalization;
using System.Text.Json;
using Reelseal;
using Reelseal.Storage;

namespace IngestVideo.Status;

/// <summary>A status document as it lies in the store.</summary>
public sealed record StoredStatus(VideoStatus Status, string ETag);

/// <summary>Reads and writes status documents.</summary>
public sealed class StatusStore(IObjectStore store)
{
    /// <summary>How many videos are listed at most: the whole prefix is read to put the newest first.</summary>
    public const int MostListed = 10_000;

    public async Task<StoredStatus?> ReadAsync(VideoId video, CancellationToken cancellationToken)
    {
        await using var stored = await store.GetAsync(ObjectKeys.Status(video), range: null, unlessETag: null, cancellationToken);
        if (stored is null)
            return null;
        var status = await JsonSerializer.DeserializeAsync(stored.Content, StatusJson.Default.VideoStatus, cancellationToken);
        return new(status!, stored.Entry.ETag);
    }

    /// <returns>The new ETag, or null when the condition did not hold.</returns>
    public async Task<string?> WriteAsync(VideoId video, VideoStatus status, WriteCondition condition, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(status, StatusJson.Default.VideoStatus));
        return await store.PutAsync(ObjectKeys.Status(video), content, condition, cancellationToken);
    }

    public Task DeleteAsync(VideoId video, CancellationToken cancellationToken) => store.DeleteAsync([ObjectKeys.Status(video)], cancellationToken);

    /// <summary>A page of the list, the newest first.</summary>
    /// <param name="allowed">Whether the caller may see a video.</param>
    /// <param name="after">The <see cref="VideoList.Next"/> of the page before, or null.</param>
    /// <param name="limit">How many.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="IngestRefusedException">400: <paramref name="after"/> is not one that was given out.</exception>
    public async Task<VideoList> ListAsync(Func<VideoId, bool> allowed, string? after, int limit, CancellationToken cancellationToken)
    {
        var entries = new List<ListedVideo>();
        await foreach (var entry in store.ListAsync(ObjectKeys.StatusPrefix, cancellationToken))
        {
            if (VideoId.TryParse(Path.GetFileNameWithoutExtension(entry.Key), provider: null, out var video) && allowed(video))
                entries.Add(new(video, entry.LastModified));
            if (entries.Count == MostListed)
                break;
        }
        entries.Sort(ListedVideo.Compare);
        if (after is not null)
        {
            var last = ListedVideo.Parse(after);
            entries.RemoveAll(entry => ListedVideo.Compare(entry, last) <= 0);
        }
        var videos = new List<VideoStatus>();
        foreach (var entry in entries.Take(limit))
        {
            if (await ReadAsync(entry.Video, cancellationToken) is { } found) // otherwise it was deleted meanwhile
                videos.Add(found.Status);
        }
        return new(videos, entries.Count > limit ? entries[limit - 1].ToString() : null);
    }

    /// <summary>A place in the list. The id decides between equal times, so that a page always ends at one place.</summary>
    private readonly record struct ListedVideo(VideoId Video, DateTimeOffset Modified)
    {
        public static int Compare(ListedVideo one, ListedVideo other) =>
            other.Modified.CompareTo(one.Modified) is not 0 and var newer ? newer : one.Video.Value.CompareTo(other.Video.Value);

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Modified.UtcTicks}.{Video}");

        public static ListedVideo Parse(string text) =>
            text.Split('.') is [var ticks, var id] && long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var modified)
            && modified <= DateTimeOffset.MaxValue.Ticks && VideoId.TryParse(id, provider: null, out var video)
                ? new(video, new(modified, TimeSpan.Zero))
                : throw IngestRefusedException.Malformed("after must be the value of next of an earlier page.");
    }
}
