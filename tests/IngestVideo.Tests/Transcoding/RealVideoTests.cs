using System.Globalization;
using System.Text.RegularExpressions;
using FFMpegCore;
using IngestVideo.Publishing;
using Reelseal.Testing;
using static IngestVideo.Tests.StreamAssert;

namespace IngestVideo.Tests.Transcoding;

/// <summary>Whatever phones and editors make: what is asserted is the published stream.</summary>
public sealed class RealVideoTests(ClassHost shared) : IClassFixture<ClassHost>
{
    private const int Limit = 300_000;
    private const string X264 = "-c:v libx264 -preset ultrafast";

    [Theory(Timeout = Limit)]
    [InlineData(90, 180, 320, "top")] // a phone held upright
    [InlineData(180, 320, 180, "right")]
    [InlineData(270, 180, 320, "bottom")]
    public async Task A_phone_held_upright_gives_upright_pixels(int degrees, int width, int height, string redIs)
    {
        // The left half of what the sensor saw is red.
        var sensor = await Clip.MakeAsync(
            "sensor.mp4", $"-f lavfi -i color=red:s=160x180:d=2 -f lavfi -i color=blue:s=160x180:d=2 -filter_complex hstack {X264} -pix_fmt yuv420p");

        var turned = await Clip.TurnedAsync(sensor, degrees);

        var video = await IngestedAsync($"rotated{degrees}.mp4", $"-i {turned} -c copy");

        var stream = (await video.ProbeAsync(video.LargestVideo)).GetProperty("streams")[0];
        Assert.Equal((width, height), (stream.GetProperty("width").GetInt32(), stream.GetProperty("height").GetInt32()));
        var (x, y) = redIs switch { "top" => (0.5, 0.1), "bottom" => (0.5, 0.9), _ => (0.9, 0.5) };
        var (red, _, blue) = await PixelAsync(video, (int)(x * width), (int)(y * height));
        Assert.True(red > 180 && blue < 80, $"red {red}, blue {blue}");
    }

