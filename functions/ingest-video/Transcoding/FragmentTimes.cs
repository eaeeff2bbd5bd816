using System.Buffers.Binary;

namespace IngestVideo.Transcoding;

/// <summary>
/// Makes the composition offsets of MP4 fragments positive. Ours are negative for pictures that are shown before others are decoded, and ffmpeg reads such
/// pictures late: each by the lowest offset that it has come across so far.
/// </summary>
internal static class FragmentTimes
{
    private const int HeaderBytes = 8;
    private const int LargestFragment = 64 << 20;

    /// <summary>
    /// Lowers all decoding times as far as the lowest offset is negative, and raises all offsets as much. No picture is shown at another time.
    /// </summary>
    /// <param name="file">An init section, and fragments of one track.</param>
    public static void MakePositive(Stream file)
    {
        var lowest = 0;
        Visit(file, moof =>
        {
            foreach (var at in new Fragment(moof).Offsets)
                lowest = Math.Min(lowest, BinaryPrimitives.ReadInt32BigEndian(moof.AsSpan(at)));
            return false;
        });
        if (lowest < 0)
            Visit(file, moof => TryShift(moof, -lowest));
    }

    /// <returns>false where the fragment has no offsets, and so nothing was changed.</returns>
    private static bool TryShift(byte[] moof, int by)
    {
        var fragment = new Fragment(moof);
        if (fragment.Offsets is [] || fragment.DecodingTime is not { } time)
            return false;
        if (fragment.IsLongTime)
            BinaryPrimitives.WriteInt64BigEndian(moof.AsSpan(time), BinaryPrimitives.ReadInt64BigEndian(moof.AsSpan(time)) - by);
        else
            BinaryPrimitives.WriteInt32BigEndian(moof.AsSpan(time), BinaryPrimitives.ReadInt32BigEndian(moof.AsSpan(time)) - by);
        foreach (var at in fragment.Offsets)
            BinaryPrimitives.WriteInt32BigEndian(moof.AsSpan(at), BinaryPrimitives.ReadInt32BigEndian(moof.AsSpan(at)) + by);
        return true;
    }

    /// <summary>Hands out each <c>moof</c> box; one that was changed is written back.</summary>
    private static void Visit(Stream file, Func<byte[], bool> change)
    {
        var header = new byte[HeaderBytes];
        for (long at = 0; at < file.Length;)
        {
            file.Position = at;
            file.ReadExactly(header);
            long size = BinaryPrimitives.ReadUInt32BigEndian(header);
            if (size < HeaderBytes)
                throw new InvalidDataException($"The box at byte {at} of our own segments has {size} bytes.");
            if (header.AsSpan(4).SequenceEqual("moof"u8))
            {
                if (size > LargestFragment)
                    throw new InvalidDataException($"The description of the fragment at byte {at} of our own segments has {size} bytes.");
                var moof = new byte[size];
                file.Position = at;
                file.ReadExactly(moof);
                if (change(moof))
                {
                    file.Position = at;
                    file.Write(moof);
                }
            }
            at += size;
        }
    }

    /// <summary>Where a fragment's times stand (ISO/IEC 14496-12, 8.8).</summary>
    private sealed class Fragment
    {
        public Fragment(byte[] moof) => Read(moof, HeaderBytes, moof.Length);

        /// <summary>Where the decoding time of its first sample stands.</summary>
        public int? DecodingTime { get; private set; }

        /// <summary>Whether that has 64 bits.</summary>
        public bool IsLongTime { get; private set; }

        /// <summary>Where the composition offsets stand.</summary>
        public List<int> Offsets { get; } = [];

        private void Read(byte[] moof, int from, int to)
        {
            while (from + HeaderBytes < to)
            {
                var size = BinaryPrimitives.ReadInt32BigEndian(moof.AsSpan(from));
                if (size < HeaderBytes || size > to - from)
                    throw new InvalidDataException("A fragment of our own segments has a box that does not fit into it.");
                var type = moof.AsSpan(from + 4, 4);
                var content = from + HeaderBytes;
                if (type.SequenceEqual("traf"u8))
                    Read(moof, content, from + size);
                else if (type.SequenceEqual("tfdt"u8))
                    (DecodingTime, IsLongTime) = (content + 4, moof[content] == 1);
                else if (type.SequenceEqual("trun"u8))
                    ReadRun(moof, content);
                from += size;
            }
        }

        /// <summary>Reads a <c>trun</c> box: which fields its samples have is in its flags.</summary>
        private void ReadRun(byte[] moof, int content)
        {
            const int dataOffset = 0x1, firstSampleFlags = 0x4, duration = 0x100, length = 0x200, sampleFlags = 0x400, compositionOffset = 0x800;
            var flags = BinaryPrimitives.ReadInt32BigEndian(moof.AsSpan(content)) & 0xFFFFFF;
            if (!Has(compositionOffset))
                return;
            var count = BinaryPrimitives.ReadInt32BigEndian(moof.AsSpan(content + 4));
            var before = Bytes(duration) + Bytes(length) + Bytes(sampleFlags);
            var at = content + 8 + Bytes(dataOffset) + Bytes(firstSampleFlags) + before;
            for (; count > 0; count--, at += before + 4)
                Offsets.Add(at);

            bool Has(int flag) => (flags & flag) != 0;

            int Bytes(int flag) => Has(flag) ? 4 : 0;
        }
    }
}
