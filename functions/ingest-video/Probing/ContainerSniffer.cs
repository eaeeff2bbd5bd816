using System.Buffers.Binary;
using System.Text;
using IngestVideo.Media;

namespace IngestVideo.Probing;

/// <summary>
/// Recognises the container by its first bytes. ffmpeg would look at the content too, but it also accepts playlists and scripts that name other
/// files and addresses: it gets the demuxer's name and never guesses.
/// </summary>
public static class ContainerSniffer
{
    /// <summary>What may come before the first whole packet of a transport stream: the rest of a packet that a recording begins in, and damaged ones.</summary>
    private const int MaxGarbage = 16 * 208;

    /// <summary>How many packets in a row tell a transport stream that does not begin with one.</summary>
    private const int PacketsAfterGarbage = 5;

    /// <summary>What a Blu-ray disc encrypts as one: 32 packets, of which the first 16 bytes are readable (AACS, BD-ROM book, 3.10.1).</summary>
    private const int EncryptedUnit = 6144;

    /// <summary>
    /// The number of bytes that suffice: two units of an encrypted disc, or a few packets of a transport stream after what may come before them.
    /// </summary>
    public const int BytesNeeded = 2 * EncryptedUnit + 16;

    private const string Accepted =
        "Send an MP4, MOV, MKV, WebM, AVI, FLV, MXF, Ogg, MPEG program or transport stream, a GIF, or a raw DV, IVF, H.264, H.265 or MPEG-2 stream.";

    /// <summary>Packets of 188 bytes; with a time code before each (M2TS); with error correction after each (ETSI EN 300 429).</summary>
    private static readonly (int Packet, int Sync)[] s_transportPackets = [(188, 0), (192, 4), (204, 0)];

    /// <summary>The first boxes of ISO/IEC 14496-12, of its segments (CMAF, DASH), and of QuickTime, which may begin with the media itself.</summary>
    private static readonly string[] s_firstBoxes =
        ["ftyp", "styp", "moov", "mdat", "wide", "free", "skip", "pnot", "uuid", "sidx", "emsg", "prft", "pdin", "moof", "meta"];

    /// <exception cref="IngestRefusedException">400 for an empty source, 415 for one that is not a container we accept.</exception>
    public static Container Sniff(ReadOnlySpan<byte> start)
    {
        if (start.IsEmpty)
            throw IngestRefusedException.Malformed("The request holds no video: it is empty.");
        if (start.StartsWith((ReadOnlySpan<byte>)[0x1A, 0x45, 0xDF, 0xA3])) // EBML (RFC 8794, section 11.2.1)
            return new("matroska");
        if (start.StartsWith("FLV\x01"u8))
            return new("flv");
        if (start.StartsWith("RIFF"u8) && start.Length >= 12 && start[8..].StartsWith("AVI"u8))
            return new("avi");
        if (start.StartsWith("OggS"u8)) // RFC 3533, section 6
            return new("ogg");
        if (start.StartsWith((ReadOnlySpan<byte>)[0, 0, 1, 0xBA])) // pack header, ISO/IEC 13818-1, 2.5.3.4
            return new("mpeg");
        if (start.StartsWith((ReadOnlySpan<byte>)[0x06, 0x0E, 0x2B, 0x34, 0x02, 0x05, 0x01, 0x01, 0x0D, 0x01, 0x02])) // partition pack, SMPTE ST 377-1
            return new("mxf");
        if (start.StartsWith("GIF87a"u8) || start.StartsWith("GIF89a"u8))
            return new("gif");
        if (start.StartsWith("DKIF"u8))
            return new("ivf");
        if (IsDv(start))
            return new("dv");
        if (ElementaryStream(start) is { } demuxer)
            return new(demuxer);
        if (IsTransportStream(start))
            return new("mpegts");
        if (IsIsoMedia(start))
            return new("mov");
        if (IsEncryptedDisc(start))
            throw Prober.Encrypted();
        if (!IsText(start) && IsTransportStreamAfterGarbage(start))
            return new("mpegts");
        if (!IsText(start) && IsProgramStreamAfterGarbage(start))
            return new("mpeg");
        throw IngestRefusedException.NotAVideo(
            start.StartsWith("#EXTM3U"u8) || start.StartsWith("ffconcat"u8)
                ? $"This is a playlist that names other files, not a video. {Accepted}"
                : $"This is not a video that is accepted here, whatever its name says. {Accepted}");
    }

    private static bool IsTransportStream(ReadOnlySpan<byte> start)
    {
        foreach (var (packet, sync) in s_transportPackets)
        {
            if (IsTransportStream(start, packet, sync, packets: 3))
                return true;
        }
        return false;
    }

