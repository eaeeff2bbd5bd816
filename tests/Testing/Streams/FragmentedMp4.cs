using System.Buffers.Binary;

namespace Reelseal.Testing.Streams;

/// <summary>
/// Reads the presentation times of a segment of fragmented MP4 with one track by its boxes (ISO/IEC 14496-12): ffmpeg and players differ in what they make of
/// edit lists.
/// </summary>
internal static class FragmentedMp4
{
    public static SegmentTimes Read(byte[] segment, byte[] init)
    {
        var media = Find(init, "moov", "trak", "mdia", "mdhd").Single();
        double unit = UInt(media, media[0] == 1 ? 20 : 12);
        var standard = Find(init, "moov", "mvex", "trex").Single();
        var (start, end, samples) = (double.PositiveInfinity, double.NegativeInfinity, 0);
        foreach (var fragment in Find(segment, "moof", "traf"))
        {
            var header = Find(fragment, "tfhd").Single();
            var flags = UInt(header, 0) & 0xFFFFFF;
            var duration = (flags & 0x08) != 0 ? UInt(header, 8 + ((flags & 0x01) != 0 ? 8 : 0) + ((flags & 0x02) != 0 ? 4 : 0)) : UInt(standard, 12);
            var decodeTime = Find(fragment, "tfdt").Single();
            double time = decodeTime[0] == 1 ? BinaryPrimitives.ReadUInt64BigEndian(decodeTime.AsSpan(4)) : UInt(decodeTime, 4);
            foreach (var run in Find(fragment, "trun"))
            {
                var fields = UInt(run, 0) & 0xFFFFFF;
                var at = 8 + ((fields & 0x01) != 0 ? 4 : 0) + ((fields & 0x04) != 0 ? 4 : 0);
                for (var left = UInt(run, 4); left > 0; left--, samples++)
                {
                    var length = (fields & 0x100) != 0 ? UInt(run, at) : duration;
                    at += ((fields & 0x100) != 0 ? 4 : 0) + ((fields & 0x200) != 0 ? 4 : 0) + ((fields & 0x400) != 0 ? 4 : 0);
                    var shift = (fields & 0x800) == 0 ? 0 : run[0] == 0 ? UInt(run, at) : (double)BinaryPrimitives.ReadInt32BigEndian(run.AsSpan(at));
                    at += (fields & 0x800) != 0 ? 4 : 0;
                    start = Math.Min(start, time + shift);
                    end = Math.Max(end, time + shift + length);
                    time += length;
                }
            }
        }
        return samples > 0 ? new(start / unit, end / unit, samples) : throw new FormatException("The segment holds no sample.");
    }

    /// <summary>Whether an edit list moves the times: players differ in whether they heed it.</summary>
    public static bool HasEdits(byte[] init) => Find(init, "moov", "trak", "edts", "elst").Any();

    private static uint UInt(byte[] bytes, int at) => BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at));

    /// <summary>The contents of all boxes of a path.</summary>
    private static IEnumerable<byte[]> Find(byte[] bytes, params string[] path)
    {
        for (long at = 0; at + 8 <= bytes.Length;)
        {
            long size = UInt(bytes, (int)at);
            var header = 8;
            if (size == 1)
                (size, header) = (BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan((int)at + 8)), 16);
            if (size < header || at + size > bytes.Length)
                throw new FormatException($"A box at byte {at} is {size} bytes long, which cannot be.");
            if (System.Text.Encoding.ASCII.GetString(bytes, (int)at + 4, 4) == path[0])
            {
                var content = bytes[(int)(at + header)..(int)(at + size)];
                foreach (var box in path.Length == 1 ? [content] : Find(content, path[1..]))
                    yield return box;
            }
            at += size;
        }
    }
}
