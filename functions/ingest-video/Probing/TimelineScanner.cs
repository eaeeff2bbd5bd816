using System.Globalization;
using System.Text.RegularExpressions;
using IngestVideo.Media;
using IngestVideo.Processes;

namespace IngestVideo.Probing;

/// <summary>Measures how long the picture and the sounds of a source really are, by reading all packets without decoding them.</summary>
public sealed partial class TimelineScanner(Sandbox sandbox, IngestOptions options)
{
    /// <summary>Enough for the largest source on a slow disk.</summary>
    private static readonly TimeSpan s_longestScan = TimeSpan.FromMinutes(10);

    /// <returns>null where ffmpeg cannot read the source; what it complains of will come up again when it is decoded.</returns>
    /// <exception cref="IngestRefusedException">422: it takes too long, or is longer than the longest video.</exception>
    public async Task<Timeline?> ScanAsync(MediaInfo media, string source, Container container, CancellationToken cancellationToken)
    {
        // The streams that will be decoded, and no others: where time begins in a transport stream depends on which are taken.
        int[] streams = [.. media.Video is { } video ? [video.StreamIndex] : (int[])[], .. media.Audio.Select(track => track.StreamIndex)];
        string[] arguments =
        [
            "-nostdin", "-v", "warning", .. UntrustedInput.Arguments(container, options.MaxPixels, options.MaxStreams),
            "-i", source,
            .. streams.SelectMany(stream => (string[])["-map", $"0:{stream.ToString(CultureInfo.InvariantCulture)}"]),
            "-c", "copy", "-f", "framecrc", "-",
        ];
        var reader = new FrameListReader(streams, media.Video);
        var limits = new ProcessLimits(options.FfmpegMemoryBytes, s_longestScan, FileBytes: 0);
        var late = new List<LateTrack>();
        var incomplete = false;
        TimeSpan? endOfFirst = null;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var tooLong = IngestRefusedException.Undecodable($"The video is longer than the {options.MaxDuration.ToText()} that are accepted here.");
        ProcessResult result;
        try
        {
            result = await sandbox.RunInTimeAsync("ffmpeg", arguments, limits, ReadLine, stop.Token, onError: ReadError)
                ?? throw IngestRefusedException.Undecodable($"The video could not be read within {s_longestScan.ToText()}.");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw tooLong;
        }
        if (result.ExitCode != 0)
            return null;
        var timeline = reader.Timeline;
        if (timeline.End > options.MaxDuration)
            throw tooLong;
        return timeline.Streams.Count == 0 ? null : timeline with
        {
            IsIncomplete = timeline.IsIncomplete || incomplete,
            RepeatedFrom = timeline.RepeatedFrom ?? endOfFirst,
            LateTracks = late,
        };

        void ReadLine(string line)
        {
            reader.Read(line);
            if (reader.End > options.MaxDuration) // a tiny file may hold a stream that never ends
                stop.Cancel();
        }

        void ReadError(string line)
        {
            incomplete |= line.Contains("partial file", StringComparison.Ordinal); // of MP4: a sample lies behind the end
            if (line.Contains("in multistream ogg is not implemented", StringComparison.Ordinal)) // another film follows, with other streams
                endOfFirst ??= reader.End;
            if (late.Count < options.MaxStreams && NewStream().Match(line) is { Success: true } found)
                late.Add(new(found.Groups["kind"].Value, int.Parse(found.Groups["stream"].ValueSpan, CultureInfo.InvariantCulture)));
        }
    }

