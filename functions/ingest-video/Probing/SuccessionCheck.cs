using System.Globalization;
using System.Runtime.InteropServices;
using IngestVideo.Media;
using IngestVideo.Processes;

namespace IngestVideo.Probing;

/// <summary>
/// Recognises recordings that were joined in one file so that only the first could be shown: where the time begins again, in formats of which ffmpeg does not
/// take such jumps out; and in MPEG streams, where the second has a picture of its own.
/// </summary>
public sealed class SuccessionCheck(Sandbox sandbox, IngestOptions options)
{
    /// <summary>Pictures of programs side by side take turns.</summary>
    private const double Seconds = 3, UsualRate = 25;

    /// <summary>At the end of a file ffmpeg brings the last pictures of each stream.</summary>
    private const int HeldBack = 4;

    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(2);

    /// <exception cref="IngestRefusedException">422: what comes after the first recording would be lost.</exception>
    public async Task CheckAsync(MediaInfo media, string source, Container container, CancellationToken cancellationToken)
    {
        if (media.Timeline?.RepeatedFrom is { } repeated)
            throw Refused(repeated > TimeSpan.Zero ? $"the first {repeated.ToText()}" : "the first");
        if (media.Video is not { } video || container.Demuxer is not ("mpegts" or "mpeg") || !media.Skipped.Any(track => track.Kind == "video"))
            return;
        var first = video.StreamIndex.ToString(CultureInfo.InvariantCulture);
        // How many pictures of each other stream came after each of the last ones.
        var after = new Dictionary<string, int[]>(StringComparer.Ordinal);
        await sandbox.RunInTimeAsync(
            "ffprobe",
            [
                "-v", "error", .. UntrustedInput.Arguments(container, options.MaxPixels, options.MaxStreams), "-select_streams", "v",
                "-show_entries", "packet=stream_index", "-print_format", "csv=print_section=0", "-i", source,
            ],
            new(options.FfmpegMemoryBytes, s_longest, FileBytes: 0),
            line =>
            {
                if (line.Length == 0)
                    return;
                if (line.Split(',')[0] is var stream && stream != first)
                {
                    (CollectionsMarshal.GetValueRefOrAddDefault(after, stream, out _) ??= new int[HeldBack])[^1]++;
                    return;
                }
                foreach (var counts in after.Values)
                {
                    counts.AsSpan(1).CopyTo(counts);
                    counts[^1] = 0;
                }
            },
            cancellationToken);
        if (after.Values.Any(counts => counts.Sum() > Seconds * Math.Max(UsualRate, video.FrameRate)))
            throw Refused($"the first {media.Timeline?.Streams.GetValueOrDefault(video.StreamIndex).End.ToText()}");
    }

    /// <param name="first">What could be shown.</param>
    public static IngestRefusedException Refused(string first) => IngestRefusedException.Undecodable(
        $"There are several recordings in the file, one after the other. Only {first} could be shown. Send them one by one.");
}
