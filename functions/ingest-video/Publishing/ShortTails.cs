using System.Collections.Concurrent;
using IngestVideo.Planning;
using Reelseal.Playlists;

namespace IngestVideo.Publishing;

/// <summary>Joins a last segment that is shorter than half a second to the one before it: players stall on such tails, or never reach them.</summary>
/// <remarks>
/// Segments of both formats may be put together byte by byte: packets of a transport stream go on counting, and fragments of MP4 say their time themselves.
/// </remarks>
internal sealed class ShortTails(TranscodeStep step, string output)
{
    /// <summary>By how much the tail of a sound may be longer than that of its picture: two frames of AAC, of which one is the encoder's delay.</summary>
    private const double FrameSeconds = 2 * 1024 / 48000.0;
    private readonly ConcurrentDictionary<string, bool> _joined = new(StringComparer.Ordinal); // read by growing playlists at the same time

    /// <summary>Looks at what ffmpeg has cut. Call it when ffmpeg has ended, before the last two segments of any rendition are uploaded.</summary>
    /// <param name="pictureSegments">How many segments pictures have that are made elsewhere; null when all are made here.</param>
    /// <param name="cancellationToken">Ends reading and writing.</param>
    public async Task JoinAsync(int? pictureSegments, CancellationToken cancellationToken)
    {
        var cuts = new List<(Rendition Rendition, IReadOnlyList<(string Name, double Seconds)> Segments)>();
        foreach (var rendition in step.Segmented.Where(rendition => rendition is not IFrameRendition && !_joined.ContainsKey(rendition.Name)))
            cuts.Add((rendition, await ReadAsync(rendition, cancellationToken)));
        foreach (var rendition in Choose(cuts, pictureSegments))
        {
            var segments = cuts.Single(cut => cut.Rendition == rendition).Segments;
            await AppendAsync(rendition, segments[^2].Name, segments[^1].Name, cancellationToken);
            _joined.TryAdd(rendition.Name, true);
        }
    }

    /// <summary>The segments of a rendition by ffmpeg's playlist, as they are after joining; none where there is no playlist.</summary>
    public async Task<IReadOnlyList<(string Name, double Seconds)>> ReadAsync(Rendition rendition, CancellationToken cancellationToken)
    {
        var playlist = Path.Combine(output, rendition.Name, OutputFiles.Playlist);
        if (!File.Exists(playlist))
            return [];
        var read = MediaPlaylist.Read(await File.ReadAllTextAsync(playlist, cancellationToken));
        List<(string Name, double Seconds)> segments = [.. read.Segments.Select(segment => (segment.Uri, segment.Duration))];
        return _joined.ContainsKey(rendition.Name) ? [.. segments[..^2], (segments[^2].Name, segments[^2].Seconds + segments[^1].Seconds)] : segments;
    }

    /// <summary>
    /// Chooses the renditions whose last two segments become one: all pictures together, so that they stay cut at the same moments; sound where its own tail is
    /// short, or where it would be left with one segment more.
    /// </summary>
    /// <param name="cuts">What ffmpeg has cut.</param>
    /// <param name="pictureSegments">How many segments pictures have that are made elsewhere; null when all are made here.</param>
    internal static IEnumerable<Rendition> Choose(
        IReadOnlyList<(Rendition Rendition, IReadOnlyList<(string Name, double Seconds)> Segments)> cuts, int? pictureSegments = null)
    {
        var pictures = cuts.Where(cut => cut.Rendition is VideoRendition).Select(cut => cut.Segments).ToList();
        var most = pictures.Select(segments => segments.Count).DefaultIfEmpty().Max();
        var picturesJoin = pictureSegments is { } count
            ? most == count + 1
            : most > 1 && pictures.Exists(segments => segments.Count == most && segments[^1].Seconds < TranscodePlan.ShortestSegmentSeconds);
        var left = pictureSegments ?? (picturesJoin ? most - 1 : most);
        foreach (var (rendition, segments) in cuts.Where(cut => cut.Segments.Count > 1))
        {
            var joins = rendition is VideoRendition
                ? picturesJoin && segments.Count == most
                : segments[^1].Seconds < TranscodePlan.ShortestSegmentSeconds
                    || ((picturesJoin || most == 0) && segments.Count == left + 1
                        && segments[^1].Seconds < TranscodePlan.ShortestSegmentSeconds + FrameSeconds);
            if (joins)
                yield return rendition;
        }
    }

    private async Task AppendAsync(Rendition rendition, string to, string tail, CancellationToken cancellationToken)
    {
        var path = Path.Combine(output, rendition.Name, tail);
        await using (var end = File.OpenRead(path))
        await using (var segment = new FileStream(Path.Combine(output, rendition.Name, to), FileMode.Append, FileAccess.Write))
            await end.CopyToAsync(segment, cancellationToken);
        File.Delete(path);
    }
}
