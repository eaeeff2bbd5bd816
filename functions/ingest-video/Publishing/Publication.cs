using System.Text;
using IngestVideo.Status;
using Reelseal;
using Reelseal.Playlists;
using Reelseal.Storage;

namespace IngestVideo.Publishing;

/// <summary>
/// What one attempt at a video has in the store: its own folder, and the multivariant playlist while that names this folder. Until then no player sees anything
/// of it.
/// </summary>
/// <remarks>
/// The multivariant playlist is written only if it still is what this worker last saw of it (<see cref="WriteCondition"/>): of two workers that both believe
/// the video to be theirs, one learns that it is not.
/// </remarks>
public sealed class Publication(IObjectStore store, VideoId video, string attempt)
{
    private string? _seenETag;
    private bool _wasVisible;

    /// <summary>What the multivariant playlist said when this worker last saw it; null while there was none.</summary>
    public PublishedAttempt? Seen { get; private set; }

    /// <summary>
    /// Whether the playlist may yet come to name this attempt: a write was given up, and nobody knows whether it is still on its way. Until another attempt has
    /// completed the video, what it would name must stay.
    /// </summary>
    public bool IsInDoubt { get; private set; }

    /// <summary>Whether the playlist names this attempt, or may do so.</summary>
    public bool IsVisible => IsInDoubt || Seen?.Attempt == attempt;

    /// <summary>Whether players may be reading what this attempt wrote, even if the playlist names another by now.</summary>
    public bool WasVisible => _wasVisible || IsVisible;

    /// <summary>The key of one of this attempt's objects.</summary>
    public string KeyOf(string path) => ObjectKeys.Attempt(video, attempt) + path;

    /// <summary>The publication of another attempt by the same worker, which has seen the same.</summary>
    public Publication For(string otherAttempt) => new(store, video, otherAttempt) { Seen = Seen, _seenETag = _seenETag };

    public async Task PutAsync(string path, Stream content, CancellationToken cancellationToken)
    {
        var length = content.Length;
        await store.PutAsync(KeyOf(path), content, WriteCondition.None, cancellationToken);
        IngestMetrics.Published.Add(length);
    }

    public async Task PutAsync(string path, string text, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream(Encoding.UTF8.GetBytes(text));
        await PutAsync(path, content, cancellationToken);
    }

    /// <summary>Writes a rendition as a file to keep.</summary>
    /// <returns>Where it is.</returns>
    public async Task<Download> PutDownloadAsync(string rendition, Stream content, CancellationToken cancellationToken)
    {
        var download = new Download(rendition, ObjectKeys.Download(video, attempt, rendition), content.Length);
        await store.PutAsync(download.Key, content, WriteCondition.None, cancellationToken);
        IngestMetrics.Published.Add(download.Size);
        return download;
    }

    /// <summary>Appends one of this attempt's objects to a file. If the store breaks off in the middle of it, it begins that object again.</summary>
    public async Task AppendToAsync(Stream file, string path, CancellationToken cancellationToken)
    {
        if (!await store.TryAppendAsync(KeyOf(path), file, cancellationToken))
            throw new UnreadableObjectException("A segment of this video is missing.");
    }

    /// <summary>Takes over what another replica has written elsewhere in the store.</summary>
    /// <param name="from">Its key there.</param>
    /// <param name="path">Below the attempt's folder.</param>
    /// <param name="bytes">How large it is.</param>
    /// <param name="cancellationToken">Ends the copy.</param>
    /// <returns>false when it is not there.</returns>
    public async Task<bool> TryCopyAsync(string from, string path, long bytes, CancellationToken cancellationToken)
    {
        if (!await store.CopyAsync(from, KeyOf(path), cancellationToken))
            return false;
        IngestMetrics.Published.Add(bytes);
        return true;
    }

