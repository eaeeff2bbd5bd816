using System.Buffers.Binary;
using IngestVideo.Media;

namespace IngestVideo.Probing;

/// <summary>
/// Distinguishes a file that is cut off from one whose header only says that it is longer: recorders write a length beforehand, and tools that cut a stream
/// often keep the old one.
/// </summary>
internal static class FileEnd
{
    private const int MaxChunks = 1_000;

    /// <summary>What is copied into a file of its final size, and not to the end, ends with zeros.</summary>
    private const int LastBytes = 1 << 16;

    /// <summary>Whether the file ends where its outermost structure says, and was written to that end. false for containers that do not say.</summary>
    public static bool IsWhole(Stream file, Container container, CancellationToken cancellationToken) => !EndsWithZeros(file) && container.Demuxer switch
    {
        "flv" => EndsWithTag(file),
        "avi" => EndsWithChunk(file),
        "matroska" => MatroskaTracks.EndsWithSegment(file, cancellationToken),
        _ => false,
    };

    private static bool EndsWithZeros(Stream file)
    {
        var end = new byte[Math.Min(file.Length, LastBytes)];
        file.Position = file.Length - end.Length;
        file.ReadExactly(end);
        return !end.AsSpan().ContainsAnyExcept((byte)0);
    }

    /// <summary>The last four bytes are the size of the tag before them, which has its size itself (Adobe's FLV specification, E.3 and E.4.1).</summary>
    private static bool EndsWithTag(Stream file)
    {
        var size = BinaryPrimitives.ReverseEndianness(Number(file, file.Length - 4));
        var tag = BinaryPrimitives.ReverseEndianness(Number(file, file.Length - 4 - size));
        return ((tag >> 24) & 0x1F) is 8 or 9 or 18 && (tag & 0xFFFFFF) == size - 11;
    }

    /// <summary>RIFF: each chunk has a type and a size, and is padded to an even one.</summary>
    private static bool EndsWithChunk(Stream file)
    {
        long at = 0;
        for (var chunks = 0; at < file.Length && chunks < MaxChunks; chunks++)
            at += 8 + ((Number(file, at + 4) + 1L) & ~1L);
        return at <= file.Length + 1;
    }

    /// <summary>Four bytes, the least significant first; zero where there are none.</summary>
    private static uint Number(Stream file, long position)
    {
        var bytes = new byte[4];
        file.Position = Math.Clamp(position, 0, file.Length);
        return position >= 0 && file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length
            ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : 0;
    }
}
