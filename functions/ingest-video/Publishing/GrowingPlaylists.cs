using System.Collections.Concurrent;
using IngestVideo.Planning;

namespace IngestVideo.Publishing;

/// <summary>
/// Media playlists that viewers read while a video is still being encoded: <c>EXT-X-PLAYLIST-TYPE:EVENT</c>, to which segments are only ever added (RFC 8216,
/// 6.2.1). Each names only segments that are in the store.
/// </summary>
public sealed class GrowingPlaylists(TranscodePlan plan, Publication publication)
{
    private readonly ConcurrentDictionary<string, (int Segments, string ETag)> _written = new(StringComparer.Ordinal);

    /// <summary>Players may be reading them.</summary>
    public bool HaveBegun => !_written.IsEmpty;

    /// <summary>The target duration must not change, and the last segment may be longer than the others by a short tail.</summary>
    private int TargetDuration => (int)Math.Round(plan.SegmentDuration.TotalSeconds + TranscodePlan.ShortestSegmentSeconds, MidpointRounding.AwayFromZero);

    /// <summary>Writes the playlist of a rendition, if it has more segments than before or is complete.</summary>
    /// <param name="rendition">A rendition of the picture or of sound.</param>
    /// <param name="segments">All of its segments that are in the store.</param>
    /// <param name="isComplete">None will follow.</param>
    /// <param name="cancellationToken">Ends the write.</param>
    public async Task WriteAsync(Rendition rendition, IReadOnlyList<MediaSegment> segments, bool isComplete, CancellationToken cancellationToken)
    {
        var before = _written.GetValueOrDefault(rendition.Name);
        if (!isComplete && segments.Count <= before.Segments)
            return;
        var text = MediaPlaylistWriter.WriteEvent(segments, OutputFiles.InitSectionOf(plan.SegmentFormat), TargetDuration, isComplete);
        var eTag = await publication.ReplaceAsync($"{rendition.Name}/{MediaPlaylistWriter.Name}", text, before.ETag, cancellationToken);
        _written[rendition.Name] = (segments.Count, eTag);
    }

    /// <summary>Writes the playlists of renditions that are complete, also where players have read none of them yet.</summary>
    public async Task CompleteAsync(IReadOnlyList<PublishedRendition> renditions, CancellationToken cancellationToken)
    {
        foreach (var (rendition, segments) in renditions.Select(published => (published.Rendition, published.Segments)))
        {
            if (HaveBegun && rendition is not IFrameRendition)
            {
                await WriteAsync(rendition, segments, isComplete: true, cancellationToken);
                continue;
            }
            var text = MediaPlaylistWriter.Write(segments, OutputFiles.InitSectionOf(plan.SegmentFormat), rendition is IFrameRendition);
            await publication.PutAsync($"{rendition.Name}/{MediaPlaylistWriter.Name}", text, cancellationToken);
        }
    }

    /// <summary>How long viewers must wait until playback that begins then does not catch up with the encoder; zero when they may begin now.</summary>
    /// <param name="available">How much of the video can be played.</param>
    /// <param name="whole">How long it is.</param>
    /// <param name="speed">Seconds of video that are encoded in a second.</param>
    public static TimeSpan WaitFor(TimeSpan available, TimeSpan whole, double speed)
    {
        // The encoder ends after (whole − available) / speed, and playback must not have reached the end before. A tenth is kept back, because speed varies.
        const double reliable = 0.9, standstill = 0.001;
        if (speed < standstill)
            return TimeSpan.MaxValue;
        var missing = whole * (1 - Math.Min(1, reliable * speed)) - available;
        return missing > TimeSpan.Zero ? missing / speed : TimeSpan.Zero;
    }
}
