using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using IngestVideo.Status;
using Reelseal.Playlists;
using Reelseal.Testing;
using Reelseal.Testing.Streams;

namespace IngestVideo.Tests;

/// <summary>What must hold of every published video, whatever it was made of, as ffprobe and ffmpeg see it.</summary>
internal static class StreamAssert
{
    /// <param name="video">The video.</param>
    /// <param name="longestGap">Seconds from one keyframe to the next at most; more than two only where a source is copied.</param>
    public static async Task IsCorrectAsync(PublishedVideo video, double longestGap = 2.02)
    {
        var renditions = video.Status.Renditions;
        var pictures = renditions.Where(rendition => rendition.Type == "video").ToList();
        Assert.Empty(StreamDeviations.Find(video.Streams));
        Assert.StartsWith("#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n", video.Multivariant, StringComparison.Ordinal);

        List<(string Name, double Seconds)>? cuts = null;
        foreach (var rendition in pictures)
        {
            var segments = Segments(video, rendition.Name);
            // Every rendition is cut at the same moments; how long the very last picture stands, containers and encoders may see differently.
            Assert.Equal((cuts ??= segments).SkipLast(1).Select(segment => Math.Round(segment.Seconds, 3)),
                segments.SkipLast(1).Select(segment => Math.Round(segment.Seconds, 3)));
            Assert.Equal(cuts[^1].Seconds, segments[^1].Seconds, 0.1);
            await IsVariantAsync(video, rendition, segments, longestGap);
        }
        var streams = renditions.Where(rendition => rendition.Type is "video" or "audio" or "iframes").ToList();
        await DecodeAsync(streams.ConvertAll(rendition => video.Joined(rendition.Name)));
        foreach (var rendition in streams)
        {
            var seconds = Segments(video, rendition.Name).Sum(segment => segment.Seconds);
            Assert.True(rendition.Type == "iframes" || Math.Abs(seconds - video.Status.Duration!.Value) < 0.6,
                $"{rendition.Name} plays {seconds} of {video.Status.Duration}");
        }
        foreach (var rendition in renditions.Where(rendition => rendition.Type == "audio"))
        {
            var stream = (await video.ProbeAsync(rendition.Name)).GetProperty("streams")[0];
            var tag = Assert.Single(video.Tags("#EXT-X-MEDIA"), line => line.Contains($"/{rendition.Name}/", StringComparison.Ordinal));
            Assert.Equal("aac LC", $"{Text(stream, "codec_name")} {Text(stream, "profile")}");
            Assert.Contains($",CHANNELS=\"{stream.GetProperty("channels")}\"", tag, StringComparison.Ordinal);
            Assert.Contains(Text(stream, "sample_rate"), (string[])["44100", "48000"]);
        }
        foreach (var rendition in renditions.Where(rendition => rendition.Type == "iframes"))
        {
            Assert.Contains("#EXT-X-I-FRAMES-ONLY", await File.ReadAllTextAsync(video.Playlist(rendition.Name)), StringComparison.Ordinal);
            var stills = await PicturesAsync(video, rendition.Name);
            Assert.All(stills, still => Assert.True(still.Key));
            Assert.Equal(Segments(video, rendition.Name).Count, stills.Count);
            var tag = Assert.Single(video.Tags("#EXT-X-I-FRAME-STREAM-INF"));
            Assert.Contains($"URI=\"{video.Status.Attempt}/{rendition.Name}/playlist.m3u8\"", tag, StringComparison.Ordinal);
            var (peak, average) = Measure(video, rendition.Name);
            AssertBandwidth(tag, peak, average);
        }
        // What is published is what the playlists name, and nothing else.
        var named = renditions.SelectMany(
            rendition => Segments(video, rendition.Name).Select(segment => $"{rendition.Name}/{segment.Name}").Append($"{rendition.Name}/playlist.m3u8"));
        var published = Directory.EnumerateFiles(Path.Combine(video.Folder, video.Status.Attempt), "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Path.Combine(video.Folder, video.Status.Attempt), path))
            .Where(path => path.Contains('/', StringComparison.Ordinal) && !path.EndsWith("init.mp4", StringComparison.Ordinal));
        Assert.Equal(named.Order(StringComparer.Ordinal), published.Order(StringComparer.Ordinal));
    }

    public static List<(string Name, double Seconds)> Segments(PublishedVideo video, string rendition) =>
        [.. MediaPlaylist.Read(File.ReadAllText(video.Playlist(rendition))).Segments.Select(segment => (segment.Uri, segment.Duration))];

    /// <summary>The times of a rendition's pictures, in seconds, and which of them are keyframes.</summary>
    public static async Task<List<(double Time, bool Key)>> PicturesAsync(PublishedVideo video, string rendition)
    {
        var packets = (await video.ProbeAsync(rendition)).GetProperty("packets");
        return [.. packets.EnumerateArray().Select(packet => (Number(packet, "pts_time"), Text(packet, "flags").StartsWith('K')))
            .OrderBy(packet => packet.Item1)];
    }

    /// <summary>
    /// The presentation time of the first bright picture. ffmpeg reads negative offsets in fragmented MP4 as a delay, so the time of the first picture is the
    /// segments'.
    /// </summary>
    public static async Task<double> FirstWhiteAsync(PublishedVideo video, string rendition)
    {
        const string brightness = "signalstats,metadata=mode=print:key=lavfi.signalstats.YAVG:file=-";
        var lines = (await Ffmpeg.RunAsync("-copyts", "-i", video.Joined(rendition), "-vf", brightness, "-f", "null", "-")).Split('\n');
        for (var i = 0; i + 1 < lines.Length; i += 2)
        {
            if (double.Parse(lines[i + 1].Split('=')[1], CultureInfo.InvariantCulture) > 150)
                return video.Streams.Pictures.Single(picture => picture.Name == rendition).Start + Time(lines[i]) - Time(lines[0]);
        }
        throw new InvalidDataException("There is no bright picture.");

        static double Time(string line) => double.Parse(line.Split("pts_time:")[1], CultureInfo.InvariantCulture);
    }

    public static double Number(JsonElement element, string name) => double.Parse(Text(element, name), CultureInfo.InvariantCulture);

    public static string Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.ToString() : "";

    public static double Rate(JsonElement stream, string name) => Text(stream, name).Split('/') is [var over, var under]
        ? double.Parse(over, CultureInfo.InvariantCulture) / double.Parse(under, CultureInfo.InvariantCulture) : 0;

    private static async Task IsVariantAsync(PublishedVideo video, RenditionStatus rendition, List<(string Name, double Seconds)> segments, double longestGap)
    {
        var (tag, _) = video.Variants.Single(variant => variant.Uri == $"{video.Status.Attempt}/{rendition.Name}/playlist.m3u8");
        var stream = (await video.ProbeAsync(rendition.Name)).GetProperty("streams")[0];
        Assert.Equal("h264", Text(stream, "codec_name"));
        Assert.Equal("yuv420p", Text(stream, "pix_fmt"));
        Assert.Equal("progressive", Text(stream, "field_order"));
        Assert.True(Text(stream, "sample_aspect_ratio") is "1:1" or "");
        Assert.Equal("bt709 bt709 bt709", $"{Text(stream, "color_primaries")} {Text(stream, "color_transfer")} {Text(stream, "color_space")}");
        Assert.False(stream.TryGetProperty("side_data_list", out _), "A player would turn it again.");

        // What the multivariant playlist says is what is there.
        var profile = Text(stream, "profile") switch { "High" => "64", "Main" => "4d", "Constrained Baseline" or "Baseline" => "42", var other => other };
        Assert.Matches($"""CODECS="avc1\.{profile}[0-9a-f][0-9a-f]{stream.GetProperty("level").GetInt32():x2}[",]""", tag);
        Assert.Contains($",RESOLUTION={stream.GetProperty("width")}x{stream.GetProperty("height")},", tag, StringComparison.Ordinal);
        var pictures = await PicturesAsync(video, rendition.Name);
        var rate = pictures.Count > 1 ? Rate(stream, "r_frame_rate") : rendition.FrameRate!.Value; // of one picture ffprobe 7 sees a rate of half pictures
        Assert.Contains($",FRAME-RATE={rate.ToString("0.000", CultureInfo.InvariantCulture)},VIDEO-RANGE=SDR", tag, StringComparison.Ordinal);
        // A variant is heard as well: the largest of its sounds counts (RFC 8216, 4.3.4.2).
        var (peak, average) = Measure(video, rendition.Name);
        Assert.Equal(average, rendition.AverageBandwidth!.Value, 0.01 * average);
        var sounds = video.Status.Renditions.Where(other => other.Type == "audio").Select(other => Measure(video, other.Name)).DefaultIfEmpty().ToList();
        AssertBandwidth(tag, peak + sounds.Max(sound => sound.Peak), average + sounds.Max(sound => sound.Average));

        // A keyframe begins every segment, and no two are further apart than Apple asks for.
        var keys = pictures.Where(picture => picture.Key).Select(picture => picture.Time).ToList();
        var start = pictures[0].Time;
        foreach (var segment in segments)
        {
            Assert.Contains(keys, key => Math.Abs(key - start) < 0.005);
            start += segment.Seconds;
        }
        Assert.All(keys.Zip(keys.Skip(1)), pair => Assert.InRange(pair.Second - pair.First, 0, longestGap));
    }

    /// <summary>Bits a second of the files as they are: of the heaviest segment, and of all together.</summary>
    private static (double Peak, double Average) Measure(PublishedVideo video, string rendition)
    {
        var segments = Segments(video, rendition).Select(segment => (segment.Seconds, Bits: new FileInfo(video.File(rendition, segment.Name)).Length * 8.0))
            .ToList();
        return (segments.Max(segment => segment.Bits / segment.Seconds), segments.Sum(segment => segment.Bits) / segments.Sum(segment => segment.Seconds));
    }

    private static void AssertBandwidth(string tag, double peak, double average)
    {
        // The peak is taken over stretches of half a target duration or more (RFC 8216, 4.1), so that a short last segment may not count by itself.
        Assert.Equal(average, Attribute("AVERAGE-BANDWIDTH"), 0.01 * average + 2);
        Assert.InRange(Attribute("BANDWIDTH"), Attribute("AVERAGE-BANDWIDTH"), 1.01 * peak + 2);

        double Attribute(string name) => double.Parse(Regex.Match(tag, $"[:,]{name}=([0-9]+)").Groups[1].Value, CultureInfo.InvariantCulture);
    }

    /// <summary>Decodes all streams to their ends, without an error.</summary>
    private static async Task DecodeAsync(List<string> streams) => Assert.Equal("", await Ffmpeg.LogAsync(
    [
        "-v", "error", "-xerror", .. streams.SelectMany(stream => (string[])["-i", stream]),
        .. streams.SelectMany((_, input) => (string[])["-map", $"{input}"]), "-f", "null", "-",
    ]));
}
