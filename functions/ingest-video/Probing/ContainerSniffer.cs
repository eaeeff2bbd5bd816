using System.Buffers.Binary;
using IngestVideo.Media;

namespace IngestVideo.Probing;

/// <summary>
/// Recognises the container by its first bytes. ffmpeg would look at the content too, but it also accepts playlists and scripts that name other
/// files and addresses: it gets the demuxer's name and never guesses.
/// </summary>
public static class ContainerSniffer
{
    /// <summary>The number of bytes that suffice: three packets of a transport stream with time codes.</summary>
    public const int BytesNeeded = 3 * 192 + 5;

    private const string Accepted = "Send an MP4, MOV, MKV, WebM, AVI, FLV, MXF, Ogg, MPEG program or transport stream.";

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
        if (IsTransportStream(start, packet: 188, sync: 0) || IsTransportStream(start, packet: 192, sync: 4))
            return new("mpegts");
        if (IsIsoMedia(start))
            return new("mov");
        throw IngestRefusedException.NotAVideo(
            start.StartsWith("#EXTM3U"u8) || start.StartsWith("ffconcat"u8)
                ? $"This is a playlist that names other files, not a video. {Accepted}"
                : $"This is not a video that is accepted here, whatever its name says. {Accepted}");
    }

    private static bool IsTransportStream(ReadOnlySpan<byte> start, int packet, int sync)
    {
        if (start.Length < packet)
            return false;
        for (var at = sync; at < Math.Min(start.Length, 3 * packet); at += packet)
        {
            if (start[at] != 0x47)
                return false;
        }
        return true;
    }

    /// <summary>A first box of ISO/IEC 14496-12, or of QuickTime, which may begin with the media itself.</summary>
    private static bool IsIsoMedia(ReadOnlySpan<byte> start)
    {
        if (start.Length < 16 || BinaryPrimitives.ReadUInt32BigEndian(start) is > 1 and < 8)
            return false;
        var type = start[4..8];
        if (type.SequenceEqual("ftyp"u8))
        {
            var brand = start[8..12];
            return !(brand.StartsWith("hei"u8) || brand.StartsWith("mif1"u8) || brand.SequenceEqual("avif"u8)); // still images
        }
        return type.SequenceEqual("moov"u8) || type.SequenceEqual("mdat"u8) || type.SequenceEqual("wide"u8)
            || type.SequenceEqual("free"u8) || type.SequenceEqual("skip"u8) || type.SequenceEqual("pnot"u8);
    }
}
