namespace IngestVideo.Publishing;

/// <summary>
/// Finds the closed captions in the segments of a picture, which the encoder carries over from the source: CEA-608 and CEA-708, as ATSC A/53 (part 4,
/// 6.2.3) puts them into H.264. Players show none that the multivariant playlist does not declare.
/// </summary>
public sealed class CaptionScanner
{
    private const int BytesAtOnce = 188 * 350;

    /// <summary>What may be left of a message at the end of a piece: 31 triplets, and what is before them.</summary>
    private const int LongestMessage = 128;

    private readonly Lock _finding = new(); // segments are read several at a time
    private readonly SortedSet<string> _found = new(StringComparer.Ordinal);

    /// <summary>The <c>INSTREAM-ID</c> of each that was found. Where there are CEA-608 captions, those of CEA-708 say the same again.</summary>
    public IReadOnlyList<string> Found
    {
        get
        {
            lock (_finding)
                return Merge([_found]);
        }
    }

    /// <summary>What was found in all parts of a picture, of what was found in each.</summary>
    public static IReadOnlyList<string> Merge(IEnumerable<IEnumerable<string>> parts)
    {
        var found = new SortedSet<string>(parts.SelectMany(part => part), StringComparer.Ordinal);
        return [.. found.Any(IsChannel) ? found.Where(IsChannel) : found];

        static bool IsChannel(string id) => id.StartsWith("CC", StringComparison.Ordinal);
    }

    /// <summary>Reads a segment, of either format.</summary>
    public async Task ReadAsync(Stream segment, CancellationToken cancellationToken)
    {
        var buffer = new byte[BytesAtOnce];
        byte[] rest = [];
        while (await segment.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken) is > 0 and var read)
        {
            var bytes = buffer.AsSpan(0, read);
            byte[] piece = [.. rest, .. bytes is [0x47, ..] ? CodecString.Payload(bytes) : bytes];
            Read(piece);
            rest = piece[^Math.Min(piece.Length, LongestMessage)..];
        }
    }

    internal void Read(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> marker = [0xB5, 0x00, 0x31, (byte)'G', (byte)'A', (byte)'9', (byte)'4', 0x03]; // the USA, ATSC, captions
        while (bytes.IndexOf(marker) is >= 0 and var at)
        {
            bytes = bytes[(at + marker.Length)..];
            if (bytes.Length < 2 || (bytes[0] & 0x40) == 0)
                continue;
            var triplets = bytes[2..];
            for (var left = bytes[0] & 0x1F; left > 0 && triplets.Length >= 3; left--, triplets = triplets[3..])
            {
                if ((triplets[0] & 0x04) != 0) // valid
                    Read(triplets[0] & 3, triplets[1], triplets[2]);
            }
        }
    }

    private void Read(int type, byte first, byte second)
    {
        lock (_finding)
        {
            switch (type)
            {
                // Every caption begins with a control code; one bit of it is the channel within the field (CEA-608, 8.4). Padding has no such code.
                case 0 or 1 when (first & 0x70) == 0x10 && (second & 0x7F) >= 0x20:
                    _found.Add($"CC{(type == 0 ? 1 : 3) + ((first & 0x08) != 0 ? 1 : 0)}");
                    break;
                // The first block of a packet, with its service and its length (CEA-708, 6.2).
                case 3 when (second >> 5) is > 0 and < 7 and var service && (second & 0x1F) > 0:
                    _found.Add($"SERVICE{service}");
                    break;
            }
        }
    }
}