    /// <summary>Replaces an object that only this attempt writes, again and again: a write that was given up on must not take back a later one.</summary>
    /// <param name="path">Below the attempt's folder.</param>
    /// <param name="text">The new content.</param>
    /// <param name="eTag">What the last call returned; null for the first.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The new ETag.</returns>
    public async Task<string> ReplaceAsync(string path, string text, string? eTag, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var content = new MemoryStream(Encoding.UTF8.GetBytes(text));
            var condition = eTag is null ? WriteCondition.IfNew : WriteCondition.IfUnchanged(eTag);
            if (await store.PutAsync(KeyOf(path), content, condition, cancellationToken) is { } written)
                return written;
            // An earlier write of ours has come through after all.
            eTag = (await store.HeadAsync(KeyOf(path), cancellationToken))?.ETag;
        }
    }

    /// <summary>Looks at what the video is now.</summary>
    /// <exception cref="UpstreamException">The store failed, or the multivariant playlist is not one of ours.</exception>
    public async Task<PublishedAttempt?> LookAsync(CancellationToken cancellationToken)
    {
        if (await store.ReadTextAsync(ObjectKeys.Multivariant(video), cancellationToken) is { } stored)
        {
            Seen = PublishedAttempt.Read(stored.Text) ?? throw new UnreadableObjectException("The multivariant playlist of this video cannot be read.");
            _seenETag = stored.ETag;
        }
        else
        {
            (Seen, _seenETag) = (null, null);
        }
        _wasVisible |= Seen?.Attempt == attempt;
        return Seen;
    }

    /// <summary>
    /// How much of the video viewers have by what was last <see cref="Seen"/>, in seconds: infinity for a copy; for a stream that grew, the length of its
    /// first media playlist.
    /// </summary>
    public async Task<double> ReadOfferAsync(CancellationToken cancellationToken)
    {
        if (Seen is not { Stage: PublicationStage.Playable, MediaPlaylist: { } playlist })
            return 0;
        if (!Seen.IsGrowing)
            return double.PositiveInfinity;
        if (await store.ReadTextAsync(ObjectKeys.Video(video) + playlist, cancellationToken) is not { Text: var text })
            return 0;
        try
        {
            return MediaPlaylist.Read(text).Segments.Sum(segment => segment.Duration);
        }
        catch (FormatException)
        {
            return 0;
        }
    }

    /// <summary>Writes the multivariant playlist, unless it is no longer what this worker last saw of it.</summary>
    /// <param name="multivariant">Its text; different for each attempt and stage.</param>
    /// <param name="stage">How much of the video it offers.</param>
    /// <param name="cancellationToken">Gives up; whether it was written is then unknown.</param>
    /// <returns>false when it was not, and what is there instead has been <see cref="Seen"/>.</returns>
    public async Task<bool> TryPublishAsync(string multivariant, PublicationStage stage, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream(Encoding.UTF8.GetBytes(multivariant));
        IsInDoubt = true;
        var written = await store.PutAsync(
            ObjectKeys.Multivariant(video), content, _seenETag is { } seen ? WriteCondition.IfUnchanged(seen) : WriteCondition.IfNew, cancellationToken);
        IsInDoubt = false;
        if (written is not null)
        {
            (Seen, _seenETag) = (PublishedAttempt.Read(multivariant), written);
            _wasVisible |= stage != PublicationStage.Withdrawn;
            return true;
        }
        // It may also have changed because the answer to an earlier write of ours was lost. What was withdrawn names no attempt any more.
        return await LookAsync(cancellationToken) is { } found && found.Stage == stage && (found.Attempt == attempt || stage == PublicationStage.Withdrawn);
    }

    /// <summary>
    /// Replaces the multivariant playlist by one that names nothing: the video is gone for players, and no write that is still on its way brings it back.
    /// </summary>
    /// <param name="shown">The attempt that it names.</param>
    /// <param name="cancellationToken">Gives up; whether it was replaced is then unknown.</param>
    /// <returns>false when it was no longer that attempt's.</returns>
    public async Task<bool> TryWithdrawAsync(string shown, CancellationToken cancellationToken) =>
        Seen?.Attempt == shown
        && await TryPublishAsync($"#EXTM3U\n{PublicationStages.TagOf(PublicationStage.Withdrawn)}# {attempt}\n", PublicationStage.Withdrawn, cancellationToken);

    /// <summary>Removes what this attempt wrote in its own folders.</summary>
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        await store.DeleteAllAsync(ObjectKeys.Attempt(video, attempt), cancellationToken);
        await store.DeleteAllAsync(ObjectKeys.Downloads(video, attempt), cancellationToken);
    }

    /// <summary>
    /// Removes what replicas handed to each other, and repeats until nothing is listed, because one of them may write meanwhile. A replica that finds its
    /// packets gone removes what it wrote.
    /// </summary>
    public async Task RemoveWorkAsync(CancellationToken cancellationToken)
    {
        bool removed;
        do
            removed = await store.DeleteAllAsync(ObjectKeys.Work(video), cancellationToken);
        while (removed);
    }

    /// <summary>
    /// Removes what other attempts left, and what replicas handed to each other, if this one is the video: until then one of them may still become it.
    /// </summary>
    /// <param name="spared">Attempts that players may still be reading.</param>
    /// <param name="cancellationToken">Ends the removal.</param>
    public async Task RemoveOthersAsync(IReadOnlyCollection<string> spared, CancellationToken cancellationToken)
    {
        var others = await store.ListAsync(ObjectKeys.Video(video), cancellationToken)
            .Concat(store.ListAsync(ObjectKeys.Downloads(video), cancellationToken)).Concat(store.ListAsync(ObjectKeys.Work(video), cancellationToken))
            .Select(entry => entry.Key).ToListAsync(cancellationToken);
        string[] kept = [.. spared.Append(attempt).SelectMany(one => (string[])[ObjectKeys.Attempt(video, one), ObjectKeys.Downloads(video, one)])];
        others.RemoveAll(key => key == ObjectKeys.Multivariant(video) || kept.Any(folder => key.StartsWith(folder, StringComparison.Ordinal)));
        // Looked up after the list was made: a video that was deleted meanwhile, and is being ingested again, has its attempt in the list as well.
        if (others is [] || await LookAsync(cancellationToken) is not { Stage: PublicationStage.Final } now || now.Attempt != attempt)
            return;
        await store.DeleteAsync(others, cancellationToken);
        if (others.Exists(key => key.StartsWith(ObjectKeys.WorkPrefix, StringComparison.Ordinal)))
            await RemoveWorkAsync(cancellationToken);
    }

    /// <summary>Removes the multivariant playlist: the video was deleted meanwhile.</summary>
    public Task RetractAsync(CancellationToken cancellationToken) => store.DeleteAsync([ObjectKeys.Multivariant(video)], cancellationToken);
}
