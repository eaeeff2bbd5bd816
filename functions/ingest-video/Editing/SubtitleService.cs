using System.Security.Cryptography;
using IngestVideo.Planning;
using IngestVideo.Publishing;
using IngestVideo.Status;
using Reelseal;
using Reelseal.Storage;
using MediaTag = Reelseal.Playlists.Media;

namespace IngestVideo.Editing;

/// <summary>Subtitles that a user adds to a video.</summary>
/// <param name="Language">A language tag (RFC 5646).</param>
/// <param name="Name">What players' menus call them; null for the language's name.</param>
/// <param name="Forced">They are meant to be seen by everybody.</param>
/// <param name="Default">Players show them unless others are chosen; null: as those that they replace.</param>
public sealed record AddedSubtitles(string Language, string? Name, bool Forced, bool? Default);

/// <summary>Adds, replaces and removes the subtitles of a video that is ready.</summary>
/// <remarks>
/// <list type="number">
/// <item>Cut the file where the picture is cut, and upload it into a folder of its own: names under an attempt stand for the same bytes for ever.</item>
/// <item>Change the multivariant playlist with If-Match, again and again until no other change came in between. From then on players find the change.</item>
/// <item>Derive the renditions of the status document from that playlist.</item>
/// <item>Later remove the folders that are no longer named.</item>
/// </list>
/// </remarks>
public sealed class SubtitleService(IObjectStore store, StatusStore statuses, LaterRemovals removals, ILogger<SubtitleService> logger) : IDisposable
{
    /// <summary>How many subtitles a video may have: the multivariant playlist names each, and every player reads it.</summary>
    private const int MostSubtitles = 100;

    /// <summary>A file may come to tens of megabytes in memory. Nobody waits here: bodies that have begun would wait in memory, too.</summary>
    private readonly SemaphoreSlim _places = new(2);

    /// <summary>Adds subtitles, or replaces those of the same language.</summary>
    /// <param name="video">Which video.</param>
    /// <param name="added">What they are.</param>
    /// <param name="read">Reads WebVTT or SubRip into memory; called only when there is such a video, and a place for it.</param>
    /// <param name="cancellationToken">The caller is gone. It counts until players can see the change.</param>
    /// <returns>The status document, or null when there is no such video.</returns>
    /// <exception cref="IngestRefusedException">409: it is not ready. 415, 422: the file is not accepted. 429: no place is free.</exception>
    public async Task<VideoStatus?> PutAsync(VideoId video, AddedSubtitles added, Func<Task<MemoryStream>> read, CancellationToken cancellationToken)
    {
        if (await CompleteVideo.ReadAsync(store, statuses, video, cancellationToken) is not { } published)
            return null;
        var folder = $"subtitles-{added.Language}-{RandomNumberGenerator.GetHexString(16, lowercase: true)}";
        var entry = new MediaTag(
            "SUBTITLES", MultivariantPlaylistWriter.SubtitleGroup, TranscodePlan.LabelOf(added.Name, added.Language, "Subtitles"))
        {
            Language = added.Language, Forced = added.Forced, Uri = $"{published.Attempt}/{folder}/{MediaPlaylistWriter.Name}",
        };
        // 1. Upload.
        var bandwidth = await UploadAsync(published, folder, entry.Name, read, cancellationToken);
        // 2. Publish.
        try
        {
            if (await ChangeAsync(published, Add, CancellationToken.None) is not { } changed)
            {
                await RemoveAsync(published, folder); // deleted meanwhile
                return null;
            }
            published = changed;
        }
        catch (Exception e) when (e is not UpstreamException) // after one, nobody knows whether the folder is named; fsck will
        {
            await RemoveAsync(published, folder);
            throw;
        }
        // 3. Status.
        return await UpdateStatusAsync(video, new()
        {
            Name = folder, Type = "subtitles", Codecs = CodecString.WebVtt, Bandwidth = bandwidth.Peak, AverageBandwidth = bandwidth.Average,
        });

        SubtitleMenu Add(SubtitleMenu menu) => menu.With(entry with { Default = added.Default ?? menu.ReplacedBy(entry)?.Default == true });
    }

    /// <summary>Removes the subtitles of a language.</summary>
    /// <param name="video">Which video.</param>
    /// <param name="language">A language tag (RFC 5646).</param>
    /// <param name="forced">Only those that are forced, or only those that are not; null for both.</param>
    /// <param name="cancellationToken">The caller is gone.</param>
    /// <returns>false when there is no such video, or it has none.</returns>
    /// <exception cref="IngestRefusedException">409: it is not ready.</exception>
    public async Task<bool> RemoveAsync(VideoId video, string language, bool? forced, CancellationToken cancellationToken)
    {
        var existed = false;
        if (await CompleteVideo.ReadAsync(store, statuses, video, cancellationToken) is not { } published
            || await ChangeAsync(published, Without, CancellationToken.None) is null)
            return false;
        if (existed)
            await UpdateStatusAsync(video, added: null);
        return existed;

        SubtitleMenu Without(SubtitleMenu menu)
        {
            existed = menu.Entries.Any(IsMeant);
            return menu.Without(IsMeant);
        }

        bool IsMeant(MediaTag entry) => entry.Language == language && (forced is null || entry.Forced == forced);
    }

