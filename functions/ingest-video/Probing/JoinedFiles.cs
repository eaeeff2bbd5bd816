using IngestVideo.Media;

namespace IngestVideo.Probing;

/// <summary>Recognises files that were put one after the other, of whose formats ffmpeg reads only the first.</summary>
internal static class JoinedFiles
{
    private const int BytesAtOnce = 1 << 20;

    /// <summary>What FLV begins with up to its flags, and what follows them: the header's own length, and that there is no tag before (E.2 and E.3).</summary>
    private static ReadOnlySpan<byte> FlvStart => "FLV\x01"u8;

    private static ReadOnlySpan<byte> FlvRest => [0, 0, 0, 9, 0, 0, 0, 0];

    public static async Task<bool> AreInAsync(Stream file, Container container, CancellationToken cancellationToken) => container.Demuxer switch
    {
        "mov" => IsoBoxes.Movies(file, cancellationToken) > 1,
        "matroska" => MatroskaTracks.Segments(file, cancellationToken) > 1,
        "flv" => await HasSecondFlvAsync(file, cancellationToken),
        _ => false,
    };

    private static async Task<bool> HasSecondFlvAsync(Stream file, CancellationToken cancellationToken)
    {
        var buffer = new byte[BytesAtOnce];
        var kept = FlvStart.Length + 1 + FlvRest.Length - 1; // a header may lie across two pieces
        file.Position = 1; // after the beginning of the first
        for (var length = 0; await file.ReadAtLeastAsync(buffer.AsMemory(length), 1, throwOnEndOfStream: false, cancellationToken) is > 0 and var read;)
        {
            length += read;
            if (HasHeader(buffer.AsSpan(0, length)))
                return true;
            var rest = Math.Min(kept, length);
            buffer.AsSpan(length - rest, rest).CopyTo(buffer);
            length = rest;
        }
        return false;
    }

    private static bool HasHeader(ReadOnlySpan<byte> bytes)
    {
        while (bytes.IndexOf(FlvStart) is >= 0 and var at)
        {
            bytes = bytes[(at + FlvStart.Length)..];
            if (bytes.Length > FlvRest.Length && bytes[1..].StartsWith(FlvRest))
                return true;
        }
        return false;
    }
}
