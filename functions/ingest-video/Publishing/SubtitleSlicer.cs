using System.Runtime.CompilerServices;
using System.Text;

namespace IngestVideo.Publishing;

/// <summary>Cuts the cues of a track where the picture is cut, without holding more of them than are seen at once.</summary>
/// <remarks>
/// A file of a megabyte may hold cues for a gigabyte: compressed in the container, or each of them seen from the beginning to the end, and so in every segment.
/// </remarks>
/// <param name="limits">What the tracks of a video may come to.</param>
internal sealed class SubtitleSlicer(SubtitleLimits limits)
{
    private long _written;

    /// <summary>The segments of a track, in their order; none where it has no cue.</summary>
    /// <param name="label">What a player's menu calls the track.</param>
    /// <param name="cues">Its cues, in the order of their beginnings.</param>
    /// <param name="picture">The segments of the picture.</param>
    /// <param name="mpegTime">The 90 kHz time stamp of the video's first moment.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="IngestRefusedException">422: a limit is passed.</exception>
    public async IAsyncEnumerable<(MediaSegment Segment, string Text)> SliceAsync(
        string label, IAsyncEnumerable<Cue> cues, IReadOnlyList<MediaSegment> picture, long mpegTime,
            [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var reader = cues.GetAsyncEnumerator(cancellationToken);
        if (!await reader.MoveNextAsync())
            yield break;
        var more = true;
        var read = 0;
        var visible = new List<Cue>();
        double seconds = 0;
        foreach (var segment in picture)
        {
            var (from, to) = (TimeSpan.FromSeconds(seconds), TimeSpan.FromSeconds(seconds + segment.Seconds));
            seconds += segment.Seconds;
            for (; more && reader.Current.Start < to; more = await reader.MoveNextAsync())
            {
                if (++read > limits.Cues)
                    throw IngestRefusedException.Undecodable($"The subtitles \"{label}\" have more than the {limits.Cues:N0} cues that are accepted here.");
                if (reader.Current.End > from)
                    visible.Add(reader.Current);
            }
            var text = WebVtt.WriteSegment(visible, from, to, mpegTime);
            var bytes = Encoding.UTF8.GetByteCount(text);
            _written += bytes;
            if (_written > limits.SegmentBytes)
                throw IngestRefusedException.Undecodable(
                    $"The subtitles come to more than the {limits.SegmentBytes:N0} bytes that are accepted here: too many cues are seen at once.");
            yield return (segment with { Name = Path.ChangeExtension(segment.Name, ".vtt"), Bytes = bytes }, text);
            visible.RemoveAll(cue => cue.End <= to);
        }
    }
}

/// <summary>What the subtitles of a video may come to. A film of three hours has about 3,000 cues and 200 kB a track.</summary>
/// <param name="Cues">The cues of one track.</param>
/// <param name="SegmentBytes">All segments of all tracks.</param>
internal sealed record SubtitleLimits(int Cues = 100_000, long SegmentBytes = 64 << 20);
