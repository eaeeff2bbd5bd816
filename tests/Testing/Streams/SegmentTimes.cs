namespace Reelseal.Testing.Streams;

/// <summary>The times of a segment's samples (pictures, or frames of sound) as they stand in the file, in seconds.</summary>
/// <param name="Start">When the first sample is presented.</param>
/// <param name="End">When the last one ends; NaN where the format does not say how long a sample lasts and there is only one.</param>
/// <param name="Samples">How many there are.</param>
public sealed record SegmentTimes(double Start, double End, int Samples)
{
    /// <summary>Reads a segment of either format: a transport stream begins with the byte 0x47, anything else is fragmented MP4.</summary>
    /// <param name="segment">The file.</param>
    /// <param name="initSection">The init section of fragmented MP4.</param>
    /// <exception cref="FormatException">The segment holds no sample.</exception>
    public static SegmentTimes Read(byte[] segment, byte[]? initSection) =>
        segment is [0x47, ..]
            ? TransportStream.Read(segment)
            : FragmentedMp4.Read(segment, initSection ?? throw new FormatException("The playlist names no init section."));
}
