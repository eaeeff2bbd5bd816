using IngestVideo.Planning;
using IngestVideo.Publishing;

namespace IngestVideo.Tests.Publishing;

/// <summary>Which last segments are joined to the one before.</summary>
public sealed class ShortTailsTests
{
    [Theory]
    [InlineData("6 6", "6 6", "6.016 5.995", "")]
    [InlineData("6 6 0.48", "6 6 0.52", "6.016 5.995 0.51", "large small sound")] // together, or they would be cut differently
    [InlineData("6 6", "6 6", "6.016 5.995 0.021", "sound")]
    [InlineData("6 6 0.5", "6 6 0.5", "6.016 5.995 0.49", "sound")]
    [InlineData("5 8 0.4", "5 8 0.4", "6 6 1.4", "large small")] // beside a copy, sound is cut by itself
    [InlineData("0.2", "0.2", "0.2", "")]
    public void Tails_under_half_a_second_are_joined(string large, string small, string sound, string joined)
    {
        (Rendition Rendition, IReadOnlyList<(string Name, double Seconds)> Segments)[] cuts =
        [
            (new VideoRendition("large", new(320, 180), new(60, 1), 1, 120), Segments(large)),
                (new VideoRendition("small", new(160, 90), new(30, 1), 1, 60), Segments(small)),
            (new AudioRendition("sound", "", new(1, null, null, 2, Default: true), Default: true), Segments(sound)),
        ];

        Assert.Equal(joined, string.Join(' ', ShortTails.Choose(cuts).Select(rendition => rendition.Name)));
    }

    [Theory]
    [InlineData("6 6 0.51", 3, "")]
    [InlineData("6 6 0.51", 2, "sound")] // the tail of the picture was shorter, and was joined
    [InlineData("6 6 0.49", 3, "sound")]
    public void A_sound_beside_pictures_of_other_replicas_has_no_segment_more_than_these(string sound, int pictures, string joined)
    {
        (Rendition Rendition, IReadOnlyList<(string Name, double Seconds)> Segments)[] cuts =
            [(new AudioRendition("sound", "", new(1, null, null, 2, Default: true), Default: true), Segments(sound))];
        Assert.Equal(joined, string.Join(' ', ShortTails.Choose(cuts, pictures).Select(rendition => rendition.Name)));
    }

    private static List<(string Name, double Seconds)> Segments(string seconds) =>
        [.. seconds.Split(' ').Select((text, index) => ($"{index}.ts", double.Parse(text, System.Globalization.CultureInfo.InvariantCulture)))];
}
