using System.Globalization;
using IngestVideo.Media;
using IngestVideo.Processes;

namespace IngestVideo.Probing;

/// <summary>Finds out which sounds of a source cannot be published, by doing with the beginning of each what is done with the whole later.</summary>
/// <remarks>One sound that has no decoder here, or channels of which nobody knows where they stand, must not cost the video.</remarks>
public sealed class SoundCheck(Sandbox sandbox, IngestOptions options)
{
    private const string Frames = "10";

    /// <summary>Reads no further: a sound may begin late, or never.</summary>
    private const string Beginning = "60";

    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(30);

    /// <returns>The same without the sounds that cannot be published.</returns>
    /// <exception cref="IngestRefusedException">422: nothing is left.</exception>
    public async Task<MediaInfo> CheckAsync(MediaInfo media, string source, Container container, CancellationToken cancellationToken)
    {
        if (media.Audio is [] || await FindFaultAsync(media.Audio, source, container, cancellationToken) is null)
            return media;
        var left = new List<AudioTrack>();
        var skipped = new List<SkippedTrack>();
        foreach (var track in media.Audio)
        {
            if (await FindFaultAsync([track], source, container, cancellationToken) is { } fault)
                skipped.Add(new("audio", track.StreamIndex, track.Codec, track.Language, $"The sound cannot be decoded, or not be made stereo: {fault}."));
            else
                left.Add(track);
        }
        if (left is [] && media.Video is null)
            throw IngestRefusedException.Undecodable(skipped[0].Reason);
        return media with { Audio = left, Skipped = [.. media.Skipped, .. skipped] };
    }

    /// <returns>Why a sound cannot be published; null where all can, as far as their beginning shows.</returns>
    private async Task<string?> FindFaultAsync(IReadOnlyList<AudioTrack> tracks, string source, Container container, CancellationToken cancellationToken)
    {
        var decoded = 0;
        string[] arguments =
        [
            "-nostdin", "-v", "error", .. UntrustedInput.Arguments(container, options.MaxPixels, options.MaxStreams), "-t", Beginning, "-i", source,
            .. tracks.SelectMany(track => (string[])
            [
                "-map", $"0:{track.StreamIndex.ToString(CultureInfo.InvariantCulture)}", "-af", "aresample=48000:ochl=stereo:rematrix_maxval=1",
                "-frames:a", Frames, "-f", "framecrc", "-",
            ]),
        ];
        var limits = new ProcessLimits(options.FfmpegMemoryBytes, s_longest, FileBytes: 0);
        if (await sandbox.RunInTimeAsync("ffmpeg", arguments, limits, line => decoded += line is [not '#', ..] ? 1 : 0, cancellationToken) is not { } result)
            return null; // whatever is wrong, it comes up again
        // Where it complains, each is looked at alone. Damage at the beginning alone does not justify leaving a sound out.
        var fails = result.ExitCode != 0 || (result.LastErrors.Count > 0 && (tracks.Count > 1 || decoded == 0));
        return fails ? FfmpegErrors.Reason(result, source) : null;
    }
}
