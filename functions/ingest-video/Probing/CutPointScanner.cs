using System.Globalization;
using System.Text.RegularExpressions;
using IngestVideo.Media;
using IngestVideo.Processes;

namespace IngestVideo.Probing;

/// <summary>Finds where the picture of a source can be cut, by its packets.</summary>
public sealed partial class CutPointScanner(Sandbox sandbox, IngestOptions options)
{
    private static readonly TimeSpan s_longestScan = TimeSpan.FromMinutes(10);

    /// <summary>How much of H.264 is searched for keyframes that cannot be decoded by themselves.</summary>
    private static readonly TimeSpan s_looked = TimeSpan.FromSeconds(60);

    /// <param name="media">The source, with its measured times.</param>
    /// <param name="source">The path of the source.</param>
    /// <param name="container">What it is.</param>
    /// <param name="cancellationToken">Ends the scan.</param>
    public async Task<CutPoints> ScanAsync(MediaInfo media, string source, Container container, CancellationToken cancellationToken)
    {
        if (media.Video is not { } video || media.Timeline?.Streams.TryGetValue(video.StreamIndex, out var span) != true)
            return new([], 0, default, "The picture could not be measured.");
        var stream = video.StreamIndex.ToString(CultureInfo.InvariantCulture);
        var input = UntrustedInput.Arguments(container, options.MaxPixels, options.MaxStreams);
        var packets = new PacketReader(hasClockOfItsOwn: container.Demuxer is "mpegts" or "mpeg");
        var slices = new SliceReader();
        var isWhole = await RunAsync(
            "ffprobe",
            [
                "-v", "error", .. input, "-select_streams", stream, "-show_entries", "packet=pts_time,dts_time,flags:packet_side_data=side_data_type",
                "-print_format", "csv=print_section=0", "-i", source,
            ],
            packets.Read, onError: null, cancellationToken);
        if (video.Codec == "h264")
        {
            await RunAsync(
                "ffmpeg",
                [
                    "-nostdin", "-hide_banner", "-nostats", "-v", "info", .. input, "-i", source, "-map", $"0:{stream}", "-c", "copy",
                    "-bsf:v", "noise=drop=not(key),trace_headers", "-t", s_looked.TotalSeconds.ToString(CultureInfo.InvariantCulture), "-f", "null", "-",
                ],
                _ => { }, slices.Read, cancellationToken);
        }
        // ffprobe reads the container's own times, and ffmpeg lets them begin at zero.
        var obstacle = isWhole ? null : "The packets cannot be read to the last one.";
        var points = packets.Finish(span.Start.TotalSeconds, obstacle ?? (slices.AreIntra ? null : "Its pictures are refreshed gradually."));
        // In other codecs the order of pictures is enough.
        return video.Codec != "h264" || slices.AreIdr
            ? points : points with { Keyframes = [.. points.Keyframes.Select(point => point with { IsClosed = false })] };
    }

    private async Task<bool> RunAsync(
        string program, string[] arguments, Action<string> onLine, Action<string>? onError, CancellationToken cancellationToken)
    {
        var memory = options.FfmpegMemoryBytes - MemoryBudget.ForCopy(options.FfmpegMemoryBytes); // a copy is made meanwhile
        var limits = new ProcessLimits(memory, s_longestScan, FileBytes: 0);
        return await sandbox.RunInTimeAsync(program, arguments, limits, onLine, cancellationToken, onError: onError) is { ExitCode: 0 };
    }

    /// <summary>
    /// Reads what the bitstream filter <c>trace_headers</c> prints of keyframes. H.264 may have pictures instead that begin a gradual refresh: containers call
    /// them keyframes, but pictures that are decoded from there on are damaged for a while.
    /// </summary>
    private sealed partial class SliceReader
    {
        private const string Idr = "5"; // ITU-T H.264, table 7-1

        private bool _isFirst;
        private bool? _areIdr; // of those read so far
        private string _unit = "";

        /// <summary>Every keyframe begins with an intra slice.</summary>
        public bool AreIntra { get; private set; } = true;

        /// <summary>Nothing after a keyframe refers to anything before it, or would look different without it.</summary>
        public bool AreIdr => _areIdr == true;

        public void Read(string line)
        {
            if (line.Contains("] Packet: ", StringComparison.Ordinal))
                _isFirst = true;
            else if (NalUnitType().Match(line) is { Success: true } unit)
                _unit = unit.Groups["type"].Value;
            else if (_isFirst && SliceType().Match(line) is { Success: true } match)
            {
                (_isFirst, AreIntra) = (false, AreIntra && match.Groups["type"].ValueSpan is ['2'] or ['7']); // ITU-T H.264, table 7-6
                _areIdr = _areIdr != false && _unit == Idr;
            }
        }

        [GeneratedRegex(@"nal_unit_type\s+[01]+ = (?<type>\d+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
        private static partial Regex NalUnitType();

        [GeneratedRegex(@"\bslice_type\s+[01]+ = (?<type>\d)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
        private static partial Regex SliceType();
    }

    /// <summary>Takes in packets in the order of decoding.</summary>
    /// <param name="hasClockOfItsOwn">ffmpeg takes jumps out of such a clock, depending on what it reads.</param>
    private sealed class PacketReader(bool hasClockOfItsOwn)
    {
        /// <summary>Seconds of which a clock may go ahead, beside a still picture.</summary>
        private const double LongestStep = 1;

        private readonly List<CutPoint> _keyframes = [];
        private readonly Stack<int> _closed = new(); // those that are closed so far, each shown later than the one below it
        private int _pictures;
        private double _first = double.PositiveInfinity, _latest = double.NegativeInfinity, _longest;
        private double? _decoded;
        private string? _obstacle;

        /// <summary>pts_time, dts_time, flags, and the kinds of side data where a packet has any.</summary>
        public void Read(string line)
        {
            if (line.Length == 0)
                return;
            var fields = line.Split(',');
            if (fields.Length < 3 || Seconds(fields[0]) is not { } shown)
            {
                _obstacle ??= "Packets do not say when they are shown.";
                return;
            }
            if (fields.Contains("New Extradata", StringComparer.Ordinal))
                _obstacle ??= "The header of the picture changes.";
            var decoded = Seconds(fields[1]);
            if (decoded - _decoded is { } step)
            {
                if (step <= 0)
                    _obstacle ??= "The times of its packets go back.";
                else if (step > LongestStep && hasClockOfItsOwn)
                    _obstacle ??= "Its clock jumps.";
                _longest = Math.Max(_longest, step);
            }
            _decoded = decoded ?? _decoded;
            _first = Math.Min(_first, shown);
            while (_closed.TryPeek(out var keyframe) && _keyframes[keyframe].Shown > shown)
                _keyframes[_closed.Pop()] = _keyframes[keyframe] with { IsClosed = false };
            if (fields[2].StartsWith('K'))
            {
                var isClosed = _latest < shown;
                if (isClosed)
                    _closed.Push(_keyframes.Count);
                _keyframes.Add(new(_pictures, shown, isClosed));
            }
            _latest = Math.Max(_latest, shown);
            if (_keyframes is not [])
                _pictures++; // ffmpeg copies nothing before
        }

        public CutPoints Finish(double start, string? obstacle)
        {
            return new(
                [.. _keyframes.Select(point => point with { Shown = point.Shown + start - _first })], _pictures, TimeSpan.FromSeconds(_longest),
                obstacle ?? _obstacle);
        }

        private static double? Seconds(string text) =>
            double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && Math.Abs(seconds) < 1e9 ? seconds : null;
    }
}
