using System.Buffers.Binary;

namespace IngestVideo.Publishing;

/// <summary>The <c>CODECS</c> of what we write (RFC 6381), read from the stream itself rather than from what the encoder was asked for.</summary>
public static class CodecString
{
    /// <summary>How much of a stream is read to find its codec, in bytes.</summary>
    public const int BytesNeeded = 64 * 188;

    /// <summary>AAC-LC, the only profile that ffmpeg's own encoder writes.</summary>
    public const string Aac = "mp4a.40.2";

    /// <summary>WebVTT in its own files.</summary>
    public const string WebVtt = "wvtt";

    /// <summary>The H.264 codec of the first transport stream segment, or of the init section of fragmented MP4; null when there is none.</summary>
    /// <param name="start">The first few kilobytes.</param>
    public static string? OfH264(ReadOnlySpan<byte> start) => start is [0x47, ..] ? OfTransportStream(start) : OfInitSection(start);

    private static string? OfInitSection(ReadOnlySpan<byte> init)
    {
        var at = init.IndexOf("avcC"u8); // its configurationVersion, then profile, constraints, level (ISO/IEC 14496-15, 5.3.3.1)
        return at >= 0 && at + 8 <= init.Length ? Format(init.Slice(at + 5, 3)) : null;
    }

    /// <summary>Whether a segment of H.264, of either format, begins with an IDR picture; null when no picture is found.</summary>
    /// <param name="start">The first few kilobytes.</param>
    public static bool? BeginsWithIdr(ReadOnlySpan<byte> start) => start is [0x47, ..] ? TransportStreamBeginsWithIdr(start) : FragmentBeginsWithIdr(start);

    private static bool? TransportStreamBeginsWithIdr(ReadOnlySpan<byte> start)
    {
        var payload = Payload(start);
        for (var at = 0; at + 4 <= payload.Length; at++)
        {
            if (payload[at..].StartsWith(StartCode) && IsIdr(payload[at + 3]) is { } idr)
                return idr;
        }
        return null;
    }

    /// <summary>
    /// The first units of the box <c>mdat</c>, each after its length (ISO/IEC 14496-15, 4.3.3; ffmpeg always writes it in four bytes, or fails).
    /// </summary>
    private static bool? FragmentBeginsWithIdr(ReadOnlySpan<byte> start)
    {
        while (start.Length >= 8 && !start[4..].StartsWith("mdat"u8))
            start = Skip(start, BinaryPrimitives.ReadUInt32BigEndian(start));
        for (start = start.Length >= 8 ? start[8..] : []; start.Length >= 5; start = Skip(start, 4L + BinaryPrimitives.ReadUInt32BigEndian(start)))
        {
            if (IsIdr(start[4]) is { } idr)
                return idr;
        }
        return null;
    }

    private static ReadOnlySpan<byte> Skip(ReadOnlySpan<byte> bytes, long count) => count is > 0 && count < bytes.Length ? bytes[(int)count..] : [];

    /// <summary>null where a unit is not a slice of a picture (ITU-T H.264, table 7-1).</summary>
    private static bool? IsIdr(byte header) => (header & 0x1F) is >= 1 and <= 5 and var type ? type == 5 : null;

    private static ReadOnlySpan<byte> StartCode => [0, 0, 1];

    private static string? OfTransportStream(ReadOnlySpan<byte> segment)
    {
        var payload = Payload(segment);
        for (var at = 0; at + 7 <= payload.Length; at++)
        {
            if (payload[at..].StartsWith(StartCode) && (payload[at + 3] & 0x1F) == 7) // a sequence parameter set
                return Format(payload.Slice(at + 4, 3));
        }
        return null;
    }

    /// <summary>The payloads of packets put together: a parameter set may lie across two of them.</summary>
    internal static ReadOnlySpan<byte> Payload(ReadOnlySpan<byte> segment)
    {
        var payloads = new byte[segment.Length];
        var length = 0;
        for (; segment.Length >= 188 && segment[0] == 0x47; segment = segment[188..])
        {
            var hasAdaptation = (segment[3] & 0x20) != 0;
            var hasPayload = (segment[3] & 0x10) != 0;
            var from = hasAdaptation ? 5 + segment[4] : 4;
            if (!hasPayload || from >= 188)
                continue;
            segment[from..188].CopyTo(payloads.AsSpan(length));
            length += 188 - from;
        }
        return payloads.AsSpan(0, length);
    }

    private static string Format(ReadOnlySpan<byte> profileConstraintsLevel) => "avc1." + Convert.ToHexStringLower(profileConstraintsLevel);
}