    [Fact(Timeout = Limit)]
    public async Task Odd_sizes_become_even()
    {
        var video = await IngestedAsync("odd.mkv", $"-f lavfi -i testsrc2=s=321x181:d=2 {X264} -pix_fmt yuv444p");

        Assert.Contains("RESOLUTION=320x180,", video.Variants[0].Tag, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task Anamorphic_pixels_become_square()
    {
        var video = await IngestedAsync("anamorphic.mp4", $"-f lavfi -i testsrc2=s=160x180:d=2 -vf setsar=2 {X264} -pix_fmt yuv420p");

        Assert.Contains("RESOLUTION=320x180,", video.Variants[0].Tag, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task A_variable_frame_rate_becomes_constant()
    {
        // Two pictures of three are left out in every other second.
        var video = await IngestedAsync(
            "variable.mkv", $"-f lavfi -i testsrc2=s=320x180:r=30:d=6 -vf select='not(mod(n\\,3))+lt(mod(t\\,2)\\,1)' -fps_mode vfr {X264} -pix_fmt yuv420p");

        var times = (await PicturesAsync(video, video.LargestVideo)).Select(picture => picture.Time).ToList();
        var gaps = times.Zip(times.Skip(1), (first, second) => second - first).ToList();
        Assert.Equal(gaps.Max(), gaps.Min(), 0.001);
        Assert.Equal(6, video.Status.Duration!.Value, 0.1);
    }

    [Theory(Timeout = Limit)]
    [InlineData("hundred.mp4", "-c:a aac")]
    [InlineData("hundred.mkv", "-c:a libvorbis")]
    [InlineData("hundred.flv", "-ar 44100 -c:a libmp3lame")] // its picture begins 25 ms after its sound
    public async Task No_picture_is_added_or_lost(string name, string sound)
    {
        var video = await IngestedAsync(name, $"-f lavfi -i testsrc2=s=320x180:r=25:d=4 -f lavfi -i sine=d=4 {X264} -pix_fmt yuv420p {sound}");

        Assert.Equal(100, (await PicturesAsync(video, video.LargestVideo)).Count);
    }

    [Theory(Timeout = Limit)]
    [InlineData("60", 854, "60.000", "30.000")]
    [InlineData("120", 320, "30.000", "30.000")]
    [InlineData("60000/1001", 640, "29.970", "29.970")]
    [InlineData("24000/1001", 320, "23.976", "23.976")]
    [InlineData("50", 320, "25.000", "25.000")]
    [InlineData("15", 320, "15.000", "15.000")]
    public async Task Frame_rates_stay_even(string rate, int width, string most, string least)
    {
        var name = $"rate-{rate.Replace('/', '-')}-{width}";
        var video = await IngestedAsync($"{name}.mp4", $"-f lavfi -i testsrc2=s={width}x{width * 9 / 16}:r={rate}:d=7 {X264} -pix_fmt yuv420p");

        var rates = video.Variants.Select(variant => Regex.Match(variant.Tag, "FRAME-RATE=([0-9.]+)").Groups[1].Value).ToList();
        Assert.Equal((most, least), (rates.Max(), rates.Min()));
    }

    [Fact(Timeout = Limit)]
    public async Task Interlaced_pictures_are_deinterlaced()
    {
        var video = await IngestedAsync(
            "interlaced.ts",
            "-f lavfi -i testsrc2=s=320x240:r=50:d=3 -vf tinterlace=interleave_top,fieldorder=tff -c:v mpeg2video -b:v 4M -flags +ilme+ildct -top 1");

        var log = await Ffmpeg.LogAsync("-allowed_extensions", "ALL", "-i", video.Playlist(video.LargestVideo), "-vf", "idet", "-f", "null", "-");
        // ffmpeg 7 starts counting again after its first pass.
        var found = Regex.Matches(log, @"Multi frame detection: TFF:\s*(\d+) BFF:\s*(\d+) Progressive:\s*(\d+)")[^1];
        Assert.True(Number(found, 3) > 10 * (Number(found, 1) + Number(found, 2)), found.Value);
        Assert.Equal(3, video.Status.Duration!.Value, 0.15);
    }

    [Theory(Timeout = Limit)]
    [InlineData("interlaced", "-vf tinterlace=interleave_top,fieldorder=tff,scale=SIZE:interl=1 -c:v mpeg2video -b:v 4M -flags +ilme+ildct -top 1")]
    [InlineData("hdr", "-vf scale=SIZE -pix_fmt yuv420p10le -c:v libx265 -preset ultrafast "
        + "-x265-params log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc")]
    public async Task A_size_that_changes_on_the_way_does_not_matter(string name, string arguments)
    {
        Task<string> PartAsync(string width) => Clip.MakeAsync(
            $"{name}-{width}.ts", $"-f lavfi -i testsrc2=s=720x576:r=50:d=2 {arguments.Replace("SIZE", width + ":576", StringComparison.Ordinal)}");
        var (wide, narrow) = (await PartAsync("720"), await PartAsync("544"));
        var both = Path.ChangeExtension(wide, "both.ts");
        await File.WriteAllBytesAsync(both, [.. await File.ReadAllBytesAsync(wide), .. await File.ReadAllBytesAsync(narrow)]);

        var video = await IngestedAsync($"{name}-change.mkv", $"-i {both} -c copy");

        Assert.Equal(4, video.Status.Duration!.Value, 0.2);
    }

    [Theory(Timeout = Limit)]
    // Luma and chroma in 10 bits of narrow range. The colours are BT.2020's: in BT.709's smaller triangle the same ones are further out.
    [InlineData("smpte2084", 572, 512, 512, 192, 192, 192)] // paper, 203 nits; as it stands 146 146 146
    [InlineData("smpte2084", 500, 440, 560, 208, 111, 49)] // orange; as it stands 145 120 86
    [InlineData("arib-std-b67", 721, 512, 512, 193, 193, 193)] // paper, which HLG puts where plain screens have it
    [InlineData("arib-std-b67", 502, 450, 600, 181, 93, 79)] // red; as it stands 160 112 93
    public async Task High_dynamic_range_is_mapped_to_standard(string transfer, int luma, int cb, int cr, int red, int green, int blue)
    {
        var video = await IngestedAsync(
            $"hdr-{transfer}-{luma}.mp4",
            $"-f lavfi -i color=gray:s=320x180:d=2:r=25 -vf format=yuv420p10le,geq=lum={luma}:cb={cb}:cr={cr} -c:v libx265 -preset ultrafast -tag:v hvc1 "
            + $"-x265-params log-level=none:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc "
            + $"-color_primaries bt2020 -color_trc {transfer} -colorspace bt2020nc");

        var pixel = await PixelAsync(video, 160, 90);
        Assert.InRange(pixel.Red, red - 8, red + 8);
        Assert.InRange(pixel.Green, green - 8, green + 8);
        Assert.InRange(pixel.Blue, blue - 8, blue + 8);
    }

    [Theory(Timeout = Limit)]
    [InlineData("444.mkv", "-c:v libx264 -preset ultrafast -pix_fmt yuv444p -c:a flac")]
    [InlineData("10bit.mkv", "-c:v libx264 -preset ultrafast -pix_fmt yuv420p10le -c:a aac")]
    [InlineData("vp9.webm", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 300k -c:a libopus")]
    [InlineData("av1.mp4", "-c:v libsvtav1 -preset 12 -c:a aac")]
    [InlineData("mpeg2.ts", "-c:v mpeg2video -c:a mp2")]
    [InlineData("mpeg2.mpg", "-c:v mpeg2video -c:a mp2 -f mpeg")]
    [InlineData("mpeg4.avi", "-c:v mpeg4 -c:a libmp3lame")]
    [InlineData("flash.flv", "-c:v flv -ar 44100 -c:a libmp3lame")]
    [InlineData("h264.flv", "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac")]
    [InlineData("h264.mkv", "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a libvorbis")]
    [InlineData("h264.mov", "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a pcm_s16le")]
    [InlineData("prores.mov", "-c:v prores_ks -profile:v 2 -c:a pcm_s24le")]
    [InlineData("theora.ogv", "-c:v libtheora -c:a libvorbis -f ogg")]
    [InlineData("editor.mxf", "-c:v mpeg2video -r 25 -c:a pcm_s16le -ar 48000 -f mxf")]
    public async Task Any_common_container_and_codec_is_taken(string name, string codecs)
    {
        var video = await IngestedAsync(name, $"-f lavfi -i testsrc2=s=320x180:r=25:d=3 -f lavfi -i sine=f=440:d=3 {codecs}");

        Assert.Equal(["audio", "iframes", "video"], video.Status.Renditions.Select(rendition => rendition.Type).Order());
        Assert.Equal(3, video.Status.Duration!.Value, 0.15);
        Assert.True(await LoudnessAsync(video, "audio-und") is { Mean: > -40 });
    }

    [Fact(Timeout = Limit)]
    public async Task Without_sound_there_is_no_audio_rendition()
    {
        var video = await IngestedAsync("silent.mp4", $"-f lavfi -i testsrc2=s=320x180:d=2 {X264} -pix_fmt yuv420p");

        Assert.Empty(video.Tags("#EXT-X-MEDIA"));
        Assert.DoesNotContain("mp4a", video.Multivariant, StringComparison.Ordinal);
        Assert.DoesNotContain("AUDIO=", video.Multivariant, StringComparison.Ordinal);
    }

    [Theory(Timeout = Limit)]
    [InlineData("sound.m4a", "-f lavfi -i sine=f=440:d=8 -c:a aac")]
    [InlineData("sound.mkv", "-f lavfi -i sine=f=440:d=8 -c:a libopus")]
    [InlineData("sound-with-cover.m4a",
        "-f lavfi -i sine=f=440:d=8 -f lavfi -i color=red:s=300x300:d=0.04 -map 0 -map 1 -c:a aac -c:v mjpeg -disposition:v:0 attached_pic -f mp4")]
    public async Task Sound_alone_is_a_stream_of_sound(string name, string arguments)
    {
        var video = await IngestedAsync(name, arguments);

        var (tag, uri) = Assert.Single(video.Variants);
        Assert.Contains("CODECS=\"mp4a.40.2\"", tag, StringComparison.Ordinal);
        Assert.DoesNotContain("RESOLUTION", tag, StringComparison.Ordinal);
        Assert.Equal($"{video.Status.Attempt}/audio-und/playlist.m3u8", uri);
        Assert.Equal(["audio"], video.Status.Renditions.Select(rendition => rendition.Type));
        Assert.Null(video.Status.Poster);
    }

    [Fact(Timeout = Limit)]
    public async Task Every_audio_track_keeps_its_language_and_name()
    {
        var video = await IngestedAsync(
            "languages.mkv",
            "-f lavfi -i testsrc2=s=320x180:d=3 -f lavfi -i sine=f=440:d=3 -f lavfi -i sine=f=880:d=3 -f lavfi -i sine=f=220:d=3 "
            + $"-map 0 -map 1 -map 2 -map 3 {X264} -pix_fmt yuv420p -c:a aac "
            + "-metadata:s:a:0 language=eng -metadata:s:a:1 language=ger -metadata:s:a:2 language=ger -metadata:s:a:2 title=Say\"it\" "
            + "-disposition:a:0 0 -disposition:a:1 default -disposition:a:2 0");

        var attempt = video.Status.Attempt;
        const string tag = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\"";
        Assert.Equal(
        [
            $"{tag},NAME=\"English\",LANGUAGE=\"en\",DEFAULT=NO,AUTOSELECT=YES,CHANNELS=\"2\",URI=\"{attempt}/audio-en/playlist.m3u8\"",
            $"{tag},NAME=\"Deutsch\",LANGUAGE=\"de\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\",URI=\"{attempt}/audio-de/playlist.m3u8\"",
            $"{tag},NAME=\"Sayit\",LANGUAGE=\"de\",DEFAULT=NO,AUTOSELECT=YES,CHANNELS=\"2\",URI=\"{attempt}/audio-de-2/playlist.m3u8\"",
        ],
            video.Tags("#EXT-X-MEDIA:TYPE=AUDIO"));
    }

    [Fact(Timeout = Limit)]
    public async Task Surround_sound_becomes_stereo_that_neither_clips_nor_falls_silent()
    {
        // The same tone, as loud as can be, on every channel: added up it is far beyond full scale.
        const string tone = "0.99*sin(440*2*PI*t)";
        var video = await IngestedAsync(
            "surround.mkv",
            $"-f lavfi -i testsrc2=s=320x180:d=3 -f lavfi -i aevalsrc={tone}|{tone}|{tone}|0|{tone}|{tone}:c=5.1:s=48000:d=3 "
            + $"{X264} -pix_fmt yuv420p -c:a ac3 -b:a 640k");

        var (mean, max) = await LoudnessAsync(video, "audio-und");
        Assert.InRange(max, -6, 0);
        // A sine is 3 dB below its peak; what is cut off comes nearer.
        Assert.InRange(max - mean, 2.7, 6);
    }

    [Theory(Timeout = Limit)]
    [InlineData("ts", "mkv", "subrip")]
    [InlineData("fmp4", "mp4", "mov_text")]
    [InlineData("ts", "mkv", "ass")]
    public async Task A_subtitle_appears_with_the_picture_it_belongs_to(string format, string container, string codec)
    {
        // A flash from 7 s to 7.4 s, in the second segment, and a subtitle of just that time.
        var words = Path.Combine(Path.GetTempPath(), $"words-{Guid.NewGuid():N}.srt");
        await File.WriteAllTextAsync(
            words,
            "1\n00:00:00,500 --> 00:00:01,000\nFirst\n\n2\n00:00:05,000 --> 00:00:07,000\nAcross\nthe cut\n\n"
            + "3\n00:00:07,000 --> 00:00:07,400\nFlash!\n");
        await using var host = await IngestHost.StartAsync(("SEGMENT_FORMAT", format));
        var clip = await Clip.MakeAsync(
            $"subtitled-{codec}.{container}",
            $"-f lavfi -i color=black:s=320x180:d=9:r=25 -f lavfi -i sine=f=440:d=9 -i {words} "
            + $"-vf drawbox=color=white:t=fill:enable='gte(t\\,6.99)*lt(t\\,7.39)' {X264} -pix_fmt yuv420p -c:a aac "
            + $"-c:s {codec} -metadata:s:s:0 language=eng -map 0 -map 1 -map 2");
        File.Delete(words);

        var video = await host.IngestAsync(clip);

        await IsCorrectAsync(video);
        Assert.Equal(
            "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"subtitles\",NAME=\"English\",LANGUAGE=\"en\",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,"
            + $"URI=\"{video.Status.Attempt}/subtitles-en/playlist.m3u8\"",
            Assert.Single(video.Tags("#EXT-X-MEDIA:TYPE=SUBTITLES")).Replace("DEFAULT=YES", "DEFAULT=NO", StringComparison.Ordinal));
        Assert.All(video.Variants, variant => Assert.Contains("SUBTITLES=\"subtitles\"", variant.Tag, StringComparison.Ordinal));
        var segments = Segments(video, "subtitles-en").Select(segment => File.ReadAllText(video.File("subtitles-en", segment.Name))).ToList();
        Assert.Equal(2, segments.Count);
        Assert.Contains("Across\nthe cut", segments[0], StringComparison.Ordinal);
        Assert.Contains("Across\nthe cut", segments[1], StringComparison.Ordinal);
        Assert.DoesNotContain("First", segments[1], StringComparison.Ordinal);

        // The cue's time stamp, by its segment's map, is that of the first white picture.
        var map = Regex.Match(segments[1], "X-TIMESTAMP-MAP=MPEGTS:(\\d+),LOCAL:00:00:00.000");
        var flash = WebVtt.ReadAsync(new StringReader(segments[1])).ToBlockingEnumerable().Single(cue => cue.Text.Contains("Flash!", StringComparison.Ordinal));
        var cueTime = Number(map, 1) / 90_000 + flash.Start.TotalSeconds;
        Assert.Equal(await FirstWhiteAsync(video, video.LargestVideo), cueTime, 0.05);
    }

    [Fact(Timeout = Limit)]
    public async Task A_video_shorter_than_a_segment_is_one_segment()
    {
        var video = await IngestedAsync("short.mp4", $"-f lavfi -i testsrc2=s=320x180:d=0.5 -f lavfi -i sine=d=0.5 {X264} -pix_fmt yuv420p -c:a aac");

        Assert.Single(Segments(video, video.LargestVideo));
    }

    [Fact(Timeout = Limit)]
    public async Task A_single_picture_is_a_video()
    {
        var video = await IngestedAsync("single.mp4", $"-f lavfi -i testsrc2=s=320x180:d=0.04 -frames:v 1 {X264} -pix_fmt yuv420p");

        Assert.Single(await PicturesAsync(video, video.LargestVideo));
        Assert.NotNull(video.Status.Poster);
    }

    [Theory(Timeout = Limit)]
    [InlineData("late.ts", "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac -output_ts_offset 50000")]
    [InlineData("late.mkv", "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac -output_ts_offset 50000")]
    public async Task A_first_time_stamp_far_from_zero_does_not_matter(string name, string codecs)
    {
        var video = await IngestedAsync(name, $"-f lavfi -i testsrc2=s=320x180:r=25:d=3 -f lavfi -i sine=f=440:d=3 {codecs}");

        Assert.Equal(3, video.Status.Duration!.Value, 0.15);
        Assert.Equal(10, (await PicturesAsync(video, video.LargestVideo))[0].Time, 0.01);
    }

    [Fact(Timeout = Limit)]
    public async Task Cover_art_is_not_a_picture_of_the_video()
    {
        var video = await IngestedAsync(
            "cover.mp4",
            $"-f lavfi -i testsrc2=s=320x180:d=2 -f lavfi -i color=red:s=500x500:d=0.04 -map 0 -map 1 {X264} -pix_fmt:v:0 yuv420p "
            + "-c:v:1 mjpeg -disposition:v:1 attached_pic");

        Assert.Contains("RESOLUTION=320x180,", Assert.Single(video.Variants).Tag, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task An_edit_list_is_obeyed()
    {
        // Cut without encoding: the file still holds the pictures before the cut, and a list that says not to show them.
        var whole = await Clip.MakeAsync(
            "uncut.mp4",
            "-f lavfi -i color=red:s=320x180:d=3:r=25 -f lavfi -i color=blue:s=320x180:d=5:r=25 "
            + "-filter_complex concat -c:v libx264 -g 250 -pix_fmt yuv420p");
        var video = await IngestedAsync("cut.mp4", $"-ss 3.2 -i {whole} -c copy");

        Assert.Equal(4.8, video.Status.Duration!.Value, 0.15);
        var (red, _, blue) = await PixelAsync(video, 160, 90);
        Assert.True(blue > 180 && red < 80, $"red {red}, blue {blue}");
    }

    [Fact(Timeout = Limit)]
    public async Task Sound_and_picture_stay_together_where_one_begins_later()
    {
        // A beep and a flash at the same moment; the sound track begins 1.5 s late.
        var video = await IngestedAsync(
            "delayed.mkv",
            "-f lavfi -i color=black:s=320x180:d=6:r=25 -itsoffset 1.5 -f lavfi -i aevalsrc=0.8*sin(880*2*PI*t)*gte(t\\,2.5):s=48000:d=4.5 "
            + $"-vf drawbox=color=white:t=fill:enable='gte(t\\,3.99)' {X264} -pix_fmt yuv420p -c:a pcm_s16le");

        var flash = await FirstWhiteAsync(video, video.LargestVideo);
        var log = await Ffmpeg.LogAsync("-copyts", "-i", video.File("audio-und", "00000.ts"), "-af", "silencedetect=n=-30dB:d=0.5", "-f", "null", "-");
        var beep = double.Parse(Regex.Match(log, "silence_end: ([0-9.]+)").Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.Equal(flash, beep, 0.05);
    }

    [Fact(Timeout = Limit)]
    public async Task A_slide_show_costs_little()
    {
        var video = await IngestedAsync("slide.mp4", $"-f lavfi -i smptebars=s=640x360:d=8:r=30 {X264} -pix_fmt yuv420p");

        Assert.All(video.Status.Renditions.Where(rendition => rendition.Type == "video"), rendition =>
            Assert.InRange(rendition.AverageBandwidth!.Value, 1, 100_000));
    }

    [Fact(Timeout = Limit)]
    public async Task Poster_and_storyboard_show_the_video()
    {
        var video = await Host.IngestAsync(await Clip.SimpleAsync("320x180", seconds: 7));

        var folder = Path.Combine(video.Folder, video.Status.Attempt);
        Assert.Equal($"videos/{video.Id}/{video.Status.Attempt}/poster.jpg", video.Status.Poster);
        Assert.Equal((320, 180), await SizeAsync("poster.jpg"));
        Assert.Equal((800, 450), await SizeAsync("storyboard-000.jpg"));
        Assert.Equal(
            "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nstoryboard-000.jpg#xywh=0,0,160,90\n\n"
            + "00:00:02.000 --> 00:00:04.000\nstoryboard-000.jpg#xywh=160,0,160,90\n\n"
            + "00:00:04.000 --> 00:00:06.000\nstoryboard-000.jpg#xywh=320,0,160,90\n\n00:00:06.000 --> 00:00:07.000\nstoryboard-000.jpg#xywh=480,0,160,90\n",
            await File.ReadAllTextAsync(Path.Combine(folder, "storyboard.vtt")));

        async Task<(int?, int?)> SizeAsync(string name)
        {
            var picture = (await FFProbe.AnalyseAsync(Path.Combine(folder, name))).PrimaryVideoStream!;
            return (picture.Width, picture.Height);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task Fragmented_MP4_is_made_by_setting()
    {
        await using var host = await IngestHost.StartAsync(("SEGMENT_FORMAT", "fmp4"));

        var video = await host.IngestAsync(await Clip.SimpleAsync("640x360", seconds: 8));

        await IsCorrectAsync(video);
        foreach (var rendition in video.Status.Renditions)
            Assert.Contains("#EXT-X-MAP:URI=\"init.mp4\"\n", await File.ReadAllTextAsync(video.Playlist(rendition.Name)), StringComparison.Ordinal);
    }

    private IngestHost Host => shared.Started;

    private async Task<PublishedVideo> IngestedAsync(string name, string arguments)
    {
        var video = await Host.IngestAsync(await Clip.MakeAsync(name, arguments));
        await IsCorrectAsync(video);
        return video;
    }

    /// <summary>Red, green and blue of a pixel of the first picture.</summary>
    private static async Task<(int Red, int Green, int Blue)> PixelAsync(PublishedVideo video, int x, int y)
    {
        var pixel = await Ffmpeg.BytesAsync(
            "-allowed_extensions", "ALL", "-i", video.Playlist(video.LargestVideo), "-frames:v", "1", "-vf", $"crop=2:2:{x}:{y},scale=1:1,format=rgb24",
            "-f", "rawvideo", "-");
        return pixel is [var red, var green, var blue] ? (red, green, blue) : throw new InvalidDataException("Not one pixel.");
    }

    /// <summary>Mean and highest volume in dB.</summary>
    private static async Task<(double Mean, double Max)> LoudnessAsync(PublishedVideo video, string rendition)
    {
        var log = await Ffmpeg.LogAsync("-allowed_extensions", "ALL", "-i", video.Playlist(rendition), "-af", "volumedetect", "-f", "null", "-");
        return (Number(Regex.Match(log, "mean_volume: (-?[0-9.]+) dB"), 1), Number(Regex.Match(log, "max_volume: (-?[0-9.]+) dB"), 1));
    }

    private static double Number(Match match, int group) => double.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);
}
