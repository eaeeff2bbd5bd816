using System.Globalization;
using Reelseal;

namespace IngestVideo.Status;

/// <summary>A place in the list of videos. Its text is the part of <see cref="ObjectKeys.Listing"/> after the prefix, and sorts as the list does.</summary>
public readonly record struct ListedVideo(VideoId Video, DateTimeOffset Created)
{
    private const int Digits = 19;

    public override string ToString() => ObjectKeys.Listing(Video, Created)[ObjectKeys.ListingPrefix.Length..];

    public static bool TryParse(string text, out ListedVideo listed)
    {
        listed = default;
        if (text.Length != Digits + 1 + VideoId.TextLength || text[Digits] != '.'
            || !long.TryParse(text.AsSpan(0, Digits), NumberStyles.None, CultureInfo.InvariantCulture, out var backwards)
            || long.MaxValue - backwards > DateTimeOffset.MaxValue.Ticks
            || !VideoId.TryParse(text[(Digits + 1)..], provider: null, out var video))
            return false;
        listed = new(video, new(long.MaxValue - backwards, TimeSpan.Zero));
        return true;
    }
}
