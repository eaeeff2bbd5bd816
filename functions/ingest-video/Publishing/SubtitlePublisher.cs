using IngestVideo.Media;
using IngestVideo.Planning;

namespace IngestVideo.Publishing;

/// <summary>Cuts the subtitles where the picture is cut, and uploads them.</summary>
public sealed class SubtitlePublisher(TranscodePlan plan, Workspace workspace, Publication publication)
{
    private const int MpegTicksPerSecond = 90_000;

    /// <param name="picture">The segments of the picture.</param>
    /// <param name="cancellationToken">Ends the uploads.</param>
    public async Task<IReadOnlyList<PublishedRendition>> PublishAsync(IReadOnlyList<MediaSegment> picture, CancellationToken cancellationToken)
    {
        // Fragmented MP4 begins at zero; transport streams where the plan puts them.
        var mpegTime = plan.SegmentFormat == SegmentFormat.MpegTs ? (long)(OutputFiles.TransportStreamStart.TotalSeconds * MpegTicksPerSecond) : 0;
        var renditions = new List<PublishedRendition>();
        foreach (var rendition in plan.Subtitles)
        {
            var file = Path.Combine(workspace.Output, OutputFiles.SubtitleFile(rendition));
            List<Cue> cues = File.Exists(file) ? [.. WebVtt.Read(await File.ReadAllTextAsync(file, cancellationToken))] : [];
            if (cues is [])
                continue;
            var segments = new List<MediaSegment>();
            double from = 0;
            foreach (var segment in picture)
            {
                var text = WebVtt.WriteSegment(cues, TimeSpan.FromSeconds(from), TimeSpan.FromSeconds(from += segment.Seconds), mpegTime);
                var name = Path.ChangeExtension(segment.Name, ".vtt");
                await publication.PutAsync($"{rendition.Name}/{name}", text, cancellationToken);
                segments.Add(new(name, segment.Seconds, text.Length));
            }
            await publication.PutAsync($"{rendition.Name}/{MediaPlaylistWriter.Name}", MediaPlaylistWriter.Write(segments, initSection: null), cancellationToken);
            renditions.Add(new(rendition, CodecString.WebVtt, MeasuredBandwidth.Of(segments), segments));
        }
        return renditions;
    }
}
