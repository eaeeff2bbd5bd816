namespace IngestVideo.Media;

/// <summary>What we believe of a source after ffprobe looked at it.</summary>
/// <param name="Duration">How long it says it is; null when it does not say.</param>
/// <param name="Video">The picture, or null when there is only sound.</param>
/// <param name="Audio">The audio tracks, in the order of the file.</param>
/// <param name="Subtitles">The text subtitles, in the order of the file.</param>
public sealed record MediaInfo(TimeSpan? Duration, VideoTrack? Video, IReadOnlyList<AudioTrack> Audio, IReadOnlyList<SubtitleTrack> Subtitles)
{
    /// <summary>How many tracks of sound, and of subtitles, are published. No film has more, and each costs an encoder.</summary>
    public const int MaxTracks = 16;

    /// <summary>How many chapters are published.</summary>
    public const int MaxChapters = 1000;

    /// <summary>By how much the usual rate exceeds the mean where the rate varies: more than in a film of 24 pictures at a television's 30.</summary>
    private const double VariableRate = 1.3;

    /// <summary>The title in the file's own tags, as written, or null.</summary>
    public string? Title { get; init; }

    /// <summary>The chapters, in the order of time; none or several.</summary>
    public IReadOnlyList<Chapter> Chapters { get; init; } = [];

    /// <summary>The tracks that are not published. Data and attachments are not counted among them.</summary>
    public IReadOnlyList<SkippedTrack> Skipped { get; init; } = [];

    /// <summary>There is a sound of which nothing is known: its first packet comes late.</summary>
    public bool HasUnknownSound { get; init; }

    /// <summary>How long its streams really are; null where they could not be measured.</summary>
    public Timeline? Timeline { get; init; }

    /// <summary>The same with measured times, which count more than what the file says.</summary>
    public MediaInfo Measured(Timeline? timeline)
    {
        if (timeline is null)
            return this;
        // A sound that is announced and has no packet would become silence to the end. Where there is nothing else, ffmpeg says what is wrong.
        var heard = Audio.Where(track => timeline.Streams.ContainsKey(track.StreamIndex)).ToList();
        var empty = heard is [] && Video is null ? [] : Audio.Except(heard).ToList();
        return this with
        {
            Timeline = timeline,
            Duration = timeline.End,
            Video = Video is { } video && timeline.PictureRate is { } rate
                && (video.FrameRateIsAssumed || (!video.Interlaced && rate > VariableRate * video.FrameRate)) ? video with { FrameRate = rate } : Video,
            Audio = [.. Audio.Except(empty)],
            Skipped = [.. Skipped, .. empty.Select(track => new SkippedTrack("audio", track.StreamIndex, track.Codec, track.Language, "The track is empty."))],
        };
    }
}

/// <summary>How the picture's brightness is coded.</summary>
public enum DynamicRange
{
    Standard,
    PerceptualQuantizer,
    HybridLogGamma,
}

/// <summary>The turn that makes a picture upright.</summary>
public enum Turn
{
    None,
    Clockwise,
    Half,
    Counterclockwise,

    /// <summary>Mirrored, or by another angle.</summary>
    Other,
}

/// <summary>The picture of a source.</summary>
/// <param name="StreamIndex">ffmpeg's index of the stream.</param>
/// <param name="Codec">ffmpeg's name of the codec.</param>
/// <param name="Display">The size as it is meant to be seen: upright, with square pixels.</param>
/// <param name="FrameRate">Frames per second, on average; of a rate that varies much, while it moves.</param>
public sealed record VideoTrack(int StreamIndex, string Codec, Size Display, double FrameRate)
{
    /// <summary>ffmpeg's name of the pixel format.</summary>
    public string PixelFormat { get; init; } = "yuv420p";
    public bool Interlaced { get; init; }

    /// <summary>Which half of an interlaced picture is seen first, where pictures do not say it themselves.</summary>
    public bool? BottomFieldFirst { get; init; }

    /// <summary>Its shape changes on the way: <see cref="Display"/> is a frame that holds all, and bars fill the rest.</summary>
    public bool ShapeChanges { get; init; }
    public bool Rotated { get; init; }

    /// <summary>The turn that makes it upright.</summary>
    public Turn Turn { get; init; }

    /// <summary>Its size changes on the way, with or without its shape.</summary>
    public bool SizeChanges { get; init; }
    public bool SquarePixels { get; init; } = true;
    public DynamicRange DynamicRange { get; init; }
    /// <summary>ffmpeg's name of the matrix that made YUV of RGB; null when the source does not say.</summary>
    public string? ColorMatrix { get; init; }
    /// <summary>ffmpeg's name of the primaries; null when the source does not say.</summary>
    public string? ColorPrimaries { get; init; }
    public bool FullRange { get; init; }

    /// <summary>The frame rate is only assumed: that of the packets counts.</summary>
    public bool FrameRateIsAssumed { get; init; }

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
public sealed record AudioTrack(int StreamIndex, string? Language, string? Title, int Channels, bool Default)
{
    /// <summary>ffmpeg's name of the codec.</summary>
    public string Codec { get; init; } = "";

    /// <summary>ffmpeg's name of the codec's profile, or null.</summary>
    public string? Profile { get; init; }

    /// <summary>Samples a second; zero where the file does not say.</summary>
    public int SampleRate { get; init; }

    /// <summary>Bits a second; zero where the file does not say.</summary>
    public long BitsPerSecond { get; init; }
}

/// <summary>A track of text subtitles.</summary>
public sealed record SubtitleTrack(int StreamIndex, string? Language, string? Title, bool Default, bool Forced);
