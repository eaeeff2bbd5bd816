using System.Globalization;
using IngestVideo.Media;
using IngestVideo.Planning;
using IngestVideo.Processes;
using IngestVideo.Transcoding;

namespace IngestVideo.Chunks;

/// <summary>Cuts packets out of a source, without decoding them.</summary>
/// <remarks>
/// Into NUT, because it keeps times exactly, in units of its own choice: Matroska rounds them, and the rounding of a rate would then choose other pictures.
/// </remarks>
public sealed class ChunkCutter(Sandbox sandbox, IngestOptions options)
{
    /// <summary>Replicas wait for packets, while the sound is ready long before the picture. Only a copy does not give way.</summary>
    private const int Niceness = 5;

    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(30);

    /// <summary>What a file has more than the packets that it consists of, at most.</summary>
    private const long Overhead = 64 << 20;

    /// <summary>Writes the packets of some chunks into files, in one pass over the source that ends with the last of them.</summary>
    /// <param name="plan">What is made of the source.</param>
    /// <param name="source">The path of the source.</param>
    /// <param name="container">What it is.</param>
    /// <param name="chunks">In order.</param>
    /// <param name="folder">Where the files go: <see cref="FileOf"/>.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="ChunkMismatchException">The packets cannot be cut out.</exception>
    public async Task CutAsync(
        TranscodePlan plan, string source, Container container, IReadOnlyList<Chunk> chunks, string folder, CancellationToken cancellationToken)
    {
        string[] arguments =
        [
            "-nostdin", "-hide_banner", "-v", "error", .. UntrustedInput.Arguments(container, options.MaxPixels, options.MaxStreams),
            "-i", source,
            .. chunks.SelectMany(chunk => Output(plan, chunk, folder)), .. AlsoRead(plan, chunks),
        ];
        var limits = new ProcessLimits(MemoryBudget.ForCutting(options.FfmpegMemoryBytes), s_longest, new FileInfo(source).Length + Overhead);
        if (!plan.CopiesSource)
            limits = limits with { Niceness = Niceness };
        var result = await sandbox.RunInTimeAsync("ffmpeg", arguments, limits, _ => { }, cancellationToken)
            ?? throw new ChunkMismatchException($"Cutting took longer than {s_longest.TotalMinutes:0} minutes.");
        if (FfmpegErrors.DiskIsFull(result))
            throw IngestRefusedException.NoRoom();
        if (result.ExitCode != 0)
            throw new ChunkMismatchException($"Cutting ended with {result.ExitCode}: {string.Join('\n', result.LastErrors)}");
    }

    /// <summary>The name of a chunk's file.</summary>
    public static string FileOf(Chunk chunk) => $"{chunk.Name}.nut";

    private static string[] Output(TranscodePlan plan, Chunk chunk, string folder) =>
    [
        "-map", $"0:{Text(plan.Source.Video!.StreamIndex)}", "-c", "copy", "-map_metadata", "-1", "-map_chapters", "-1",
        // Counted, because -ss would round times: of an output to a frame of some containers, of an input to where no keyframe is.
        .. chunk.CutFrom is { } from ? ["-bsf:v", $@"noise=drop=lt(n\,{Text(from)})"] : (string[])[],
        .. Until(chunk),
        "-avoid_negative_ts", "disabled", "-output_ts_offset", Number(FfmpegArguments.ClockOfCutFiles), "-f", "nut", Path.Combine(folder, FileOf(chunk)),
    ];

    /// <summary>In a transport stream time begins where the first stream that is read begins: the same are read as for the whole.</summary>
    private static IEnumerable<string> AlsoRead(TranscodePlan plan, IReadOnlyList<Chunk> chunks) =>
        plan.Audio.Select(rendition => rendition.Track.StreamIndex).Concat(plan.Subtitles.Select(rendition => rendition.Track.StreamIndex)).Distinct()
            .SelectMany(stream => (string[])["-map", $"0:{Text(stream)}", "-c", "copy", .. Until(chunks[^1]), "-f", "null", "-"]);

    private static string[] Until(Chunk chunk) => chunk.CutTo is { } to ? ["-to", Number(to)] : [];

    private static string Number(double seconds) => seconds.ToString("0.######", CultureInfo.InvariantCulture);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