    /// <summary><c>New audio stream 0:2 at pos:6291456 and DTS:31.4s</c>; since ffmpeg 6, <c>New audio stream with index 2 at pos:…</c>.</summary>
    [GeneratedRegex(
        @"New (?<kind>video|audio) stream (0:|with index )(?<stream>\d{1,4}) at pos:", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NewStream();

    /// <summary>
    /// Reads the list of packets that ffmpeg's <c>framecrc</c> muxer prints: <c>#tb index: 1/90000</c> for each stream, then index, dts, pts, duration,
    /// size and checksum of each packet.
    /// </summary>
    internal sealed class FrameListReader(int[] streams, VideoTrack? video)
    {
        private const long NoTime = long.MinValue;

        /// <summary>Seconds of packets at one and the same moment.</summary>
        private const double LongestRepetition = 1, MostRepeated = 0.03;

        private readonly Dictionary<int, double> _timeBases = [];
        private readonly Dictionary<int, StreamSpan> _spans = [];
        private readonly Dictionary<int, (long Next, long Duration, bool IsLast)> _packets = [];
        private readonly Dictionary<int, (long Decoded, double Seconds)> _order = [];

        private readonly PictureDistances _distances = new();
        private bool _incomplete;
        private TimeSpan? _repeatedFrom;

        /// <summary>The end of what was read so far.</summary>
        public TimeSpan End { get; private set; }

        public Timeline Timeline => new(_spans.ToDictionary(span => streams[span.Key], span => Shown(span.Value)))
        {
            IsIncomplete = _incomplete,
            PictureRate = _distances.Rate,
            RepeatedFrom = _repeatedFrom,
        };

        /// <summary>
        /// Raw streams have no times: ffmpeg counts pictures, and begins before zero by as many as the decoder holds back. Then the first one is shown at zero.
        /// </summary>
        private static StreamSpan Shown(StreamSpan span) => span is { HasPresentationTimes: false, Start: { Ticks: < 0 } start }
            ? span with { Start = TimeSpan.Zero, End = span.End - start, HasPresentationTimes = true } : span;

        public void Read(string line)
        {
            const string timeBase = "#tb ";
            if (line.StartsWith(timeBase, StringComparison.Ordinal))
                ReadTimeBase(line.AsSpan(timeBase.Length));
            else if (line is [not '#', ..])
                ReadPacket(line);
        }

        private void ReadTimeBase(ReadOnlySpan<char> text)
        {
            Span<Range> parts = stackalloc Range[3];
            if (text.SplitAny(parts, ":/", StringSplitOptions.TrimEntries) == 3
                && Number(text[parts[0]]) is { } stream and >= 0 && stream < streams.Length
                && Number(text[parts[1]]) is { } over && Number(text[parts[2]]) is > 0 and var under)
                _timeBases[(int)stream] = (double)over / under;
        }

        private void ReadPacket(ReadOnlySpan<char> text)
        {
            Span<Range> fields = stackalloc Range[5];
            if (text.Split(fields, ',', StringSplitOptions.TrimEntries) < 5 || Number(text[fields[0]]) is not (>= 0 and var index) || index >= streams.Length
                || !_timeBases.TryGetValue((int)index, out var unit)
                || Number(text[fields[1]]) is not { } decoded || Number(text[fields[2]]) is not { } presented || Number(text[fields[3]]) is not { } duration)
                return;
            _incomplete |= IsCorrupt(text);
            var stream = (int)index;
            if (streams[stream] == video?.StreamIndex && decoded != NoTime)
                _distances.Add(decoded, unit);
            var time = presented != NoTime ? presented : decoded;
            if (time == NoTime)
                return;
            // What does not say how long it stands is one picture long.
            var seconds = duration > 0 ? duration * unit : streams[stream] == video?.StreamIndex ? 1 / video.FrameRate : 0;
            var (start, end) = (Moment(time * unit), Moment(time * unit + seconds));
            ReadOrder(stream, decoded, seconds, start);
            End = end > End ? end : End;
            var follows = Follows(stream, time, duration);
            _spans[stream] = _spans.TryGetValue(stream, out var span)
                ? new(start < span.Start ? start : span.Start, end > span.End ? end : span.End, span.HasPresentationTimes && presented != NoTime)
                {
                    IsContinuous = span.IsContinuous && follows,
                    Content = Moment((span.Content + Played(start, end)).TotalSeconds),
                }
                : new(start, end, presented != NoTime) { IsContinuous = follows, Content = Played(start, end) };
        }

        /// <summary>
        /// Whether a packet begins where the one before it ended, as near as their unit of time can say it; only the last one may be shorter.
        /// </summary>
        private bool Follows(int stream, long time, long duration)
        {
            var first = !_packets.TryGetValue(stream, out var before);
            var isLast = !first && duration < before.Duration - 1;
            _packets[stream] = (time + duration, first ? duration : before.Duration, isLast);
            return duration > 0 && (first || (!before.IsLast && Math.Abs(time - before.Next) <= 1 && duration <= before.Duration + 1));
        }

        /// <summary>Whether a packet is marked as damaged (AV_PKT_FLAG_CORRUPT, 2): of MP4, one that ends with the file and not where it should.</summary>
        private static bool IsCorrupt(ReadOnlySpan<char> text)
        {
            const string flags = " F=0x";
            if (text.IndexOf(flags, StringComparison.Ordinal) is not (>= 0 and var at))
                return false;
            var digits = text[(at + flags.Length)..];
            digits = digits.IndexOf(',') is >= 0 and var end ? digits[..end] : digits;
            return int.TryParse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var value) && (value & 2) != 0;
        }

        private static long? Number(ReadOnlySpan<char> text) => long.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : null;

        /// <summary>
        /// Notices a time that begins again. ffmpeg takes such jumps out of MPEG streams only; of others the muxer stops the time of decoding until it is
        /// reached again, and whatever has a time that has passed is lost.
        /// </summary>
        private void ReadOrder(int stream, long decoded, double seconds, TimeSpan start)
        {
            var before = _order.GetValueOrDefault(stream, (Decoded: NoTime, Seconds: 0.0));
            var repeated = decoded != NoTime && decoded <= before.Decoded ? before.Seconds + seconds : 0;
            _order[stream] = (decoded, repeated);
            // In a long recording a moment may be lost: as much as may be damaged.
            if (repeated > Math.Max(LongestRepetition, start.TotalSeconds * MostRepeated))
                _repeatedFrom ??= start;
        }

        /// <summary>What comes before the first moment is decoded, and not played.</summary>
        private static TimeSpan Played(TimeSpan start, TimeSpan end) =>
            end <= TimeSpan.Zero ? TimeSpan.Zero : end - (start > TimeSpan.Zero ? start : TimeSpan.Zero);

        /// <summary>Times are a stranger's: a year is more than any limit allows.</summary>
        private static TimeSpan Moment(double seconds) => TimeSpan.FromSeconds(Math.Clamp(seconds, -3e7, 3e7));
    }
}
