using IngestVideo.Probing;

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
public sealed record VideoRendition(string Name, Size Size, FrameRate FrameRate, long MaxBitsPerSecond, int KeyframeInterval) : Rendition(Name);

/// <summary>One audio track, as stereo AAC.</summary>
/// <param name="Name">The folder.</param>
/// <param name="Label">What a player's menu says.</param>
/// <param name="Track">Where it comes from.</param>
/// <param name="Default">Played unless another is chosen.</param>
public sealed record AudioRendition(string Name, string Label, AudioTrack Track, bool Default) : Rendition(Name);

/// <summary>One track of text subtitles, as WebVTT.</summary>
public sealed record SubtitleRendition(string Name, string Label, SubtitleTrack Track, bool Default) : Rendition(Name);

/// <summary>A picture every <see cref="TranscodePlan.KeyframeDuration"/>, each its own segment: for scrubbing.</summary>
public sealed record IFrameRendition(string Name, Size Size) : Rendition(Name);

/// <summary>One picture, to be shown before the video plays.</summary>
/// <param name="Size">In square pixels.</param>
/// <param name="At">Where in the video it is taken.</param>
public sealed record Poster(Size Size, TimeSpan At);

/// <summary>Small pictures of the whole video, tiled into sprites.</summary>
/// <param name="Tile">The size of one picture.</param>
/// <param name="KeyframesPerTile">How many <see cref="TranscodePlan.KeyframeDuration"/> lie from one to the next.</param>
public sealed record Storyboard(Size Tile, int KeyframesPerTile)
{
    /// <summary>Tiles in a row, and rows in a sprite.</summary>
    public const int Columns = 5, Rows = 5;
}
