namespace Reelseal.Testing.Streams;

/// <summary>
/// Reads the presentation times of a transport stream of one picture or one sound (ISO/IEC 13818-1): independently of ffmpeg, which adapts what it reads.
/// </summary>
internal static class TransportStream
{
    private const int PacketLength = 188;
    private const double TicksPerSecond = 90_000;
    private static readonly int[] s_sampleRates = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];

    public static SegmentTimes Read(byte[] segment)
    {
        var times = new List<double>();
        double end = double.NaN;
        var samples = 0;
        foreach (var pes in Units(segment))
        {
            if (pes.Count < 14 || pes[0] != 0 || pes[1] != 0 || pes[2] != 1 || (pes[7] & 0x80) == 0)
                continue;
            var time = ((pes[9] & 0x0EL) << 29 | (long)pes[10] << 22 | (pes[11] & 0xFEL) << 14 | (long)pes[12] << 7 | (uint)pes[13] >> 1) / TicksPerSecond;
            times.Add(time);
            if ((pes[3] & 0xE0) == 0xC0)
            {
                var (frames, seconds) = Adts(pes, 9 + pes[8]);
                samples += frames;
                end = double.IsNaN(end) ? time + seconds : Math.Max(end, time + seconds);
            }
            else
            {
                samples++;
            }
        }
        if (times.Count == 0)
            throw new FormatException("The segment holds no time stamp.");
        times.Sort();
        if (double.IsNaN(end) && times.Count > 1) // pictures are equally long
            end = times[^1] + (times[^1] - times[0]) / (times.Count - 1);
        return new(times[0], end, samples);
    }

    /// <summary>Counts the frames of AAC in a packet, and how long they play: each has 1024 samples (ISO/IEC 14496-3, 1.A.2.2).</summary>
    private static (int Frames, double Seconds) Adts(List<byte> pes, int at)
    {
        var (frames, seconds) = (0, 0.0);
        while (at + 7 <= pes.Count && pes[at] == 0xFF && (pes[at + 1] & 0xF0) == 0xF0)
        {
            frames++;
            seconds += 1024.0 / s_sampleRates[pes[at + 2] >> 2 & 0x0F];
            at += Math.Max(7, (pes[at + 3] & 0x03) << 11 | pes[at + 4] << 3 | pes[at + 5] >> 5);
        }
        return (frames, seconds);
    }

    /// <summary>The elementary stream's packets, each put together from packets of the transport stream.</summary>
    private static IEnumerable<List<byte>> Units(byte[] segment)
    {
        var open = new Dictionary<int, List<byte>>();
        for (var at = 0; at + PacketLength <= segment.Length; at += PacketLength)
        {
            if (segment[at] != 0x47)
                throw new FormatException($"There is no packet at byte {at}.");
            var pid = (segment[at + 1] & 0x1F) << 8 | segment[at + 2];
            var from = at + ((segment[at + 3] & 0x20) != 0 ? 5 + segment[at + 4] : 4);
            if ((segment[at + 3] & 0x10) == 0 || from >= at + PacketLength)
                continue;
            if ((segment[at + 1] & 0x40) != 0)
            {
                if (open.Remove(pid, out var complete))
                    yield return complete;
                open[pid] = [];
            }
            if (open.TryGetValue(pid, out var unit))
                unit.AddRange(segment.AsSpan(from, at + PacketLength - from));
        }
        foreach (var unit in open.Values)
            yield return unit;
    }
}
