using System.Globalization;
using System.Text.RegularExpressions;
using Reelseal.Testing;
using static IngestVideo.Tests.StreamAssert;

namespace IngestVideo.Tests.Transcoding;

/// <summary>
/// Every rendition covers the same time and shows every moment of the source at its own: with the default preset, whose pictures are not in order.
/// </summary>
public sealed class ClockTests(ClockTests.TransportStreamHost transportStream, ClockTests.FragmentedMp4Host fragmentedMp4)
    : IClassFixture<ClockTests.TransportStreamHost>, IClassFixture<ClockTests.FragmentedMp4Host>
{
    private const int Limit = 300_000;
    private const string X264 = "-c:v libx264 -preset veryfast -crf 40 -pix_fmt yuv420p";
    private const string FlashAndBeep =
        "-f lavfi -i color=black:s=160x90:d=7:r=10 -f lavfi -i aevalsrc=0.8*sin(880*2*PI*t)*gte(t\\,2)*lt(t\\,2.3):s=48000:d=7 "
        + "-vf drawbox=color=white:t=fill:enable='gte(t\\,1.999)*lt(t\\,2.299)' " + X264;

    [Theory(Timeout = Limit)]
    [InlineData("ts", "flash.mp4", "-c:a flac -strict -2")]
    [InlineData("fmp4", "flash.mp4", "-c:a flac -strict -2")]
    [InlineData("fmp4", "flash-2997.mkv", "-r 30000/1001 -c:a flac")]
    [InlineData("ts", "flash-h264.avi", "-c:a pcm_s16le")] // its pictures only say when they are decoded
    [InlineData("ts", "flash.ts", "-c:a mp2 -output_ts_offset 1000")]
    public async Task A_flash_and_a_beep_stay_together_at_their_time(string format, string name, string sound)
    {
        var video = await IngestAsync(format, await Clip.MakeAsync(name, $"{FlashAndBeep} {sound}"));

        var start = video.Streams.Pictures.First().Start;
        Assert.Equal(2.0, await FirstWhiteAsync(video, video.LargestVideo) - start, 0.04);
        Assert.Equal(2.0, await FirstSoundAsync(video) - start, 0.03);
    }

    [Theory(Timeout = Limit)]
    [InlineData("ts")]
    [InlineData("fmp4")]
    public async Task A_copy_and_what_is_encoded_beside_it_keep_the_same_time(string format)
    {
        const string keyframes = "-g 20 -keyint_min 20 -sc_threshold 0";
        const string colours = "-colorspace bt709 -color_trc bt709 -color_primaries bt709";
        var picture = FlashAndBeep.Replace("160x90", "640x360", StringComparison.Ordinal).Replace("-vf ", $"-vf {CopyTests.Tags},", StringComparison.Ordinal);
        var source = await Clip.MakeAsync("flash-copied.mp4", $"{picture} {colours} {keyframes} -c:a aac");

        var video = await IngestAsync(format, source, longestGap: 2.02);

        Assert.Equal(await Clip.PicturesHashAsync(source), await Clip.PicturesHashAsync(video.Joined("360p")));
        var flashes = await Task.WhenAll(video.Streams.Pictures.Select(picture => FirstWhiteAsync(video, picture.Name)));
        Assert.All(flashes, flash => Assert.Equal(2.0, flash - video.Streams.Pictures.First().Start, 0.002));
        Assert.Equal(2.0, await FirstSoundAsync(video) - video.Streams.Pictures.First().Start, 0.03);
    }

    [Theory(Timeout = Limit)]
    [InlineData("ts", "copied-late.ts", "0.015", 25)]
    [InlineData("ts", "copied-late.mp4", "0.015", 25)]
    [InlineData("fmp4", "copied-late.mp4", "0.015", 25)]
    [InlineData("ts", "copied-2997.mp4", "0", 29.97)]
    [InlineData("fmp4", "copied-2997.mp4", "0", 29.97)]
    [InlineData("ts", "copied-23976.mkv", "0.01", 23.976)]
    public async Task A_picture_that_begins_a_fraction_of_a_frame_after_its_sound_is_at_the_same_time_in_the_copy(
        string format, string name, string late, double rate)
    {
        var frames = rate switch { 29.97 => "30000/1001", 23.976 => "24000/1001", _ => "25" };
        var source = await Clip.MakeAsync(
            name,
            $"-itsoffset {late} -f lavfi -i testsrc2=s=640x360:r={frames}:d=8,{CopyTests.Tags} -f lavfi -i sine=d=8"
            + " -c:v libx264 -preset veryfast -pix_fmt yuv420p -b:v 250k -colorspace bt709 -color_trc bt709 -color_primaries bt709"
            + " -g 48 -keyint_min 48 -sc_threshold 0 -c:a aac");

        var video = await IngestAsync(format, source, longestGap: 2.02);

        Assert.Equal(await Clip.PicturesHashAsync(source), await Clip.PicturesHashAsync(video.Joined("360p")));
        var starts = video.Streams.Pictures.Select(picture => picture.Start).ToList();
        Assert.True(starts.Max() - starts.Min() < 0.002, string.Join(' ', starts));
    }

    [Theory(Timeout = Limit)]
    [InlineData("ts", "sound-ends.mp4", "-f lavfi -i testsrc2=s=160x90:r=5:d=14 -f lavfi -i sine=d=2", 14)]
    [InlineData("fmp4", "sound-ends.mp4", "-f lavfi -i testsrc2=s=160x90:r=5:d=14 -f lavfi -i sine=d=2", 14)]
    [InlineData("ts", "one-picture.mp4", "-f lavfi -i color=teal:s=160x90:r=25:d=0.04 -f lavfi -i sine=d=13 -map 0 -map 1", 13)]
    [InlineData("fmp4", "one-picture.mp4", "-f lavfi -i color=teal:s=160x90:r=25:d=0.04 -f lavfi -i sine=d=13 -map 0 -map 1", 13)]
    [InlineData("ts", "second-sound.mkv", "-f lavfi -i testsrc2=s=160x90:r=25:d=7 -f lavfi -i sine=d=7 -f lavfi -i sine=d=3 -map 0 -map 1 -map 2", 7)]
    [InlineData("fmp4", "twelve.mp4", "-f lavfi -i testsrc2=s=160x90:r=25:d=12 -f lavfi -i sine=d=12", 12)] // a multiple of the segment
    [InlineData("ts", "twelve-and-a-bit.mp4", "-f lavfi -i testsrc2=s=160x90:r=25:d=12.4 -f lavfi -i sine=d=12.4", 12.4)]
    [InlineData("fmp4", "twelve-and-a-bit.mp4", "-f lavfi -i testsrc2=s=160x90:r=25:d=12.4 -f lavfi -i sine=d=12.4", 12.4)]
    [InlineData("ts", "late-sound.mkv", "-f lavfi -i testsrc2=s=160x90:r=25:d=5 -itsoffset 1.3 -f lavfi -i sine=d=5", 6.3)]
    [InlineData("fmp4", "late-picture.mkv", "-itsoffset 1.3 -f lavfi -i testsrc2=s=160x90:r=25:d=5 -f lavfi -i sine=d=5", 6.3)]
    public async Task Every_rendition_covers_the_same_time(string format, string name, string streams, double seconds)
    {
        var video = await IngestAsync(format, await Clip.MakeAsync(name, $"{streams} {X264} -c:a aac"));

        Assert.Equal(seconds, video.Status.Duration!.Value, 0.1); // B-frames make a Matroska that begins late a little later
        Assert.All(video.Streams.Pictures.Concat(video.Streams.Sounds), rendition =>
            Assert.Equal(video.Status.Duration.Value, rendition.End - rendition.Start, 0.05));
    }

    [Theory(Timeout = Limit)]
    [InlineData("recordings.ts", 3, "-c:a aac")] // the clock starts again, twice
    [InlineData("recordings.vob", 2, "-c:v mpeg2video -c:a mp2 -f vob")]
    public async Task Recordings_joined_in_one_file_are_published_to_the_end(string name, int times, string codecs)
    {
        var part = await Clip.MakeAsync($"part-{name}", $"-f lavfi -i testsrc2=s=160x90:r=25:d=9 -f lavfi -i sine=d=9:r=48000 {X264} {codecs}");
        var joined = Path.Combine(Path.GetDirectoryName(part)!, name);
        await File.WriteAllBytesAsync(joined, [.. Enumerable.Repeat(await File.ReadAllBytesAsync(part), times).SelectMany(bytes => bytes)]);

        var video = await IngestAsync("ts", joined);

        Assert.Equal(9 * times, video.Status.Duration!.Value, 0.15);
    }

    [Theory(Timeout = Limit)]
    [InlineData("ts", "channels", "-c:a ac3 -ac 2", "-c:a ac3 -ac 6")]
    [InlineData("fmp4", "rate", "-c:a aac -ar 44100 -ac 1", "-c:a aac -ac 2")]
    [InlineData("ts", "late", "-af atrim=start=1.2 -c:a ac3 -ac 2", "-c:a ac3 -ac 6")] // silence before it must not come twice
    public async Task A_sound_that_changes_on_the_way_stays_with_its_picture(string format, string name, string before, string after)
    {
        var first = await Clip.MakeAsync(
            $"change-{name}-1.ts", $"-f lavfi -i color=black:s=160x90:d=5:r=10 -f lavfi -i anullsrc=r=48000:d=5 {X264} -bf 0 {before}");
        var second = await Clip.MakeAsync($"change-{name}-2.ts", $"{FlashAndBeep} -bf 0 {after} -output_ts_offset 5");
        var both = Path.ChangeExtension(first, "both.ts");
        await File.WriteAllBytesAsync(both, [.. await File.ReadAllBytesAsync(first), .. await File.ReadAllBytesAsync(second)]);

        var video = await IngestAsync(format, both);

        Assert.Equal(12, video.Status.Duration!.Value, 0.15);
        var flash = await FirstWhiteAsync(video, video.LargestVideo);
        Assert.Equal(7, flash - video.Streams.Pictures.First().Start, 0.11);
        Assert.Equal(flash, await FirstSoundAsync(video), 0.06);
    }

    [Fact(Timeout = Limit)]
    public async Task A_duration_that_is_announced_too_short_cuts_nothing()
    {
        var clip = await File.ReadAllBytesAsync(
            await Clip.MakeAsync("stale.flv", $"-f lavfi -i testsrc2=s=64x64:r=5:d=90 -f lavfi -i sine=d=90:r=44100 {X264} -c:a aac -b:a 32k"));
        var stale = clip.AsSpan(clip.AsSpan().IndexOf("duration"u8) + 9, 8);
        System.Buffers.Binary.BinaryPrimitives.WriteDoubleBigEndian(stale, 4);

        var video = await IngestAsync("ts", await WriteAsync("stale-4.flv", clip));

        Assert.Equal(90, video.Status.Duration!.Value, 0.15);
    }

    private async Task<PublishedVideo> IngestAsync(string format, string clip, double longestGap = 2.02)
    {
        var video = await (format == "ts" ? transportStream.Started : fragmentedMp4.Started).IngestAsync(clip);
        await IsCorrectAsync(video, longestGap);
        return video;
    }

    private static async Task<string> WriteAsync(string name, byte[] content)
    {
        var path = Path.Combine(Path.GetDirectoryName(await Clip.SimpleAsync())!, name);
        await File.WriteAllBytesAsync(path, content);
        return path;
    }

    /// <summary>The presentation time of the first moment that is not silent.</summary>
    private static async Task<double> FirstSoundAsync(PublishedVideo video)
    {
        var log = await Ffmpeg.LogAsync("-copyts", "-i", video.Joined("audio-und"), "-af", "silencedetect=n=-30dB:d=1.5", "-f", "null", "-");
        return double.Parse(Regex.Match(log, "silence_end: ([0-9.]+)").Groups[1].Value, CultureInfo.InvariantCulture);
    }

    public sealed class TransportStreamHost() : ClassHost(("SEGMENT_FORMAT", "ts"), ("X264_PRESET", "veryfast"));

    public sealed class FragmentedMp4Host() : ClassHost(("SEGMENT_FORMAT", "fmp4"), ("X264_PRESET", "veryfast"));
}
