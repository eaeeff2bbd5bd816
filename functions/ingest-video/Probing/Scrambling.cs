using System.Buffers;

namespace IngestVideo.Probing;

/// <summary>Finds out whether MPEG streams are scrambled: ffmpeg does not look, and finds only damage.</summary>
internal static class Scrambling
{
    private const int BytesRead = 4 << 20;

    /// <summary>A recording may be in the clear at its beginning, and later not.</summary>
    private const int Places = 4;

    private const int LastTablePid = 0x1F;
    private const int PaddingPid = 0x1FFF;

    /// <summary>Whether somewhere most of the packets that carry picture or sound say that they are scrambled (ISO/IEC 13818-1, table 2-4).</summary>
    public static Task<bool> IsTransportStreamScrambledAsync(Stream file, CancellationToken cancellationToken) =>
        ReadAsync(file, IsTransportStreamScrambled, cancellationToken);

    /// <summary>Whether somewhere most packets of picture or sound say that they are scrambled (ISO/IEC 13818-1, table 2-21), as on a DVD.</summary>
    public static Task<bool> IsProgramStreamScrambledAsync(Stream file, CancellationToken cancellationToken) =>
        ReadAsync(file, IsProgramStreamScrambled, cancellationToken);

    private static async Task<bool> ReadAsync(Stream file, Func<ReadOnlyMemory<byte>, bool> isScrambled, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BytesRead);
        var part = file.Length / Places + 1;
        try
        {
            for (var place = 0; place < Places; place++)
            {
                file.Position = place * part;
                var piece = buffer.AsMemory(0, (int)Math.Min(BytesRead, part));
                var read = await file.ReadAtLeastAsync(piece, piece.Length, throwOnEndOfStream: false, cancellationToken);
                if (isScrambled(piece[..read]))
                    return true;
            }
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static bool IsTransportStreamScrambled(ReadOnlyMemory<byte> memory)
    {
        var bytes = memory.Span;
        var (clear, scrambled) = (0, 0);
        for (var at = 0; at + 188 <= bytes.Length;)
        {
            var next = NextPacket(bytes, at);
            if (next == 0)
            {
                at++; // garbage, or a time code
                continue;
            }
            var pid = (bytes[at + 1] & 0x1F) << 8 | bytes[at + 2];
            var hasPayload = (bytes[at + 3] & 0x10) != 0;
            if (hasPayload && pid is > LastTablePid and < PaddingPid)
            {
                if ((bytes[at + 3] & 0xC0) == 0)
                    clear++;
                else
                    scrambled++;
            }
            at += next;
        }
        return scrambled > clear;
    }

    /// <summary>How far it is to the packet after this one; zero where none begins, or none follows.</summary>
    private static int NextPacket(ReadOnlySpan<byte> bytes, int at)
    {
        if (bytes[at] != 0x47)
            return 0;
        foreach (var length in (ReadOnlySpan<int>)[188, 192, 204])
        {
            if (at + length < bytes.Length && bytes[at + length] == 0x47)
                return length;
        }
        return 0;
    }

    private static bool IsProgramStreamScrambled(ReadOnlyMemory<byte> memory)
    {
        var bytes = memory.Span;
        var (clear, scrambled) = (0, 0);
        while (bytes.IndexOf((ReadOnlySpan<byte>)[0, 0, 1]) is >= 0 and var at && at + 7 <= bytes.Length)
        {
            bytes = bytes[at..];
            var length = bytes[4] << 8 | bytes[5];
            // Private streams carry sound, too. Two bits tell the packets of MPEG-2, which alone can be scrambled.
            if (bytes[3] is >= 0xC0 and <= 0xEF or 0xBD && (bytes[6] & 0xC0) == 0x80)
            {
                if ((bytes[6] & 0x30) == 0)
                    clear++;
                else
                    scrambled++;
                bytes = bytes[Math.Min(bytes.Length, 6 + length)..];
            }
            else
            {
                bytes = bytes[3..];
            }
        }
        return scrambled > clear;
    }
}
