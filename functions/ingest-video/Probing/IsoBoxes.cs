using System.Buffers.Binary;
using System.Text;

namespace IngestVideo.Probing;

/// <summary>Reads the boxes of an MP4 or MOV (ISO/IEC 14496-12, 4.2), without what is in them.</summary>
public static class IsoBoxes
{
    /// <summary>More than a file of four hours has with a fragment for each picture. What follows is for the demuxer to read.</summary>
    private const int MaxBoxes = 1_000_000;

    private const int BoxesBeforeMedia = 1_000;

    /// <summary>Sample entries of encrypted tracks: of common encryption (ISO/IEC 23001-7), and of FairPlay.</summary>
    private static readonly string[] s_encrypted = ["encv", "enca", "enct", "encs", "drmi", "drms"];

    /// <summary>What leads to the description of a track's samples.</summary>
    private static readonly string[] s_sampleTables = ["moov", "trak", "mdia", "minf", "stbl"];

    /// <summary>Whether the file ends inside a box that holds media or its description: part of it may be missing.</summary>
    public static bool EndInsideBox(Stream file, CancellationToken cancellationToken)
    {
        var end = file.Length;
        var last = default(Box);
        foreach (var box in Read(file, 0, end, new(MaxBoxes), cancellationToken))
            last = box;
        return last.End > end && last.Type is not ("free" or "skip" or "wide");
    }

    /// <summary>
    /// How many films are in the file, one after the other; ffmpeg reads the first. Each begins with its own file type: a second index of the same film does
    /// not, and fragments belong to one, however often it is described.
    /// </summary>
    public static int Movies(Stream file, CancellationToken cancellationToken)
    {
        var (movies, begins, fragments) = (0, true, false);
        foreach (var box in Read(file, 0, file.Length, new(MaxBoxes), cancellationToken))
        {
            begins |= box.Type == "ftyp";
            if (box.Type == "moov" && begins)
                (movies, begins) = (movies + 1, false);
            fragments |= box.Type == "moof";
        }
        return fragments ? Math.Min(movies, 1) : movies;
    }

    /// <summary>The sample entries of all tracks: what each is coded with, in the order of the tracks.</summary>
    public static IReadOnlyList<SampleEntry> SampleEntries(Stream file, CancellationToken cancellationToken)
    {
        var budget = new Budget(MaxBoxes);
        // Version, flags and the number of entries come first.
        return [.. Descend(file, s_sampleTables, budget, cancellationToken).Where(table => table.Box.Type == "stsd")
            .SelectMany(table => Read(file, table.Box.Content + 8, Math.Min(table.Box.End, file.Length), budget, cancellationToken)
                .Select(entry => new SampleEntry(table.Track, entry.Type, entry.Start + 4)))];
    }

    /// <summary>
    /// How many bytes were put before a finished file: what comes before its <c>ftyp</c>, where the first sample is found only if they do not count.
    /// </summary>
    public static long PrependedBytes(Stream file, CancellationToken cancellationToken)
    {
        var boxes = Read(file, 0, file.Length, new(BoxesBeforeMedia), cancellationToken).ToList();
        var start = boxes.Find(box => box.Type == "ftyp").Start;
        if (start == 0)
            return 0;
        // Of a fragment: where its own beginning is, unless it counts from there (8.8.7).
        if (boxes.Find(box => box.Type == "moof") is { Start: > 0 and var fragment })
        {
            var header = Descend(file, ["moof", "traf"], new(BoxesBeforeMedia), cancellationToken).FirstOrDefault(found => found.Box.Type == "tfhd").Box;
            return header.Content > 0 && (Number(header.Content, 4) & 1) != 0 && Number(header.Content + 8, 8) + start == fragment ? start : 0;
        }
        var chunks = Descend(file, s_sampleTables, new(MaxBoxes), cancellationToken).FirstOrDefault(found => found.Box.Type is "stco" or "co64").Box;
        if (chunks.Content == 0 || Number(chunks.Content + 4, 4) == 0)
            return 0;
        var position = Number(chunks.Content + 8, chunks.Type == "stco" ? 4 : 8);
        return !IsMedia(position) && IsMedia(position + start) ? start : 0;

        // Zero where the file ends before.
        long Number(long at, int length)
        {
            var bytes = new byte[8];
            file.Position = at;
            return file.ReadAtLeast(bytes.AsSpan(8 - length), length, throwOnEndOfStream: false) == length ? BinaryPrimitives.ReadInt64BigEndian(bytes) : 0;
        }

        bool IsMedia(long position) => boxes.Exists(box => box.Type == "mdat" && position >= box.Content && position < box.End);
    }

