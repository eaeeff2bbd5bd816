using System.Globalization;
using IngestVideo.Planning;
using IngestVideo.Processes;

namespace IngestVideo.Probing;

/// <summary>Reads the packets of a source, without decoding them, to see whether it may be its own largest rendition.</summary>
public sealed class CopyProber(Sandbox sandbox, IngestOptions options)
{
    private static readonly TimeSpan s_longestProbe = TimeSpan.FromMinutes(2);

    /// <summary>Keyframes must come at least this often, or segments would become too long.</summary>
    private static readonly TimeSpan s_longestGap = TimeSpan.FromSeconds(4);
    private const double ShortestMeanGapSeconds = 0.8;

    /// <summary>How much more than the ladder's cap a copy may need.</summary>
    private const double BitRateAllowance = 1.5;

    /// <returns>The longest time from one keyframe to the next; null where the source may not be copied, or it cannot be told.</returns>
    public async Task<TimeSpan?> FindLongestGapAsync(TranscodePlan plan, string source, Container container, CancellationToken cancellationToken)
    {
        var stream = plan.Source.Video!.StreamIndex.ToString(CultureInfo.InvariantCulture);
        var input = UntrustedInput.Arguments(container, options.MaxPixels, options.MaxStreams);
        var packets = new PacketReader(plan.Source.Video.FrameRate);
        var parameters = new ParameterReader();
        var read = await Task.WhenAll(
            ReadAsync("ffprobe", ["-v", "error", "-select_streams", stream, "-show_entries", "packet=pts_time,size,flags", "-print_format", "csv=print_section=0", .. input, "-i", source], packets.Read, cancellationToken),
            // Nothing but the sequence parameter sets (NAL type 7), with those of the container before each IDR picture.
            ReadAsync(
                "ffmpeg",
                ["-nostdin", "-v", "error", .. input, "-i", source, "-map", $"0:{stream}", "-c", "copy", "-bsf:v", "h264_mp4toannexb,filter_units=pass_types=7", "-f", "framehash", "-hash", "crc32", "-"],
                parameters.Read, cancellationToken));
        packets.End();
        var fit = read.All(whole => whole) && packets.Regular && packets.LongestGap <= s_longestGap && packets.MeanGapSeconds >= ShortestMeanGapSeconds && parameters.Constant
            // In fragmented MP4 each I-frame has to say how long it stands, in exact units of time.
            && (plan.SegmentFormat == SegmentFormat.MpegTs || (packets.KeyframesAreRegular && container.Demuxer == "mov"))
            && (packets.KeyframesAreEven || !plan.HalvesFrameRate)
            && packets.BitsPerSecond <= BitRateAllowance * plan.Video[^1].MaxBitsPerSecond;
        return fit ? packets.LongestGap : null;
    }

    /// <returns>Whether the program read the source to its end without a complaint.</returns>
    private async Task<bool> ReadAsync(string program, string[] arguments, Action<string> onLine, CancellationToken cancellationToken)
    {
        var command = await sandbox.WrapAsync(program, arguments, new(options.FfmpegMemoryBytes, s_longestProbe));
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(s_longestProbe);
        try
        {
            return await ChildProcess.RunAsync(command, onStarted: null, onLine, timeout.Token) is { ExitCode: 0, LastErrors: [] };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Takes in packets in the order of decoding.</summary>
    private sealed class PacketReader(double framesPerSecond)
    {
        private double _first, _key = double.NaN, _last, _gap;
        private long _bytes, _packets, _keys, _packetsAtKey, _packetsInGap;

        /// <summary>
        /// The first packet is a keyframe; nothing that comes after a keyframe is seen before it, so that every group of pictures is closed; and in each group pictures follow at the frame rate, none missing.
        /// </summary>
        public bool Regular { get; private set; } = true;

        /// <summary>An even number of pictures comes before each keyframe.</summary>
        public bool KeyframesAreEven { get; private set; } = true;

        /// <summary>The same number of pictures lies between any two keyframes.</summary>
        public bool KeyframesAreRegular { get; private set; } = true;

        public TimeSpan LongestGap => _packets == 0 ? default : TimeSpan.FromSeconds(Math.Clamp(Math.Max(_gap, _last - _key), 0, 1e6));

        /// <summary>Each keyframe becomes a segment of the I-frames, and a picture of the storyboard: they must not come all the time.</summary>
        public double MeanGapSeconds => _keys == 0 ? 0 : (_last - _first) / _keys;

        public double BitsPerSecond => _packets == 0 ? double.MaxValue : _bytes * 8 * framesPerSecond / _packets;

        /// <summary>pts_time, size, flags, and a comma more where a packet has side data.</summary>
        public void Read(string line)
        {
            if (line.Length == 0)
                return;
            var fields = line.Split(',');
            if (fields.Length < 3 || !double.TryParse(fields[0], CultureInfo.InvariantCulture, out var time) || !long.TryParse(fields[1], CultureInfo.InvariantCulture, out var size) || fields[2].Contains('D', StringComparison.Ordinal))
            {
                Regular = false; // without a time, or before the beginning of an edit list
                return;
            }
            if (fields[2].StartsWith('K'))
                ReadKeyframe(time);
            else
                Regular &= time > _key && OnGrid(time); // also false before the first keyframe
            _last = _packets == 0 ? time : Math.Max(_last, time);
            _bytes += size;
            _packets++;
        }

        /// <summary>After the last packet.</summary>
        public void End() => Regular &= _packets > 0 && Follows(_last + 1 / framesPerSecond);

        private void ReadKeyframe(double time)
        {
            if (_keys++ == 0)
            {
                _first = time;
            }
            else
            {
                _gap = Math.Max(_gap, time - _key);
                Regular &= time > _last && Follows(time);
                KeyframesAreRegular &= _keys == 2 || _packets - _packetsAtKey == _packetsInGap;
                _packetsInGap = _packets - _packetsAtKey;
            }
            KeyframesAreEven &= _packets % 2 == 0;
            (_key, _packetsAtKey) = (time, _packets);
        }

        /// <summary>As many pictures have come since the keyframe as there is time for.</summary>
        private bool Follows(double time) => OnGrid(time) && Math.Round((time - _key) * framesPerSecond) == _packets - _packetsAtKey;

        /// <summary>A whole number of pictures after the keyframe, as near as a container of milliseconds can say it.</summary>
        private bool OnGrid(double time)
        {
            var pictures = (time - _key) * framesPerSecond;
            return Math.Abs(pictures - Math.Round(pictures)) < 0.1 + 0.0011 * framesPerSecond;
        }
    }

    /// <summary>Takes in the hashes of parameter sets: where they change, so may size and profile, which a playlist tells once for all.</summary>
    private sealed class ParameterReader
    {
        private readonly HashSet<string> _hashes = new(StringComparer.Ordinal);

        public bool Constant => _hashes.Count == 1;

        /// <param name="line">Stream, dts, pts, duration, size, hash, and sometimes more.</param>
        public void Read(string line)
        {
            if (!line.StartsWith('#') && line.Split(',') is [_, _, _, _, _, var hash, ..] && _hashes.Count < 2)
                _hashes.Add(hash.Trim());
        }
    }
}
