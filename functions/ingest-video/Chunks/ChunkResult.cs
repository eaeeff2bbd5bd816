namespace IngestVideo.Chunks;

/// <summary>What came of a chunk: files in a folder.</summary>
/// <param name="Renditions">The encoded renditions of the plan, and its I-frames where they are made of one of these.</param>
/// <param name="Stills">Files of keyframes for poster and storyboard, in the folder itself: those of all chunks, one after the other, are
/// what the whole encode puts aside.</param>
public sealed record ChunkResult(IReadOnlyList<ChunkRendition> Renditions, IReadOnlyList<ChunkFile> Stills)
{
    /// <summary>Reads a result, as a stranger's.</summary>
    /// <exception cref="FormatException">It is none of that job; the message says why.</exception>
    public static ChunkResult Read(ReadOnlySpan<byte> json, ChunkJob job) => throw new NotImplementedException();

    public byte[] ToJson() => throw new NotImplementedException();
}

/// <summary>A rendition's part of a chunk; its files are in the folder of its name.</summary>
/// <param name="Name">The rendition's name.</param>
/// <param name="Codecs">As in <c>CODECS</c>.</param>
/// <param name="Frames">How many pictures.</param>
/// <param name="Captions">The closed captions inside the picture, by <c>INSTREAM-ID</c>.</param>
/// <param name="InitSection">The init section of fragmented MP4, the same in every chunk; null for transport streams.</param>
/// <param name="Segments">In order, under the names that they have in the whole.</param>
public sealed record ChunkRendition(
    string Name, string Codecs, int Frames, IReadOnlyList<string> Captions, ChunkFile? InitSection, IReadOnlyList<ChunkSegment> Segments);

/// <summary>A segment; how long it plays follows from the plan.</summary>
public sealed record ChunkSegment(string Name, double Seconds, long Bytes);

/// <summary>A file.</summary>
public sealed record ChunkFile(string Name, long Bytes);
