using IngestVideo.Media;

namespace IngestVideo.Planning;

/// <summary>One stream of the result: a folder with a media playlist and its segments.</summary>
/// <param name="Name">The folder.</param>
public abstract record Rendition(string Name);

/// <summary>The picture in one quality.</summary>
/// <param name="Name">The folder, and the quality's name.</param>
/// <param name="Size">In square pixels.</param>
/// <param name="FrameRate">Constant.</param>
/// <param name="MaxBitsPerSecond">The cap; the mean is below.</param>
/// <param name="KeyframeInterval">Frames from one IDR to the next.</param>
public sealed record VideoRendition(string Name, Size Size, FrameRate FrameRate, long MaxBitsPerSecond, int KeyframeInterval) : Rendition(Name)
{
    /// <summary>The source's own packets, as they are.</summary>
    public bool Copied { get; init; }

    /// <summary>How many pictures it has of a stretch of the plan's: all of them, or every second one from the first on.</summary>
    public int Pictures(TranscodePlan plan, int first, int end) => FrameRate == plan.FrameRate ? end - first : (end - first + 1) / 2;
}

/// <summary>One audio track, as AAC: stereo, unless it is copied.</summary>
/// <param name="Name">The folder.</param>
/// <param name="Label">The name in a player's menu.</param>
/// <param name="Track">Where it comes from.</param>
/// <param name="Default">Whether players select it by default.</param>
public sealed record AudioRendition(string Name, string Label, AudioTrack Track, bool Default) : Rendition(Name)
{
    /// <summary>The source's own packets, as they are.</summary>
    public bool Copied { get; init; }

    /// <summary>How many channels come out.</summary>
    public int Channels => Copied ? Track.Channels : 2;
}

/// <summary>One track of text subtitles, as WebVTT.</summary>
public sealed record SubtitleRendition(string Name, string Label, SubtitleTrack Track, bool Default) : Rendition(Name);

/// <summary>The keyframes of a rendition, each its own segment: for scrubbing.</summary>
/// <param name="Name">The folder.</param>
/// <param name="Of">The rendition of the keyframes.</param>
public sealed record IFrameRendition(string Name, VideoRendition Of) : Rendition(Name);

/// <summary>One picture, to be shown before the video plays: the last keyframe of a rendition up to a time.</summary>
public sealed record Poster(VideoRendition Of, TimeSpan At)
{
    /// <summary>How many pictures of its rendition come from a picture of the plan's rate on, up to its own; none where it comes before.</summary>
    public int PicturesUntil(TranscodePlan plan, int first) =>
        (int)Math.Floor(At.TotalSeconds * Of.FrameRate.PerSecond) + 1 - Of.Pictures(plan, 0, first);
}

/// <summary>The keyframes of a rendition, small, tiled into sprites.</summary>
/// <param name="Of">The rendition of the keyframes.</param>
/// <param name="Tile">The size of one picture.</param>
/// <param name="Every">Takes every n-th keyframe.</param>
public sealed record Storyboard(VideoRendition Of, Size Tile, int Every)
{
    /// <summary>Tiles in a row, and rows in a sprite.</summary>
    public const int Columns = 5, Rows = 5;
}
