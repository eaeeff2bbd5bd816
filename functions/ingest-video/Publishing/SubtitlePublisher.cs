using IngestVideo.Planning;

namespace IngestVideo.Publishing;

/// <summary>Cuts the subtitles where the picture is cut, and uploads them.</summary>
public sealed class SubtitlePublisher(TranscodePlan plan, Workspace workspace, Publication publication)
{
    private const int MpegTicksPerSecond = 90_000;
    private const int Uploads = 8;

    /// <param name="picture">The segments of the picture.</param>
    /// <param name="cancellationToken">Ends the uploads.</param>
    public async Task<IReadOnlyList<PublishedRendition>> PublishAsync(IReadOnlyList<MediaSegment> picture, CancellationToken cancellationToken)
    {
        var mpegTime = (long)Math.Round(plan.ClockStart.TotalSeconds * MpegTicksPerSecond);
        var renditions = new List<PublishedRendition>();
        var slicer = new SubtitleSlicer(new());
        foreach (var rendition in plan.Subtitles)
        {
            var file = new FileInfo(Path.Combine(workspace.Output, OutputFiles.SubtitleFile(rendition)));
            if (!file.Exists)
                continue;
            // ffmpeg ends a file there, and goes on with the others.
            if (file.Length >= TranscodePlan.MaxSubtitleBytes)
                throw IngestRefusedException.Undecodable(
                    $"The subtitles \"{rendition.Label}\" are more than the {TranscodePlan.MaxSubtitleBytes:N0} bytes of text that are accepted here.");
            using var reader = file.OpenText();
            var slices = slicer.SliceAsync(rendition.Label, WebVtt.ReadAsync(reader, cancellationToken), picture, mpegTime, cancellationToken);
            var segments = await PutAsync(rendition, slices, cancellationToken);
            if (segments is [])
                continue;
            await publication.PutAsync(
                $"{rendition.Name}/{MediaPlaylistWriter.Name}", MediaPlaylistWriter.Write(segments, initSection: null), cancellationToken);
            renditions.Add(new(rendition, CodecString.WebVtt, MeasuredBandwidth.Of(segments), segments));
        }
        return renditions;
    }

    /// <summary>Uploads several slices at once: two hours with ten tracks are 12,000 small objects.</summary>
    private async Task<List<MediaSegment>> PutAsync(
        SubtitleRendition rendition, IAsyncEnumerable<(MediaSegment Segment, string Text)> slices, CancellationToken cancellationToken)
    {
        var segments = new List<MediaSegment>();
        await Parallel.ForEachAsync(
            slices.Select(slice =>
            {
                segments.Add(slice.Segment); // in order: the next slice is taken when this one has been handed out
                return slice;
            }),
            new ParallelOptions { MaxDegreeOfParallelism = Uploads, CancellationToken = cancellationToken },
            async (slice, token) => await publication.PutAsync($"{rendition.Name}/{slice.Segment.Name}", slice.Text, token));
        return segments;
    }
}
