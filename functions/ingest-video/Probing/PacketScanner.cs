using System.Globalization;
using IngestVideo.Media;
using IngestVideo.Processes;

namespace IngestVideo.Probing;

/// <summary>Reads the packets of a source's picture and sounds. Only the sounds of a transport stream are decoded.</summary>
public sealed class PacketScanner(Sandbox sandbox, IngestOptions options)
{
    private static readonly TimeSpan s_longestScan = TimeSpan.FromMinutes(2);

    /// <param name="video">The picture, H.264.</param>
    /// <param name="source">The path of the source.</param>
    /// <param name="container">What the source is.</param>
    /// <param name="cancellationToken">Ends the scan.</param>
    public async Task<PacketScan> ScanAsync(VideoTrack video, string source, Container container, CancellationToken cancellationToken)
    {
        var stream = video.StreamIndex.ToString(CultureInfo.InvariantCulture);
        var input = UntrustedInput.Arguments(container, options.MaxPixels, options.MaxStreams);
        var packets = new PacketReader(video.FrameRate);
        var parameters = new ParameterReader();
        var read = await Task.WhenAll(
            ReadAsync(
                "ffprobe",
                [
                    "-v", "error", "-select_streams", stream, "-show_entries", "packet=pts_time,size,flags:packet_side_data=side_data_type",
                    "-print_format", "csv=print_section=0", .. input, "-i", source,
                ],
                packets.Read, cancellationToken),
            // Nothing but the sequence and picture parameter sets (NAL types 7 and 8), with those of the container before each IDR picture.
            ReadAsync(
                "ffmpeg",
                [
                    "-nostdin", "-v", "error", .. input, "-i", source, "-map", $"0:{stream}", "-c", "copy",
                    "-bsf:v", "h264_mp4toannexb,filter_units=pass_types=7-8", "-f", "framehash", "-hash", "crc32", "-",
                ],
                parameters.Read, cancellationToken));
        packets.End();
        return new(
            Array.TrueForAll(read, whole => whole), packets.Regular, packets.KeyframesAreEven, packets.KeyframesAreRegular, parameters.Constant,
            packets.LongestGap, packets.MeanGap, packets.BitsPerSecond);
    }

    /// <summary>Finds the sounds that one description fits from the first packet to the last.</summary>
    /// <remarks>An MP4 lists its descriptions. In MPEG-TS each AAC frame has its own (ISO/IEC 14496-3, 1.A.2.2). Other containers are not examined.</remarks>
    /// <param name="sounds">AAC.</param>
    /// <param name="source">The path of the source.</param>
    /// <param name="container">What the source is.</param>
    /// <param name="cancellationToken">Ends the scan.</param>
    /// <returns>The indices of their streams.</returns>
    public async Task<IReadOnlySet<int>> FindConstantSoundsAsync(
        IEnumerable<AudioTrack> sounds, string source, Container container, CancellationToken cancellationToken)
    {
        var streams = sounds.Select(sound => sound.StreamIndex).ToHashSet();
        if (container.Demuxer == "mov")
        {
            await using var file = File.OpenRead(source);
            var entries = IsoBoxes.SampleEntries(file, cancellationToken).CountBy(entry => entry.Track);
            streams.IntersectWith(entries.Where(track => track.Value == 1).Select(track => track.Key));
            return streams;
        }
        var constant = new HashSet<int>();
        if (container.Demuxer != "mpegts")
            return constant;
        foreach (var stream in streams)
        {
            if (await IsConstantAsync(stream, source, container, cancellationToken))
                constant.Add(stream);
        }
        return constant;
    }

    /// <summary>Decodes a sound and compares its frames. The timeline shows a change of the sample rate, but not of the channels.</summary>
    private async Task<bool> IsConstantAsync(int stream, string source, Container container, CancellationToken cancellationToken)
    {
        var frames = new HashSet<string>(StringComparer.Ordinal);
        return await ReadAsync(
            "ffprobe",
            [
                "-v", "error", "-select_streams", stream.ToString(CultureInfo.InvariantCulture), "-show_entries", "frame=nb_samples,channels,channel_layout",
                "-print_format", "csv=print_section=0", .. UntrustedInput.Arguments(container, options.MaxPixels, options.MaxStreams), "-i", source,
            ],
            line => _ = frames.Count < 2 && frames.Add(line), cancellationToken) && frames.Count == 1;
    }

    /// <returns>Whether the program read the source to its end without a complaint.</returns>
    private async Task<bool> ReadAsync(string program, string[] arguments, Action<string> onLine, CancellationToken cancellationToken) =>
        await sandbox.RunInTimeAsync(program, arguments, new(options.FfmpegMemoryBytes, s_longestScan, FileBytes: 0), onLine, cancellationToken)
            is { ExitCode: 0, LastErrors: [] };

    /// <summary>Takes in packets in the order of decoding; see <see cref="PacketScan"/>.</summary>
    private sealed class PacketReader(double framesPerSecond)
    {
        private double _first, _key = double.NaN, _last, _gap;
        private long _bytes, _packets, _keys, _packetsAtKey, _packetsInGap;

        public bool Regular { get; private set; } = true;

        public bool KeyframesAreEven { get; private set; } = true;

        public bool KeyframesAreRegular { get; private set; } = true;

        public TimeSpan LongestGap => Gap(Math.Max(_gap, _last - _key));

        public TimeSpan MeanGap => Gap((_last - _first) / _keys);

        public double BitsPerSecond => _packets == 0 ? double.MaxValue : _bytes * 8 * framesPerSecond / _packets;

        /// <summary>pts_time, size, flags, and the kinds of side data where a packet has any.</summary>
        public void Read(string line)
        {
            if (line.Length == 0)
                return;
            var fields = line.Split(',');
            if (fields.Length < 3 || !double.TryParse(fields[0], CultureInfo.InvariantCulture, out var time)
                || !long.TryParse(fields[1], CultureInfo.InvariantCulture, out var size) || fields[2].Contains('D', StringComparison.Ordinal))
            {
                Regular = false; // without a time, or before the beginning of an edit list
                return;
            }
            // Another sample description of MP4, another header of FLV: from here on other parameters hold, and a copy has only those of the beginning.
            Regular &= !fields.Contains("New Extradata", StringComparer.Ordinal);
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

        /// <summary>Zero where there is no keyframe, or a time that is not a number: such packets are not regular.</summary>
        private static TimeSpan Gap(double seconds) => double.IsNaN(seconds) ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Clamp(seconds, 0, 1e6));

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

    /// <summary>Takes in the hashes of parameter sets.</summary>
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
