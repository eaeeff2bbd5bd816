using IngestVideo.Planning;

namespace IngestVideo.Chunks;

/// <summary>
/// Makes a rendition's segments of the pieces that ffmpeg has cut, while it cuts the next: several each beside a copy, and elsewhere where a tail belongs to
/// the one before.
/// </summary>
/// <param name="folder">Where the pieces are.</param>
/// <param name="segments">The names of the segments, in order, each with those of its pieces.</param>
internal sealed class PieceJoiner(string folder, IReadOnlyList<(string Name, IReadOnlyList<string> Pieces)> segments)
{
    private int _joined;

    /// <param name="rendition">A rendition of the step.</param>
    /// <param name="step">What ffmpeg makes of a chunk.</param>
    /// <param name="folder">The folder of all renditions.</param>
    public static PieceJoiner For(Rendition rendition, TranscodeStep step, string folder) =>
        new(Path.Combine(folder, rendition.Name), rendition is IFrameRendition ? OfIFrames(rendition, step) : OfPictures(step));

    /// <summary>Makes the segments whose pieces are all complete: ffmpeg gives a file its name when it has written it.</summary>
    /// <param name="hasEnded">ffmpeg has ended. Before, the last segment may get another piece.</param>
    /// <returns>The names of those made now.</returns>
    /// <exception cref="ChunkMismatchException">ffmpeg has ended, and a piece is missing.</exception>
    public IReadOnlyList<string> Join(bool hasEnded)
    {
        var first = _joined;
        for (; _joined < segments.Count; _joined++)
        {
            var (name, pieces) = segments[_joined];
            if (!hasEnded && (_joined == segments.Count - 1 || !pieces.All(piece => File.Exists(PathOf(piece)))))
                break;
            Join(name, pieces);
        }
        return [.. segments.Skip(first).Take(_joined - first).Select(segment => segment.Name)];
    }

    private void Join(string name, IReadOnlyList<string> pieces)
    {
        if (pieces.FirstOrDefault(piece => !File.Exists(PathOf(piece))) is { } missing)
            throw new ChunkMismatchException($"{missing}, a piece of segment {name}, is missing.");
        // Segments are never more than pieces: the piece that had a segment's name is joined already.
        File.Move(PathOf(pieces[0]), PathOf(name), overwrite: true);
        if (pieces.Count == 1)
            return;
        using var segment = new FileStream(PathOf(name), FileMode.Append, FileAccess.Write);
        foreach (var piece in pieces.Skip(1))
        {
            using (var content = File.OpenRead(PathOf(piece)))
                content.CopyTo(segment);
            File.Delete(PathOf(piece));
        }
    }

    private static List<(string, IReadOnlyList<string>)> OfIFrames(Rendition rendition, TranscodeStep step) =>
        [.. ChunkRendition.Planned(rendition, step.Plan, step.Chunk!).Segments.Select(segment => (segment.Name, (IReadOnlyList<string>)[segment.Name]))];

    private static List<(string, IReadOnlyList<string>)> OfPictures(TranscodeStep step)
    {
        var chunk = step.Chunk!;
        var pieces = step.Pieces.Index().Select(piece => (piece.Item, Name: Name(step.FirstPiece + piece.Index))).ToList();
        return [.. chunk.Cuts.Zip(chunk.Cuts.Skip(1), Between).Index().Select(segment => (Name(chunk.FirstSegment + segment.Index), segment.Item))];

        IReadOnlyList<string> Between(int first, int end) => [.. pieces.Where(piece => piece.Item >= first && piece.Item < end).Select(piece => piece.Name)];

        string Name(int number) => OutputFiles.Segment(number, step.Plan.SegmentFormat);
    }

    private string PathOf(string name) => Path.Combine(folder, name);
}
