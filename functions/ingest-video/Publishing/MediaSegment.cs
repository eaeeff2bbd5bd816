using IngestVideo.Media;
using IngestVideo.Planning;

namespace IngestVideo.Publishing;

/// <summary>A published segment.</summary>
/// <param name="Name">Its file name, relative to its playlist.</param>
/// <param name="Seconds">How long it plays.</param>
/// <param name="Bytes">How large it is.</param>
public sealed record MediaSegment(string Name, double Seconds, long Bytes);

/// <summary>Bit rates of a rendition, in bits per second, as RFC 8216 (4.3.4.2) defines them.</summary>
/// <param name="Peak">Of the worst run of segments that is between half and one and a half target durations long.</param>
/// <param name="Average">Of all.</param>
public readonly record struct MeasuredBandwidth(long Peak, long Average)
{
    public static MeasuredBandwidth Of(IReadOnlyList<MediaSegment> segments)
    {
        var seconds = segments.Sum(segment => segment.Seconds);
        var average = seconds > 0 ? segments.Sum(segment => segment.Bytes) * 8 / seconds : 0;
        double target = MediaPlaylistWriter.TargetDuration(segments), peak = average;
        for (var first = 0; first < segments.Count; first++)
        {
            double run = 0, bits = 0;
            for (var last = first; last < segments.Count && run + segments[last].Seconds <= 1.5 * target; last++)
            {
                run += segments[last].Seconds;
                bits += segments[last].Bytes * 8;
                if (run >= 0.5 * target)
                    peak = Math.Max(peak, bits / run);
            }
        }
        return new((long)Math.Ceiling(peak), (long)Math.Ceiling(average));
    }

    /// <summary>What a rendition is declared to need before it can be measured: the encoder's cap, and what its buffer lets one segment have more.</summary>
    public static MeasuredBandwidth Declared(Rendition rendition, Ladder ladder)
    {
        const double burst = 1.5; // -bufsize is two seconds of the cap, in a segment of six; and packets have headers
        var average = rendition is VideoRendition video ? video.MaxBitsPerSecond : ladder.AudioKilobitsPerSecond * 1000L;
        return new((long)(burst * average), average);
    }

    /// <summary>Of two renditions that are played together.</summary>
    public MeasuredBandwidth Plus(MeasuredBandwidth other) => new(Peak + other.Peak, Average + other.Average);

    /// <summary>The larger in each respect: which of several renditions a player takes is not known.</summary>
    public static MeasuredBandwidth Larger(MeasuredBandwidth one, MeasuredBandwidth other) =>
        new(Math.Max(one.Peak, other.Peak), Math.Max(one.Average, other.Average));
}
