using Reelseal.Playlists;

namespace Reelseal.Testing.Streams;

/// <summary>A published video in a folder, read as a player reads it: from its multivariant playlist.</summary>
/// <param name="Variants">Variant streams, in order.</param>
/// <param name="Sounds">Audio renditions with files of their own, in order.</param>
/// <param name="Frames">I-frame playlists.</param>
public sealed record StoredVideo(IReadOnlyList<StoredRendition> Variants, IReadOnlyList<StoredRendition> Sounds, IReadOnlyList<StoredRendition> Frames)
{
    /// <summary>The variant streams that have a picture.</summary>
    public IEnumerable<StoredRendition> Pictures => Variants.Where(variant => variant.Resolution is not null);

    /// <param name="multivariant">The file of the multivariant playlist.</param>
    /// <exception cref="FormatException">A playlist or a segment cannot be read.</exception>
    public static StoredVideo Read(string multivariant)
    {
        var folder = Path.GetDirectoryName(multivariant)!;
        var playlist = MultivariantPlaylist.Read(File.ReadAllText(multivariant));
        return new(
            [.. playlist.StreamInf.Select(variant => StoredRendition.Read(folder, variant.Uri) with
            {
                Bandwidth = variant.Bandwidth, AverageBandwidth = variant.AverageBandwidth, Codecs = variant.Codecs, Resolution = variant.Resolution,
                    FrameRate = variant.FrameRate,
            })],
            [.. playlist.Media.Where(media => media is { Type: "AUDIO", Uri: not null }).Select(media => StoredRendition.Read(folder, media.Uri!))],
            [.. playlist.IFrameStreamInf.Select(frames => StoredRendition.Read(folder, frames.Uri) with
            {
                Bandwidth = frames.Bandwidth, AverageBandwidth = frames.AverageBandwidth, Codecs = frames.Codecs, Resolution = frames.Resolution,
            })]);
    }
}

/// <summary>A media playlist and its segments.</summary>
/// <param name="Name">The folder.</param>
/// <param name="Playlist">The media playlist.</param>
/// <param name="InitSection">The file of EXT-X-MAP, or null.</param>
/// <param name="Segments">In order; at least one.</param>
public sealed record StoredRendition(string Name, MediaPlaylist Playlist, string? InitSection, IReadOnlyList<StoredSegment> Segments)
{
    /// <summary>BANDWIDTH of the multivariant playlist; null for sounds, as are the others.</summary>
    public long? Bandwidth { get; init; }

    public long? AverageBandwidth { get; init; }

    public string? Codecs { get; init; }

    public string? Resolution { get; init; }

    public double? FrameRate { get; init; }

    /// <summary>When the first sample is presented.</summary>
    public double Start => Segments[0].Times.Start;

    /// <summary>When the last one ends.</summary>
    public double End => double.IsNaN(Segments[^1].Times.End) ? Segments[^1].Times.Start + Segments[^1].Seconds : Segments[^1].Times.End;

    /// <summary>What all <c>EXTINF</c> add up to.</summary>
    public double Seconds => Segments.Sum(segment => segment.Seconds);

    /// <summary>A URL under which ffmpeg reads all segments as one file.</summary>
    public string Joined => "concat:" + string.Join('|', Segments.Select(segment => segment.Path).Prepend(InitSection).OfType<string>());

    internal static StoredRendition Read(string folder, string uri)
    {
        var path = Path.Combine(folder, uri);
        var beside = Path.GetDirectoryName(path)!;
        var playlist = MediaPlaylist.Read(File.ReadAllText(path));
        if (playlist.Segments is not [{ Map: var map }, ..])
            throw new FormatException($"{uri} names no segment.");
        var init = map is null ? null : Path.Combine(beside, map);
        var initSection = init is null ? null : File.ReadAllBytes(init);
        return new(
            Path.GetFileName(beside), playlist, init,
            [.. playlist.Segments.Select(segment => StoredSegment.Read(Path.Combine(beside, segment.Uri), segment.Duration, initSection))]);
    }
}

/// <summary>A segment.</summary>
/// <param name="Path">Its file.</param>
/// <param name="Seconds">Its EXTINF.</param>
/// <param name="Bytes">How large it is.</param>
/// <param name="Times">When its samples are presented.</param>
public sealed record StoredSegment(string Path, double Seconds, long Bytes, SegmentTimes Times)
{
    internal static StoredSegment Read(string path, double seconds, byte[]? init)
    {
        var bytes = File.ReadAllBytes(path);
        try
        {
            return new(path, seconds, bytes.Length, SegmentTimes.Read(bytes, init));
        }
        catch (FormatException e)
        {
            throw new FormatException($"{path}: {e.Message}", e);
        }
    }
}