    public void Dispose() => _places.Dispose();

    private async Task<MeasuredBandwidth> UploadAsync(
        CompleteVideo published, string folder, string label, Func<Task<MemoryStream>> read, CancellationToken cancellationToken)
    {
        if (await AttemptManifest.ReadAsync(store, published.Video, published.Attempt, cancellationToken) is not { ClockStart: { } clockStart })
        {
            throw new IngestRefusedException(
                StatusCodes.Status409Conflict, "This video was made by an earlier version, which did not note where its time begins. Ingest it again.");
        }
        var picture = await published.ReadSegmentsAsync(store, cancellationToken);
        if (!_places.Wait(TimeSpan.Zero, CancellationToken.None))
            throw IngestRefusedException.Busy();
        try
        {
            await using var file = await read();
            var cues = SubtitleFile.Read(file, TimeSpan.FromSeconds(picture.Sum(segment => segment.Seconds)));
            // Once without uploading, so that what is too much in the end leaves nothing in the store.
            await foreach (var slice in Slices())
                cancellationToken.ThrowIfCancellationRequested();
            var uploads = new SubtitleTrackPublisher(new(store, published.Video, published.Attempt));
            try
            {
                return MeasuredBandwidth.Of(await uploads.PublishAsync(folder, Slices(), cancellationToken));
            }
            catch
            {
                await RemoveAsync(published, folder); // nothing names it yet
                throw;
            }

            IAsyncEnumerable<(MediaSegment Segment, string Text)> Slices() => new SubtitleSlicer(new()).SliceAsync(
                label, cues.ToAsyncEnumerable(), picture, WebVtt.MpegTime(TimeSpan.FromSeconds(clockStart)), cancellationToken);
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>Changes the multivariant playlist, even if others change it at the same time.</summary>
    /// <returns>What is published then; null when the video was deleted.</returns>
    private async Task<CompleteVideo?> ChangeAsync(CompleteVideo before, Func<SubtitleMenu, SubtitleMenu> change, CancellationToken cancellationToken)
    {
        SubtitleMenu? menu = null, changed = null;
        var published = await before.ChangeAsync(
            store,
            multivariant =>
            {
                menu = SubtitleMenu.Read(multivariant);
                changed = change(menu);
                return changed.Entries.Count() <= MostSubtitles ? changed.ToString()
                    : throw IngestRefusedException.Undecodable($"A video may have {MostSubtitles} subtitles. Remove some first.");
            },
            cancellationToken);
        if (published is null)
            return null;
        foreach (var old in menu!.Entries.Select(FolderOf).Except(changed!.Entries.Select(FolderOf), StringComparer.Ordinal))
            removals.RemovePart(before.Video, before.Attempt, old);
        return published;
    }

    /// <summary>Makes the status document say what the multivariant playlist says: of two changes at once, the later one brings both.</summary>
    private Task<VideoStatus?> UpdateStatusAsync(VideoId video, RenditionStatus? added) => statuses.EditAsync(
        video,
        async (status, cancellationToken) =>
        {
            if (await CompleteVideo.ReadAsync(store, video, cancellationToken) is not { } published)
                return status;
            var known = status.Renditions.Append(added).OfType<RenditionStatus>().ToLookup(rendition => rendition.Name, StringComparer.Ordinal);
            var subtitles = SubtitleMenu.Read(published.Multivariant).Entries.Select(entry =>
                (known[FolderOf(entry)].LastOrDefault() ?? new() { Name = FolderOf(entry), Type = "subtitles", Codecs = CodecString.WebVtt }) with
                {
                    Language = entry.Language, Label = entry.Name, Forced = entry.Forced ? true : null,
                });
            return status with { Renditions = [.. status.Renditions.Where(rendition => rendition.Type != "subtitles"), .. subtitles] };
        },
        CancellationToken.None);

    /// <summary>Removes a folder that nothing names. If the store fails here as well, fsck finds the folder.</summary>
    private async Task RemoveAsync(CompleteVideo published, string folder)
    {
        try
        {
            await store.DeleteAllAsync($"{ObjectKeys.Attempt(published.Video, published.Attempt)}{folder}/", CancellationToken.None);
        }
        catch (UpstreamException e)
        {
            logger.LogWarning("{Folder} of {Video} could not be removed: {Reason}", folder, published.Video, e.Reason);
        }
    }

    private static string FolderOf(MediaTag entry) => entry.Uri!.Split('/')[^2];
}
