using System.Text.Json.Serialization;

namespace IngestVideo.Media;

/// <summary>One quality that is offered.</summary>
/// <param name="Name">Names its folder: lower-case letters, digits and hyphens.</param>
/// <param name="Width">The long side of the box that the picture is fitted into.</param>
/// <param name="Height">The short side of that box.</param>
/// <param name="KilobitsPerSecond">The video's peak bit rate; simple pictures need less.</param>
/// <param name="MaxFrameRate">A source with a higher frame rate is halved.</param>
public sealed record Rung(string Name, int Width, int Height, int KilobitsPerSecond, int MaxFrameRate = 60)
{
    public Size Box => new(Width, Height);
}

/// <summary>The qualities that are offered, from the smallest to the largest.</summary>
/// <param name="Rungs">The qualities.</param>
/// <param name="ConstantRateFactor">libx264's quality, which the bit rates cap: 0 is lossless, 51 the worst.</param>
/// <param name="AudioKilobitsPerSecond">What stereo sound gets.</param>
public sealed record Ladder(IReadOnlyList<Rung> Rungs, int ConstantRateFactor = 23, int AudioKilobitsPerSecond = 128)
{
    /// <summary>The H.264 ladder of Apple's HLS authoring specification (appendix on bit rates), and one step up for 2160p.</summary>
    public static Ladder Default { get; } = new(
    [
        new("234p", 416, 234, 145, MaxFrameRate: 30),
        new("360p", 640, 360, 365, MaxFrameRate: 30),
        new("432p", 768, 432, 730, MaxFrameRate: 30),
        new("540p", 960, 540, 2000),
        new("720p", 1280, 720, 3000),
        new("1080p", 1920, 1080, 6000),
        new("2160p", 3840, 2160, 16000),
    ]);

    /// <summary>Returns what is wrong with it, or null.</summary>
    internal string? FindFault()
    {
        if (Rungs is null or [] or { Count: > 12 })
            return "rungs must hold 1 to 12 qualities.";
        if (ConstantRateFactor is < 10 or > 40)
            return $"constantRateFactor is {ConstantRateFactor}; it must lie between 10 and 40.";
        if (AudioKilobitsPerSecond is < 32 or > 512)
            return $"audioKilobitsPerSecond is {AudioKilobitsPerSecond}; it must lie between 32 and 512.";
        Rung? before = null;
        foreach (var rung in Rungs)
        {
            if (rung.Name is null or "" or { Length: > 20 } || !rung.Name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
                return $"the name \"{rung.Name}\" must consist of lower-case letters, digits and hyphens.";
            if (rung.Name.Contains('-', StringComparison.Ordinal) && rung.Name.Split('-')[0] is "audio" or "subtitles" or "iframes")
                return $"the name \"{rung.Name}\" is taken by other renditions.";
            if (rung.Width < rung.Height || rung.Height is < 64 or > 4320 || rung.Width > 8192)
                return $"{rung.Name} is {rung.Width}×{rung.Height}; width must be the longer side, and height between 64 and 4320.";
            if (rung.KilobitsPerSecond is < 50 or > 100_000)
                return $"{rung.Name} has {rung.KilobitsPerSecond} kilobitsPerSecond; it must lie between 50 and 100000.";
            if (rung.MaxFrameRate is not (30 or 60))
                return $"{rung.Name} has the maxFrameRate {rung.MaxFrameRate}; it must be 30 or 60.";
            if (before is not null && (rung.Height <= before.Height || rung.Width <= before.Width
                || rung.KilobitsPerSecond <= before.KilobitsPerSecond || rung.MaxFrameRate < before.MaxFrameRate))
                return $"{rung.Name} must be larger than {before.Name} before it, in size and bit rate.";
            before = rung;
        }
        return null;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(Ladder))]
internal sealed partial class LadderJson : JsonSerializerContext;
