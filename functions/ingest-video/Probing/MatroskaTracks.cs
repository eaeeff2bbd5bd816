using System.Buffers.Binary;
using System.Numerics;

namespace IngestVideo.Probing;

/// <summary>Finds the tracks of a Matroska or WebM file (RFC 9559; RFC 8794 for what elements are).</summary>
internal static class MatroskaTracks
{
    private const uint Segment = 0x18538067, Tracks = 0x1654AE6B, TrackEntry = 0xAE, TrackType = 0x83, CodecId = 0x86;
    private const int MaxElements = 10_000;
    private const byte Video = 1, Audio = 2, Subtitles = 17, Metadata = 33;

    /// <summary>Where the name of a sound's codec stands; null where the track is something else.</summary>
    /// <param name="file">The file.</param>
    /// <param name="track">The index of the track, which is ffmpeg's index of the stream.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public static long? CodecOfSound(Stream file, int track, CancellationToken cancellationToken)
    {
        var reader = new Reader(file, cancellationToken);
        var entries =
            from segment in reader.Read(0, file.Length) where segment.Id == Segment
            from tracks in reader.Read(segment.Content, segment.End) where tracks.Id == Tracks
            from entry in reader.Read(tracks.Content, tracks.End) where entry.Id == TrackEntry
            select reader.Read(entry.Content, entry.End).ToList() into description
            select (Type: description.Where(element => element.Id == TrackType).Select(reader.LastByte).FirstOrDefault(),
                Codec: description.Find(element => element.Id == CodecId).Content);
        // Those of which ffmpeg makes streams.
        var streams = entries.Where(entry => entry.Type is Video or Audio or Subtitles or Metadata).Skip(track).Take(1).ToList();
        return streams is [{ Type: Audio, Codec: > 0 and var codec }] ? codec : null;
    }

    /// <summary>How many films are in the file, one after the other; ffmpeg reads the first (RFC 9559, 4.5 has one in a file).</summary>
    public static int Segments(Stream file, CancellationToken cancellationToken) =>
        new Reader(file, cancellationToken).Read(0, file.Length).Count(element => element.Id == Segment);

    /// <summary>Whether the file ends where its last segment says that it ends; false where that does not say it.</summary>
    public static bool EndsWithSegment(Stream file, CancellationToken cancellationToken) =>
        new Reader(file, cancellationToken).Read(0, file.Length).LastOrDefault(element => element.Id == Segment) is { Id: Segment, HasSize: true, End: var end }
        && end <= file.Length;

    /// <summary>How many bytes a number with variable length has, by its first; 9 where that is zero.</summary>
    private static int Length(byte first) => BitOperations.LeadingZeroCount((uint)first) - 24 + 1;

    private sealed class Reader(Stream file, CancellationToken cancellationToken)
    {
        private int _left = MaxElements;

        public IEnumerable<Element> Read(long start, long end)
        {
            for (var at = start; at < Math.Min(end, file.Length) && _left-- > 0;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var header = Bytes(at, 12);
                var idLength = Length(header[0]);
                if (idLength > 4 || Length(header[idLength]) is var sizeLength && sizeLength > 8)
                    yield break;
                var id = BinaryPrimitives.ReadUInt32BigEndian(header) >> (32 - 8 * idLength);
                var unknown = (1L << 7 * sizeLength) - 1; // all ones: until the end, which is not known (RFC 8794, 6.2)
                var size = (long)(BinaryPrimitives.ReadUInt64BigEndian(header.AsSpan(idLength)) >> (64 - 8 * sizeLength)) & unknown;
                var content = at + idLength + sizeLength;
                var element = new Element(id, at, content, size == unknown ? end : content + size, size != unknown);
                yield return element;
                at = element.End;
            }
        }

        public byte LastByte(Element element) => Bytes(element.End - 1, 1)[0];

        private byte[] Bytes(long position, int count)
        {
            var bytes = new byte[count];
            file.Position = position;
            _ = file.ReadAtLeast(bytes, count, throwOnEndOfStream: false);
            return bytes;
        }
    }

    private readonly record struct Element(uint Id, long Start, long Content, long End, bool HasSize);
}
