using System.Buffers.Binary;

namespace IngestVideo.Probing;

/// <summary>The top-level boxes of an MP4 or MOV (ISO/IEC 14496-12, 4.2): enough to see that the end is missing, before an hour is spent on the rest.</summary>
public static class IsoBoxes
{
    /// <exception cref="IngestRefusedException">422: a box extends beyond the end of the file.</exception>
    public static void CheckComplete(Stream file)
    {
        Span<byte> header = stackalloc byte[16];
        for (long at = 0; at + 8 <= file.Length;)
        {
            file.Position = at;
            var read = file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
            long size = BinaryPrimitives.ReadUInt32BigEndian(header);
            if (size == 0) // until the end of the file
                return;
            if (size == 1 && read == 16)
                size = BinaryPrimitives.ReadInt64BigEndian(header[8..]);
            if (size < 8 || !IsType(header[4..8])) // padding or damage: for the demuxer to judge
                return;
            if (size > file.Length - at)
                throw IngestRefusedException.Undecodable("The video is cut off: its file ends before what it announces. Send it again, whole.");
            at += size;
        }
    }

    private static bool IsType(ReadOnlySpan<byte> type) => !type.ContainsAnyExceptInRange((byte)' ', (byte)'~');
}
