namespace IngestVideo.Media;

/// <summary>When the streams of a source begin and end, by their packets, counted from the first moment of the file.</summary>
/// <remarks>It is the clock that ffmpeg decodes by, with the jumps of a transport stream's clock taken out; what a header announces plays no part.</remarks>
/// <param name="Streams">By ffmpeg's index of the stream; a stream without packets is missing.</param>
public sealed record Timeline(IReadOnlyDictionary<int, StreamSpan> Streams)
{
    /// <summary>A packet is not whole.</summary>
    public bool IsIncomplete { get; init; }

    /// <summary>
    /// How many pictures a second there are while it moves: the rate of the usual distance between two. null where there is no picture, or too few.
    /// A shared screen has thirty while something happens, and stands still for minutes.
    /// </summary>
    public double? PictureRate { get; init; }

    /// <summary>When the time begins again: what follows cannot be shown. null where it does not.</summary>
    public TimeSpan? RepeatedFrom { get; init; }

    /// <summary>Pictures and sounds that begin later than where ffmpeg stops looking for streams: nothing else is known of them.</summary>
    public IReadOnlyList<LateTrack> LateTracks { get; init; } = [];

    /// <summary>When the last stream ends.</summary>
    public TimeSpan End => Streams.Values.Select(span => span.End).DefaultIfEmpty().Max();
}

/// <summary>A stream that was found too late.</summary>
/// <param name="Kind"><c>video</c> or <c>audio</c>.</param>
/// <param name="StreamIndex">ffmpeg's index of the stream.</param>
public readonly record struct LateTrack(string Kind, int StreamIndex);

/// <summary>When a stream begins and ends.</summary>
/// <param name="Start">The least presentation time; negative for packets that are decoded and not shown.</param>
/// <param name="End">The end of the packet that is shown last.</param>
/// <param name="HasPresentationTimes">Packets say when they are shown. In AVI they only say when they are decoded.</param>
public readonly record struct StreamSpan(TimeSpan Start, TimeSpan End, bool HasPresentationTimes)
{
    /// <summary>Each packet begins where the one before it ends, and all but the last are equally long.</summary>
    public bool IsContinuous { get; init; }

    /// <summary>How long all of its packets are together, as far as they say: less than from start to end where there are gaps.</summary>
    public TimeSpan Content { get; init; }
}
