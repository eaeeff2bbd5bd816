using System.Globalization;
using IngestVideo.Media;
using IngestVideo.Planning;
using IngestVideo.Processes;

namespace IngestVideo.Transcoding;

/// <summary>Makes an MP4 of what was encoded for players: the same packets, with the index at the beginning.</summary>
public sealed class DownloadMuxer(Sandbox sandbox, IngestOptions options, ILogger<DownloadMuxer> logger)
{
    private static readonly TimeSpan s_longest = TimeSpan.FromHours(1);

    /// <summary>Puts together the files that <see cref="OutputFiles.Joined"/> names.</summary>
    /// <param name="plan">What they were made by.</param>
    /// <param name="parts">A picture, if there is one, and the sounds, the default one first.</param>
    /// <param name="workspace">Where the files are.</param>
    /// <param name="cancellationToken">Kills ffmpeg.</param>
    /// <returns>The file, which is named after the first part.</returns>
    /// <exception cref="InvalidOperationException">ffmpeg could not read its own output.</exception>
    public async Task<string> MuxAsync(TranscodePlan plan, IReadOnlyList<Rendition> parts, Workspace workspace, CancellationToken cancellationToken)
    {
        var sources = parts.Select(part => Path.Combine(workspace.Output, OutputFiles.Joined(part))).ToList();
        if (plan.SegmentFormat == SegmentFormat.FragmentedMp4 && parts[0] is VideoRendition)
        {
            await using var picture = new FileStream(sources[0], FileMode.Open, FileAccess.ReadWrite);
            FragmentTimes.MakePositive(picture);
        }
        var file = Path.Combine(workspace.Output, OutputFiles.Download(parts[0]));
        var demuxer = plan.SegmentFormat == SegmentFormat.FragmentedMp4 ? "mov" : "mpegts";
        string[] arguments =
        [
            // Times as they are: each part by itself would begin at zero, and the sound would leave the picture.
            "-nostdin", "-hide_banner", "-v", "error", .. UntrustedInput.Processors, "-copyts",
            .. sources.SelectMany(source => (string[])["-f", demuxer, "-protocol_whitelist", "file", "-i", source]),
            .. parts.Index().SelectMany(part => (string[])["-map", Number(part.Index)]),
            "-c", "copy", "-map_metadata", "-1", "-map_chapters", "-1",
            .. parts.OfType<AudioRendition>().Index().SelectMany(sound => Description(sound.Index, sound.Item)),
            "-output_ts_offset", Number(-plan.ClockStart.TotalSeconds), "-movflags", "+faststart", "-f", "mp4", file,
        ];
        var bytes = sources.Sum(source => new FileInfo(source).Length);
        var result = await sandbox.RunInTimeAsync(
            "ffmpeg", arguments, new(options.FfmpegMemoryBytes, s_longest, 2 * bytes + (1 << 20)), _ => { }, cancellationToken)
            ?? throw IngestRefusedException.BeyondLimits($"The file to keep could not be made within {s_longest.ToText()}.");
        if (FfmpegErrors.SaysDiskIsFull(result))
            throw IngestRefusedException.NoRoom();
        if (result.ExitCode != 0)
            throw new InvalidOperationException($"ffmpeg ended with {result.ExitCode}: {string.Join('\n', result.LastErrors)}");
        if (result.LastErrors.Count > 0)
            logger.LogInformation("File to keep: {Errors}", string.Join('\n', result.LastErrors));
        return file;
    }

    private static IEnumerable<string> Description(int index, AudioRendition sound) =>
    [
        $"-disposition:a:{Number(index)}", index == 0 ? "default" : "0",
        $"-metadata:s:a:{Number(index)}", $"language={LanguageTag.ToIso639(sound.Track.Language) ?? "und"}",
    ];

    private static string Number(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);
}
