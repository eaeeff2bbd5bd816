namespace IngestVideo.Publishing;

/// <summary>Uploads the segments of one track of subtitles, and then its playlist.</summary>
internal sealed class SubtitleTrackPublisher(Publication publication)
{
    private const int Uploads = 8;

    /// <summary>Uploads several slices at once: two hours with ten tracks are 12,000 small objects.</summary>
    /// <param name="folder">The rendition's folder, below the attempt's.</param>
    /// <param name="slices">Its segments, in their order.</param>
    /// <param name="cancellationToken">Ends the uploads.</param>
    /// <returns>The segments; none, and nothing was written, where there are none.</returns>
    public async Task<IReadOnlyList<MediaSegment>> PublishAsync(
        string folder, IAsyncEnumerable<(MediaSegment Segment, string Text)> slices, CancellationToken cancellationToken)
    {
        var segments = new List<MediaSegment>();
        await Parallel.ForEachAsync(
            slices.Select(slice =>
            {
                segments.Add(slice.Segment); // in order: the next slice is taken when this one has been handed out
                return slice;
            }),
            new ParallelOptions { MaxDegreeOfParallelism = Uploads, CancellationToken = cancellationToken },
            async (slice, token) => await publication.PutAsync($"{folder}/{slice.Segment.Name}", slice.Text, token));
        if (segments is not [])
            await publication.PutAsync($"{folder}/{MediaPlaylistWriter.Name}", MediaPlaylistWriter.Write(segments, initSection: null), cancellationToken);
        return segments;
    }
}