    /// <summary>Where the type of a sound's <c>trak</c> stands in the file; null where the track is something else.</summary>
    /// <param name="file">The file.</param>
    /// <param name="track">The index of the track, which is ffmpeg's index of the stream.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public static long? SoundTrack(Stream file, int track, CancellationToken cancellationToken)
    {
        var handler = Descend(file, s_sampleTables[..3], new(MaxBoxes), cancellationToken)
            .FirstOrDefault(found => found.Track == track && found.Box.Type == "hdlr").Box;
        var type = new byte[4];
        file.Position = handler.Content + 8; // after version, flags and what QuickTime has there
        if (handler.Content == 0 || file.ReadAtLeast(type, type.Length, throwOnEndOfStream: false) < type.Length || !type.AsSpan().SequenceEqual("soun"u8))
            return null;
        return Descend(file, s_sampleTables[..1], new(MaxBoxes), cancellationToken)
            .Where(found => found.Box.Type == "trak").ElementAt(track).Box.Start + 4;
    }

    /// <summary>The boxes at the end of a path of boxes, each with the index of its track.</summary>
    private static IEnumerable<(int Track, Box Box)> Descend(Stream file, string[] path, Budget budget, CancellationToken cancellationToken)
    {
        return Children(0, file.Length, depth: 0, track: -1);

        IEnumerable<(int Track, Box Box)> Children(long start, long end, int depth, int track)
        {
            foreach (var box in Read(file, start, end, budget, cancellationToken))
            {
                if (depth == path.Length)
                {
                    yield return (track, box);
                }
                else if (box.Type == path[depth])
                {
                    track += box.Type == "trak" ? 1 : 0;
                    foreach (var child in Children(box.Content, Math.Min(box.End, end), depth + 1, track))
                        yield return child;
                }
            }
        }
    }

    private static IEnumerable<Box> Read(Stream file, long start, long end, Budget budget, CancellationToken cancellationToken)
    {
        var header = new byte[16];
        for (var at = start; at <= end - 8 && budget.Take();)
        {
            cancellationToken.ThrowIfCancellationRequested();
            file.Position = at;
            var read = file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
            long size = BinaryPrimitives.ReadUInt32BigEndian(header);
            var content = at + 8;
            if (size == 0) // until the end
                size = end - at;
            else if (size == 1 && read == 16)
                (size, content) = (BinaryPrimitives.ReadInt64BigEndian(header.AsSpan(8)), at + 16);
            if (read < 8 || size < content - at || !IsType(header.AsSpan(4, 4))) // padding or damage: for the demuxer to judge
                yield break;
            var next = size > long.MaxValue - at ? long.MaxValue : at + size;
            yield return new(Encoding.ASCII.GetString(header, 4, 4), at, content, next);
            at = next;
        }
    }

    private static bool IsType(ReadOnlySpan<byte> type) => !type.ContainsAnyExceptInRange((byte)' ', (byte)'~');

    private readonly record struct Box(string Type, long Start, long Content, long End);

    /// <summary>How many boxes may still be read.</summary>
    private sealed class Budget(int boxes)
    {
        private int _left = boxes;

        public bool Take() => _left-- > 0;
    }

    /// <summary>A description of a track's samples.</summary>
    /// <param name="Track">The index of the track, which is ffmpeg's index of the stream.</param>
    /// <param name="Type">What they are coded with.</param>
    /// <param name="Position">Where the type stands in the file.</param>
    public readonly record struct SampleEntry(int Track, string Type, long Position)
    {
        public bool IsEncrypted => s_encrypted.Contains(Type, StringComparer.Ordinal);
    }
}
