using System.Globalization;
using IngestVideo.Media;

namespace IngestVideo.Processes;

/// <summary>The input options with which both ffprobe and ffmpeg read a stranger's file.</summary>
internal static class UntrustedInput
{
    /// <summary>64 MiB, which ffmpeg keeps in memory, and an hour, instead of 5 MB and a few seconds.</summary>
    private static readonly string[] s_longSearch = ["-probesize", "67108864", "-analyzeduration", "3600000000"];

    public static IReadOnlyList<string> Arguments(Container container, long maxPixels, int maxStreams) =>
    [
        // No guessing, and nothing inside the file opens another demuxer (an AVI may hold a playlist as its subtitles) or another protocol.
        "-f", container.Demuxer, "-format_whitelist", container.Demuxer, "-protocol_whitelist", "file",
        "-max_streams", (maxStreams + 1).ToString(CultureInfo.InvariantCulture), // one more, to recognise a source with too many
        "-max_pixels", maxPixels.ToString(CultureInfo.InvariantCulture),
        .. container.BeginsLate ? s_longSearch : [],
        .. Processors,
    ];

    /// <summary>How many processors there are for a program: what a container's limit comes to, rounded up.</summary>
    /// <remarks>
    /// The limit is one of time, so a program sees every processor of the node. Left to itself, ffmpeg starts threads for all of them, each with pictures of
    /// its own: on a large node more than fit into the container's memory.
    /// </remarks>
    public static IReadOnlyList<string> Processors { get; } = ["-cpucount", Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture)];
}
