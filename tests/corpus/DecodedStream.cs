using System.Globalization;
using System.Text;
using Reelseal.Testing;
using Reelseal.Testing.Streams;

namespace Reelseal.Corpus;

/// <summary>Decodes what was published, and compares it with the source as ffmpeg decodes that.</summary>
internal static class DecodedStream
{
    /// <summary>How far a published stream may fall short of what can be decoded of its source, in seconds.</summary>
    private const double MayBeMissing = 0.2;

    /// <summary>How far picture and sound may be apart, in seconds: one picture and a half at 25 a second.</summary>
    private const double MayBeApart = 0.06;

    /// <param name="stream">What was published.</param>
    /// <param name="source">The file that it was made of.</param>
    /// <param name="skipped">ffmpeg's indexes of the sounds that were left out: the status says so.</param>
    public static async Task<IReadOnlyList<string>> FindDeviationsAsync(StoredVideo stream, string source, IReadOnlyList<int> skipped)
    {
        var deviations = new List<string>();
        foreach (var rendition in stream.Variants.Concat(stream.Sounds).Concat(stream.Frames).DistinctBy(rendition => rendition.Joined))
        {
            var errors = await Ffmpeg.LogAsync("-v", "error", "-xerror", "-i", rendition.Joined, "-f", "null", "-");
            if (errors.Length > 0)
                deviations.Add($"{rendition.Name} does not decode: {errors.Split('\n')[0]}");
            if (rendition is { Codecs: { } codecs, Resolution: { } resolution } && await PictureAsync(rendition) is var (codec, size)
                && (!codecs.StartsWith(codec, StringComparison.Ordinal) || size != resolution))
                deviations.Add($"{rendition.Name}: CODECS is {codecs} and RESOLUTION {resolution}, the picture is {codec} of {size}.");
        }
        var first = stream.Pictures.FirstOrDefault() ?? stream.Variants[0];
        var decoded = await LengthAsync(source, skipped);
        if (first.End - first.Start < decoded - MayBeMissing - StreamDeviations.Frame(stream.Pictures))
            deviations.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"{decoded:0.000} s of the source decode, {first.End - first.Start:0.000} are published."));
        if (skipped is [])
            deviations.AddRange(await SynchronyAsync(stream, source));
        return deviations;
    }

    /// <summary>The codec and size of a rendition's picture, as ffprobe sees them.</summary>
    private static async Task<(string Codec, string Size)> PictureAsync(StoredRendition rendition)
    {
        var output = await Ffmpeg.ProbeAsync(
            "-select_streams", "v:0", "-show_entries", "stream=profile,width,height,level", "-of", "default=noprint_wrappers=1", rendition.Joined);
        var values = output.Split('\n').Select(line => line.Split('=')).Where(pair => pair.Length == 2)
            .DistinctBy(pair => pair[0]).ToDictionary(pair => pair[0], pair => pair[1].Trim());
        var profile = values.GetValueOrDefault("profile") switch { "High" => "64", "Main" => "4d", "Baseline" or "Constrained Baseline" => "42", _ => "" };
        return ($"avc1.{profile}", $"{values.GetValueOrDefault("width")}x{values.GetValueOrDefault("height")}");
    }

    /// <summary>How many seconds of the source's first picture and first sound ffmpeg decodes, from the beginning of whichever comes first.</summary>
    private static async Task<double> LengthAsync(string source, IReadOnlyList<int> skipped)
    {
        // Where a sound was left out, all others are taken.
        string[] sounds = skipped is [] ? ["-map", "0:a:0?"] : ["-map", "0:a?", .. skipped.SelectMany(index => (string[])["-map", $"-0:{index}?"])];
        var output = await Ffmpeg.BytesAsync(
            ["-i", source, "-map", "0:V:0?", .. sounds, "-vf", "scale=16:16", "-fps_mode", "passthrough",
            "-c:v", "rawvideo", "-c:a", "pcm_s16le", "-f", "framecrc", "-"]);
        var units = new Dictionary<string, double>(StringComparer.Ordinal);
        double end = 0;
        foreach (var line in Encoding.ASCII.GetString(output).Split('\n'))
        {
            if (line.StartsWith("#tb ", StringComparison.Ordinal) && line[4..].Split(':', '/') is [var stream, var over, var under])
                units[stream] = double.Parse(over, CultureInfo.InvariantCulture) / double.Parse(under, CultureInfo.InvariantCulture);
            else if (line is [not '#', ..] && line.Split(',', StringSplitOptions.TrimEntries) is [var index, _, var pts, var duration, ..])
                end = Math.Max(end, (double.Parse(pts, CultureInfo.InvariantCulture) + double.Parse(duration, CultureInfo.InvariantCulture)) * units[index]);
        }
        return end;
    }

    /// <summary>Finds how much later than in the source picture and sound are, at begin, middle and end, and compares the two.</summary>
    private static async Task<IReadOnlyList<string>> SynchronyAsync(StoredVideo stream, string source)
    {
        // Half an hour of both in memory is enough.
        if (stream.Pictures.FirstOrDefault() is not { Seconds: <= 1800 } picture || stream.Sounds is not [var heard, ..])
            return [];
        var (before, after) = (new Signals(), new Signals());
        await before.ReadAsync(["-i", source], "0", "0", "0:V:0", "0:a:0");
        var start = picture.Start.ToString(CultureInfo.InvariantCulture);
        // ffmpeg reads negative offsets in fragmented MP4 as a delay: the first picture is where the boxes say.
        await after.ReadAsync(["-copyts", "-i", picture.Joined, "-copyts", "-i", heard.Joined], "STARTPTS*TB", start, "0:v:0", "1:a:0");
        var found = new List<string>();
        foreach (var (place, at) in ((string, double)[])[("begin", 0.25), ("middle", picture.Seconds / 2), ("end", picture.Seconds - 2.5)])
        {
            if (at >= 0 && Signals.PictureLag(before, after, at) is { } late && Signals.SoundLag(before, after, at) is { } heardLate
                && Math.Abs(late - heardLate) > MayBeApart)
                found.Add(string.Create(CultureInfo.InvariantCulture, $"At the {place} the picture is {late - heardLate:0.000} s later than the sound."));
        }
        return found;
    }
}
