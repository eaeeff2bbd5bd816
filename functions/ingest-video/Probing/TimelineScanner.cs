using System.Globalization;
using IngestVideo.Media;
using IngestVideo.Processes;

namespace IngestVideo.Probing;

/// <summary>Measures how long the picture and the sounds of a source really are, by reading all packets without decoding them.</summary>
public sealed class TimelineScanner(Sandbox sandbox, IngestOptions options)
{
    /// <summary>Enough for the largest source on a slow disk.</summary>
    private static readonly TimeSpan s_longestScan = TimeSpan.FromMinutes(10);

    /// <summary>A source that is longer than allowed is read a little beyond the limit, so that it can be seen to be.</summary>
    private static readonly TimeSpan s_beyond = TimeSpan.FromMinutes(1);

    /// <returns>null where ffmpeg cannot read the source; what it complains of will come up again when it is decoded.</returns>
    /// <exception cref="IngestRefusedException">422: it takes too long, or is longer than the longest video.</exception>
    public async Task<Timeline?> ScanAsync(MediaInfo media, string source, Container container, CancellationToken cancellationToken)
    {
        // The streams that will be decoded, and no others: where time begins in a transport stream depends on which are taken.
        int[] streams = [.. media.Video is { } video ? [video.StreamIndex] : (int[])[], .. media.Audio.Select(track => track.StreamIndex)];
        string[] arguments =
        [
            "-nostdin", "-v", "error", .. UntrustedInput.Arguments(container, options.MaxPixels, options.MaxStreams),
            "-t", (options.MaxDuration + s_beyond).TotalSeconds.ToString(CultureInfo.InvariantCulture), "-i", source,
            .. streams.SelectMany(stream => (string[])["-map", $"0:{stream.ToString(CultureInfo.InvariantCulture)}"]),
            "-c", "copy", "-f", "framecrc", "-",
        ];
        var command = await sandbox.WrapAsync("ffmpeg", arguments, new(options.FfmpegMemoryBytes, s_longestScan, FileBytes: 0));
        var reader = new FrameListReader(streams, media.Video);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(s_longestScan);
        try
        {
            var result = await ChildProcess.RunAsync(command, onStarted: null, reader.Read, timeout.Token);
            if (result.ExitCode != 0)
                return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw IngestRefusedException.Undecodable($"The video could not be read within {s_longestScan.TotalMinutes:0} minutes.");
        }
        var timeline = reader.Timeline;
        if (timeline.End > options.MaxDuration)
            throw IngestRefusedException.Undecodable($"The video is longer than the {options.MaxDuration:d\\.hh\\:mm\\:ss} that are accepted here.");
        return timeline.Streams.Count > 0 ? timeline : null;
    }

    /// <summary>
    /// Reads the list of packets that ffmpeg's <c>framecrc</c> muxer prints: <c>#tb index: 1/90000</c> for each stream, then index, dts, pts, duration, size and checksum of each packet.
    /// </summary>
    internal sealed class FrameListReader(int[] streams, VideoTrack? video)
    {
        private const long NoTime = long.MinValue;
        private readonly Dictionary<int, double> _timeBases = [];
        private readonly Dictionary<int, StreamSpan> _spans = [];

        public Timeline Timeline => new(_spans.ToDictionary(span => streams[span.Key], span => span.Value));

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
                && Number(text[parts[0]]) is { } stream and >= 0 && stream < streams.Length && Number(text[parts[1]]) is { } over && Number(text[parts[2]]) is > 0 and var under)
                _timeBases[(int)stream] = (double)over / under;
        }

        private void ReadPacket(ReadOnlySpan<char> text)
        {
            Span<Range> fields = stackalloc Range[5];
            if (text.Split(fields, ',', StringSplitOptions.TrimEntries) < 5 || Number(text[fields[0]]) is not (>= 0 and var index) || index >= streams.Length
                || !_timeBases.TryGetValue((int)index, out var unit)
                || Number(text[fields[1]]) is not { } decoded || Number(text[fields[2]]) is not { } presented || Number(text[fields[3]]) is not { } duration)
                return;
            var stream = (int)index;
            var time = presented != NoTime ? presented : decoded;
            if (time == NoTime)
                return;
            // What does not say how long it stands is one picture long.
            var seconds = duration > 0 ? duration * unit : streams[stream] == video?.StreamIndex ? 1 / video.FrameRate : 0;
            var (start, end) = (Moment(time * unit), Moment(time * unit + seconds));
            _spans[stream] = _spans.TryGetValue(stream, out var span)
                ? new(start < span.Start ? start : span.Start, end > span.End ? end : span.End, span.HasPresentationTimes && presented != NoTime)
                : new(start, end, presented != NoTime);
        }

        private static long? Number(ReadOnlySpan<char> text) => long.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : null;

        /// <summary>Times are a stranger's: a year is more than any limit allows.</summary>
        private static TimeSpan Moment(double seconds) => TimeSpan.FromSeconds(Math.Clamp(seconds, -3e7, 3e7));
    }
}
