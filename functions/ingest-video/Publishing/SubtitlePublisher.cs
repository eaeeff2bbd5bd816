using IngestVideo.Planning;

namespace IngestVideo.Publishing;

/// <summary>Cuts the subtitles where the picture is cut, and uploads them.</summary>
public sealed class SubtitlePublisher(TranscodePlan plan, Workspace workspace, Publication publication)
{
    /// <param name="picture">The segments of the picture.</param>
    /// <param name="cancellationToken">Ends the uploads.</param>
    public async Task<IReadOnlyList<PublishedRendition>> PublishAsync(IReadOnlyList<MediaSegment> picture, CancellationToken cancellationToken)
    {
        var tracks = new SubtitleTrackPublisher(publication);
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
            var cues = WebVtt.ReadAsync(reader, cancellationToken);
            var slices = slicer.SliceAsync(rendition.Label, cues, picture, WebVtt.MpegTime(plan.ClockStart), cancellationToken);
            var segments = await tracks.PublishAsync(rendition.Name, slices, cancellationToken);
            if (segments is not [])
                renditions.Add(new(rendition, CodecString.WebVtt, MeasuredBandwidth.Of(segments), segments));
        }
        return renditions;
    }
}
