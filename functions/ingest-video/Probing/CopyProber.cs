using System.Globalization;
using IngestVideo.Planning;
using IngestVideo.Processes;

namespace IngestVideo.Probing;

/// <summary>Reads the packets of a source, without decoding them, to see whether it may be its own largest rendition.</summary>
public sealed class CopyProber(Sandbox sandbox, IngestOptions options)
{
    private static readonly TimeSpan s_longestProbe = TimeSpan.FromMinutes(2);

    /// <summary>Keyframes must come at least this often, or segments would become too long.</summary>
    private const double LongestGap = 4.0;

    /// <summary>How much more than the ladder's cap a copy may need.</summary>
    private const double BitRateAllowance = 1.5;

    /// <returns>false also where it cannot be told: then the source is encoded.</returns>
    public async Task<bool> AllowsAsync(TranscodePlan plan, string source, Container container, CancellationToken cancellationToken)
    {
        var track = plan.Source.Video!;
        var command = await sandbox.WrapAsync(
            "ffprobe",
            [
                "-v", "error", "-hide_banner", "-select_streams", track.StreamIndex.ToString(CultureInfo.InvariantCulture),
                "-show_entries", "packet=pts_time,size,flags", "-print_format", "csv=print_section=0",
                .. UntrustedInput.Arguments(container, options.MaxPixels, options.MaxStreams), "-i", source,
            ],
            new(options.FfmpegMemoryBytes, s_longestProbe));
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(s_longestProbe);
        var packets = new PacketReader();
        try
        {
            var result = await ChildProcess.RunAsync(command, onStarted: null, packets.Read, timeout.Token);
            return result is { ExitCode: 0, LastErrors: [] } && packets.Regular && packets.LongestGap <= LongestGap
                && packets.BitsPerSecond(plan.FrameRate.PerSecond) <= BitRateAllowance * plan.Video[^1].MaxBitsPerSecond;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Takes in packets in the order of decoding.</summary>
    private sealed class PacketReader
    {
        private double _key = double.NaN, _last, _gap;
        private long _bytes, _packets;

        /// <summary>The first packet is a keyframe, and nothing that comes after a keyframe is seen before it: every group of pictures is closed.</summary>
        public bool Regular { get; private set; } = true;

        public double LongestGap => Math.Max(_gap, _last - _key);

        public double BitsPerSecond(double framesPerSecond) => _packets == 0 ? double.MaxValue : _bytes * 8 * framesPerSecond / _packets;

        public void Read(string line)
        {
            var fields = line.Split(',');
            if (fields.Length < 3 || !double.TryParse(fields[0], CultureInfo.InvariantCulture, out var time) || !long.TryParse(fields[1], CultureInfo.InvariantCulture, out var size) || fields[2].Contains('D', StringComparison.Ordinal))
            {
                Regular &= line.Length == 0; // without a time, or before the beginning of an edit list
                return;
            }
            if (fields[2].StartsWith('K'))
            {
                _gap = Math.Max(_gap, double.IsNaN(_key) ? 0 : time - _key);
                Regular &= double.IsNaN(_key) || time > _last;
                _key = time;
            }
            else
            {
                Regular &= time > _key; // also false before the first keyframe
            }
            _last = Math.Max(_last, time);
            _bytes += size;
            _packets++;
        }
    }
}
