namespace IngestVideo.Media;

/// <summary>What we believe of a source after ffprobe looked at it.</summary>
/// <param name="Duration">How long it says it is; null when it does not say.</param>
/// <param name="Video">The picture, or null when there is only sound.</param>
/// <param name="Audio">The audio tracks, in the order of the file.</param>
/// <param name="Subtitles">The text subtitles, in the order of the file.</param>
public sealed record MediaInfo(TimeSpan? Duration, VideoTrack? Video, IReadOnlyList<AudioTrack> Audio, IReadOnlyList<SubtitleTrack> Subtitles)
{
    /// <summary>How long its streams really are; null where they could not be measured.</summary>
    public Timeline? Timeline { get; init; }

    /// <summary>The same with measured times, which count more than what the file says.</summary>
    public MediaInfo Measured(Timeline? timeline) => timeline is null ? this : this with
    {
        Timeline = timeline,
        Duration = timeline.End,
        // A sound that is announced and has no packet would become silence to the end. Where there is nothing else, ffmpeg says what is wrong.
        Audio = Audio.Where(track => timeline.Streams.ContainsKey(track.StreamIndex)).ToList() is var found && (found is not [] || Video is not null) ? found : Audio,
    };
}

/// <summary>How the picture's brightness is coded.</summary>
public enum DynamicRange
{
    Standard,
    PerceptualQuantizer,
    HybridLogGamma,
}

/// <summary>The picture of a source.</summary>
/// <param name="StreamIndex">ffmpeg's index of the stream.</param>
/// <param name="Codec">ffmpeg's name of the codec.</param>
/// <param name="Display">The size as it is meant to be seen: upright, with square pixels.</param>
/// <param name="FrameRate">Frames per second, on average.</param>
public sealed record VideoTrack(int StreamIndex, string Codec, Size Display, double FrameRate)
{
    /// <summary>ffmpeg's name of the pixel format.</summary>
    public string PixelFormat { get; init; } = "yuv420p";
    public bool Interlaced { get; init; }
    public bool Rotated { get; init; }
    public bool SquarePixels { get; init; } = true;
    public DynamicRange DynamicRange { get; init; }
    /// <summary>ffmpeg's name of the matrix that made YUV of RGB; null when the source does not say.</summary>
    public string? ColorMatrix { get; init; }
    /// <summary>ffmpeg's name of the primaries; null when the source does not say.</summary>
    public string? ColorPrimaries { get; init; }
    public bool FullRange { get; init; }

    /// <summary>Every picture stands equally long, as far as the file says.</summary>
    public bool ConstantFrameRate { get; init; }

    /// <summary>Of every picture the file says that it is whole, not half a picture on every second line; of some files nothing is known.</summary>
    public bool Progressive { get; init; }

    /// <summary>How many pictures the decoder holds back to bring them into order.</summary>
    public int ReorderedFrames { get; init; }

    /// <summary>How much later than the file the picture begins: zero, unless the sound comes first.</summary>
    public TimeSpan BeginsAfter { get; init; }
}

/// <summary>An audio track.</summary>
/// <param name="StreamIndex">ffmpeg's index of the stream.</param>
/// <param name="Language">A language tag (RFC 5646), or null when it is not known.</param>
/// <param name="Title">What the file calls it, or null.</param>
/// <param name="Channels">How many channels.</param>
/// <param name="Default">The file says to play it unless another is chosen.</param>
public sealed record AudioTrack(int StreamIndex, string? Language, string? Title, int Channels, bool Default);

/// <summary>A track of text subtitles.</summary>
public sealed record SubtitleTrack(int StreamIndex, string? Language, string? Title, bool Default, bool Forced);
