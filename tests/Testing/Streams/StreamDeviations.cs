namespace Reelseal.Testing.Streams;

/// <summary>Finds what is wrong with a published stream, whatever it was made of: all that can be measured in its files, without decoding.</summary>
public static class StreamDeviations
{
    private const double AacFrame = 1024 / 48000.0;

    /// <summary>Rounding in the units of time of containers and playlists.</summary>
    private const double Rounding = 0.005;

    /// <summary>Each deviation in a sentence; none where all is right.</summary>
    public static IReadOnlyList<string> Find(StoredVideo stream)
    {
        List<StoredRendition> pictures = [.. stream.Pictures], sounds = [.. stream.Sounds.Count > 0 ? stream.Sounds : stream.Variants.Except(pictures)];
        return
        [
            .. Durations([.. pictures, .. sounds], Frame(pictures)), .. Cuts(pictures),
            .. pictures.Concat(sounds).SelectMany(Playlist), .. stream.Frames.SelectMany(IFrames),
            .. stream.Variants.SelectMany(variant => Bandwidth(variant, sounds)),
        ];
    }

    /// <summary>A picture of the slowest rendition, or a frame of sound, whichever is longer: what no format can divide.</summary>
    public static double Frame(IEnumerable<StoredRendition> pictures) =>
        pictures.Select(picture => 1 / picture.FrameRate!.Value).Append(AacFrame).Max() + Rounding;

    /// <summary>Every rendition covers the same time to within a frame.</summary>
    private static IEnumerable<string> Durations(List<StoredRendition> renditions, double frame)
    {
        foreach (var rendition in renditions)
        {
            // Sound begins with a frame of its encoder's delay, in which nothing is heard.
            if (Math.Abs(rendition.Start - renditions[0].Start) > frame + AacFrame)
                yield return Text($"{rendition.Name} begins at {rendition.Start:0.000}, {renditions[0].Name} at {renditions[0].Start:0.000}.");
            if (Math.Abs(rendition.End - renditions[0].End) > frame)
                yield return Text($"{rendition.Name} ends at {rendition.End:0.000}, {renditions[0].Name} at {renditions[0].End:0.000}.");
        }
    }

    /// <summary>All pictures are cut at the same moments.</summary>
    private static IEnumerable<string> Cuts(List<StoredRendition> pictures)
    {
        foreach (var picture in pictures.Skip(1))
        {
            if (picture.Segments.Count != pictures[0].Segments.Count)
                yield return Text($"{picture.Name} has {picture.Segments.Count} segments, {pictures[0].Name} has {pictures[0].Segments.Count}.");
            else if (picture.Segments.Zip(pictures[0].Segments).FirstOrDefault(Differ) is { First: { } cut, Second: var other })
                yield return Text($"{picture.Name} is cut at {cut.Times.Start:0.000}, {pictures[0].Name} at {other.Times.Start:0.000}.");
        }
    }

    private static bool Differ((StoredSegment First, StoredSegment Second) cuts) => Math.Abs(cuts.First.Times.Start - cuts.Second.Times.Start) > Rounding;

    /// <summary>What a media playlist says is what its segments hold.</summary>
    private static IEnumerable<string> Playlist(StoredRendition rendition)
    {
        var longest = rendition.Segments.Max(segment => segment.Seconds);
        var target = Math.Max(1, (int)Math.Round(longest, MidpointRounding.AwayFromZero));
        // Of a playlist that grew it was stated before the last segment was known, which may be longer by half a second.
        if (rendition.Playlist.TargetDuration != target && (rendition.Playlist.PlaylistType != "EVENT" || rendition.Playlist.TargetDuration != target + 1))
            yield return Text($"{rendition.Name}: the target duration is {rendition.Playlist.TargetDuration}, the longest segment {longest:0.000}.");
        if (!rendition.Playlist.EndList)
            yield return $"{rendition.Name}: the playlist has no end.";
        if (rendition.Segments is [_, .., { Seconds: < 0.5 } tail])
            yield return Text($"{rendition.Name}: the last segment plays only {tail.Seconds:0.000} s.");
        foreach (var (index, segment) in rendition.Segments.Index())
        {
            var end = index + 1 < rendition.Segments.Count ? rendition.Segments[index + 1].Times.Start : rendition.End;
            if (Math.Abs(end - segment.Times.Start - segment.Seconds) > AacFrame + Rounding)
                yield return Text($"{rendition.Name}, segment {index}: EXTINF is {segment.Seconds:0.000}, it plays {end - segment.Times.Start:0.000}.");
        }
        if (rendition.InitSection is not null && FragmentedMp4.HasEdits(File.ReadAllBytes(rendition.InitSection)))
            yield return $"{rendition.Name}: an edit list moves its times.";
    }

    /// <summary>Every segment of an I-frame playlist is one picture.</summary>
    private static IEnumerable<string> IFrames(StoredRendition rendition) =>
        rendition.Segments.Any(segment => segment.Times.Samples != 1) ? [$"{rendition.Name}: a segment holds more than one picture."] : [];

    /// <summary>BANDWIDTH is the peak, AVERAGE-BANDWIDTH the mean, of the variant and the largest of its sounds (RFC 8216, 4.3.4.2).</summary>
    private static IEnumerable<string> Bandwidth(StoredRendition variant, List<StoredRendition> sounds)
    {
        List<StoredRendition> heard = sounds.Exists(sound => sound.Name == variant.Name) ? [] : sounds; // sound alone: one of them is played
        var mean = Mean(variant) + heard.Select(Mean).DefaultIfEmpty().Max();
        var least = Peak(variant, 0.5) + heard.Select(sound => Peak(sound, 0.5)).DefaultIfEmpty().Max();
        var most = Peak(variant, 0) + heard.Select(sound => Peak(sound, 0)).DefaultIfEmpty().Max();
        if (variant.Bandwidth is { } peak && (peak < 0.99 * least - 2 || peak > 1.01 * Math.Max(most, mean) + 2))
            yield return Text($"{variant.Name}: BANDWIDTH is {peak}, measured are {least:0} to {most:0}.");
        if (variant.AverageBandwidth is { } average && Math.Abs(average - mean) > 0.01 * mean + 2)
            yield return Text($"{variant.Name}: AVERAGE-BANDWIDTH is {average}, measured are {mean:0}.");
    }

    private static double Mean(StoredRendition rendition) => rendition.Segments.Sum(segment => segment.Bytes * 8.0) / rendition.Seconds;

    /// <summary>Bits a second of the heaviest segment of those that are at least as long as a part of the target duration.</summary>
    private static double Peak(StoredRendition rendition, double part) =>
        rendition.Segments.Where(segment => segment.Seconds >= part * rendition.Playlist.TargetDuration)
            .Select(segment => segment.Bytes * 8 / segment.Seconds).DefaultIfEmpty().Max();

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
