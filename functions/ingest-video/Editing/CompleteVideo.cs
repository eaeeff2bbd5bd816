using System.Text;
using IngestVideo.Publishing;
using IngestVideo.Status;
using Reelseal;
using Reelseal.Playlists;
using Reelseal.Storage;

namespace IngestVideo.Editing;

/// <summary>What is published of a video that is complete.</summary>
/// <param name="Video">Which video.</param>
/// <param name="Attempt">The attempt that its multivariant playlist names.</param>
/// <param name="Multivariant">The text of that playlist.</param>
/// <param name="ETag">What a write that replaces it names.</param>
internal sealed record CompleteVideo(VideoId Video, string Attempt, string Multivariant, string ETag)
{
    private const int MostWaitMilliseconds = 50;

    /// <summary>Reads what is published of a video.</summary>
    /// <returns>null when there is no such video.</returns>
    /// <exception cref="IngestRefusedException">409: it is not complete.</exception>
    /// <exception cref="UpstreamException">The store failed, or the multivariant playlist is not one of ours.</exception>
    public static async Task<CompleteVideo?> ReadAsync(IObjectStore store, StatusStore statuses, VideoId video, CancellationToken cancellationToken)
    {
        if (await statuses.ReadAsync(video, cancellationToken) is not { Status: var status })
            return null;
        if (status.State != VideoState.Ready)
            throw new IngestRefusedException(StatusCodes.Status409Conflict, "This video is not ready yet: only its title can be changed.");
        return await ReadAsync(store, video, cancellationToken);
    }

    /// <inheritdoc cref="ReadAsync(IObjectStore, StatusStore, VideoId, CancellationToken)"/>
    public static async Task<CompleteVideo?> ReadAsync(IObjectStore store, VideoId video, CancellationToken cancellationToken)
    {
        if (await store.ReadTextAsync(ObjectKeys.Multivariant(video), cancellationToken) is not var (text, eTag))
            return null;
        return PublishedAttempt.Read(text) switch
        {
            { Stage: PublicationStage.Final, Attempt: var attempt } => new(video, attempt, text, eTag),
            null => throw new UnreadableObjectException("The multivariant playlist of this video cannot be read."),
            _ => throw new IngestRefusedException(StatusCodes.Status409Conflict, "This video is not ready yet: only its title can be changed."),
        };
    }

    /// <summary>Changes the multivariant playlist, even if others change it at the same time.</summary>
    /// <param name="store">Where it is.</param>
    /// <param name="change">Makes the new text of the present one; is called again when another was faster.</param>
    /// <param name="cancellationToken">Gives up; whether it was written is then unknown.</param>
    /// <returns>What is published then; null when the video was deleted.</returns>
    public async Task<CompleteVideo?> ChangeAsync(IObjectStore store, Func<string, string> change, CancellationToken cancellationToken)
    {
        // Another attempt: the video was deleted, and sent again.
        for (var published = this; published?.Attempt == Attempt; published = await ReadAsync(store, Video, cancellationToken))
        {
            if (await published.TryReplaceAsync(store, change(published.Multivariant), cancellationToken) is { } replacement)
                return replacement;
            await Task.Delay(Random.Shared.Next(MostWaitMilliseconds), cancellationToken); // not all writers at the same moment
        }
        return null;
    }

    /// <summary>Replaces the multivariant playlist, unless another has done so since it was read.</summary>
    /// <returns>null when it was not.</returns>
    private async Task<CompleteVideo?> TryReplaceAsync(IObjectStore store, string multivariant, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream(Encoding.UTF8.GetBytes(multivariant));
        return await store.PutAsync(ObjectKeys.Multivariant(Video), content, WriteCondition.IfUnchanged(ETag), cancellationToken) is { } eTag
            ? this with { Multivariant = multivariant, ETag = eTag } : null;
    }

    /// <summary>The segments of the first variant stream: where they begin and end, so do those of subtitles.</summary>
    public async Task<IReadOnlyList<MediaSegment>> ReadSegmentsAsync(IObjectStore store, CancellationToken cancellationToken) =>
        [.. (await ReadPlaylistAsync(store, MultivariantPlaylist.Read(Multivariant).StreamInf[0].Uri, cancellationToken))
            .Select(segment => new MediaSegment(segment.Uri, segment.Duration, Bytes: 0))];

    /// <summary>The segments of a media playlist.</summary>
    public async Task<IReadOnlyList<Segment>> ReadPlaylistAsync(IObjectStore store, string uri, CancellationToken cancellationToken)
    {
        var stored = await store.ReadTextAsync(ObjectKeys.Video(Video) + uri, cancellationToken);
        try
        {
            return MediaPlaylist.Read(stored?.Text ?? "").Segments;
        }
        catch (FormatException e)
        {
            throw new UnreadableObjectException("A playlist of this video cannot be read.", e);
        }
    }
}