    private static bool IsTransportStream(ReadOnlySpan<byte> start, int packet, int sync, int packets)
    {
        if (start.Length < packet)
            return false;
        for (var at = sync; at < Math.Min(start.Length, packets * packet); at += packet)
        {
            if (start[at] != 0x47)
                return false;
        }
        return true;
    }

    /// <summary>Units of M2TS whose copy permission says that they are encrypted.</summary>
    private static bool IsEncryptedDisc(ReadOnlySpan<byte> start)
    {
        for (var at = 0; at <= 2 * EncryptedUnit; at += EncryptedUnit)
        {
            if (start.Length < at + 5 || (start[at] & 0xC0) == 0 || start[at + 4] != 0x47)
                return false;
        }
        return true;
    }

    private static bool IsTransportStreamAfterGarbage(ReadOnlySpan<byte> start)
    {
        for (var garbage = 1; garbage < MaxGarbage; garbage++)
        {
            foreach (var (packet, _) in s_transportPackets)
            {
                if (start.Length >= garbage + PacketsAfterGarbage * packet && IsTransportStream(start[garbage..], packet, sync: 0, PacketsAfterGarbage))
                    return true;
            }
        }
        return false;
    }

    /// <summary>The header of a pack, or a packet of picture or sound, and another start code where it ends (ISO/IEC 13818-1, 2.5.3).</summary>
    private static bool IsProgramStreamAfterGarbage(ReadOnlySpan<byte> start)
    {
        while (start.IndexOf((ReadOnlySpan<byte>)[0, 0, 1]) is >= 0 and var at && at + 14 <= start.Length)
        {
            start = start[at..];
            var length = start[3] switch
            {
                0xBA => (start[4] & 0xC0) == 0x40 ? 14 + (start[13] & 7) : 12, // MPEG-2, MPEG-1
                0xBD or >= 0xC0 and <= 0xEF => 6 + BinaryPrimitives.ReadUInt16BigEndian(start[4..]),
                _ => int.MaxValue,
            };
            if (length < start.Length - 4 && start[length..].StartsWith((ReadOnlySpan<byte>)[0, 0, 1]) && start[length + 3] >= 0xB9)
                return true;
            start = start[3..];
        }
        return false;
    }

    /// <summary>A playlist, say. Garbage is hardly ever readable.</summary>
    private static bool IsText(ReadOnlySpan<byte> start) => !start[..Math.Min(start.Length, 7)].ContainsAnyExceptInRange((byte)' ', (byte)'~');

    /// <summary>The first two blocks of a frame of DV: header and subcode (IEC 61834-2, 11.4).</summary>
    private static bool IsDv(ReadOnlySpan<byte> start) =>
        start.Length >= 83 && start.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x07, 0x00]) && start[80..].StartsWith((ReadOnlySpan<byte>)[0x3F, 0x07, 0x00]);

    /// <summary>
    /// What begins with a start code: parameter sets of H.264 or H.265, or a sequence of MPEG-1 or MPEG-2. ffmpeg's name of the demuxer, or null.
    /// </summary>
    private static string? ElementaryStream(ReadOnlySpan<byte> start)
    {
        var zeros = start.IndexOfAnyExcept((byte)0);
        if (zeros is < 2 or > 8 || start.Length < zeros + 3 || start[zeros] != 1)
            return null;
        var (first, second) = (start[zeros + 1], start[zeros + 2]);
        return first switch
        {
            0xB3 => "mpegvideo", // ISO/IEC 13818-2, table 6-1
            0x40 or 0x42 or 0x46 when second == 0x01 => "hevc", // parameter sets or a delimiter, of the base layer (ITU-T H.265, table 7-1)
            0x67 or 0x47 or 0x27 => "h264", // a sequence parameter set (ITU-T H.264, table 7-1)
            0x09 when (second & 0x1F) == 0x10 => "h264", // a delimiter
            _ => null,
        };
    }

    private static bool IsIsoMedia(ReadOnlySpan<byte> start)
    {
        if (start.Length < 16 || BinaryPrimitives.ReadUInt32BigEndian(start) is > 1 and < 8)
            return false;
        var type = Encoding.ASCII.GetString(start[4..8]);
        if (type == "ftyp")
        {
            var brand = start[8..12];
            return !(brand.StartsWith("hei"u8) || brand.StartsWith("mif1"u8) || brand.SequenceEqual("avif"u8)); // still images
        }
        return s_firstBoxes.Contains(type, StringComparer.Ordinal);
    }
}
