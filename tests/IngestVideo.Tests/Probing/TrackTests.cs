using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Reelseal.Testing;
using static IngestVideo.Tests.StreamAssert;

namespace IngestVideo.Tests.Probing;

/// <summary>Tracks that cannot be published: they are left out, and the status says so.</summary>
public sealed class TrackTests(ClassHost shared) : IClassFixture<ClassHost>
{
    private const int Limit = 300_000;
    private const string Picture = "-f lavfi -i testsrc=s=160x90:r=30:d=2";
    private const string X264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";

    private IngestHost Host => shared.Started;

    [Theory(Timeout = Limit)]
    [InlineData("ambisonic.mkv", "c=4.0", "-c:a:0 libopus -mapping_family:a:0 2 -b:a:0 96k")]
    [InlineData("eleven.mov", "", "-c:a:0 pcm_s16le")]
    public async Task A_sound_that_cannot_be_mixed_is_left_out_and_named(string name, string layout, string codec)
    {
        var channels = string.Join('|', Enumerable.Repeat("0.3*sin(440*2*PI*t)", layout.Length > 0 ? 4 : 11));
        var clip = await Clip.MakeAsync(
            name, $"{Picture} -f lavfi -i sine=f=880:d=2:r=48000 -f lavfi -i aevalsrc={channels}:{(layout.Length > 0 ? layout + ":" : "")}d=2:s=48000 "
            + $"-map 0 -map 2 -map 1 {X264} {codec} "
            + "-c:a:1 pcm_s16le -metadata:s:a:0 language=ger -metadata:s:a:1 language=eng");

        var video = await Host.IngestAsync(clip);

        await IsCorrectAsync(video);
        Assert.Equal(["audio-en"], video.Status.Renditions.Where(rendition => rendition.Type == "audio").Select(rendition => rendition.Name));
        var skipped = Assert.Single(video.Status.Skipped!);
        Assert.Equal(("audio", 1, "de"), (skipped.Kind, skipped.Stream, skipped.Language));
        Assert.Contains("cannot be decoded, or not be made stereo", skipped.Reason, StringComparison.Ordinal);
    }

    [Theory(Timeout = Limit)]
    [InlineData("mp4", "")]
    [InlineData("mov", "")]
    [InlineData("mkv", "")]
    [InlineData("mkv", "-cluster_time_limit 100 -live 1")] // its sizes are unknown
    public async Task A_sound_whose_decoder_does_not_open_is_left_out_and_named(string extension, string format)
    {
        using var response = await Host.PostAsync(
            new MemoryStream(await UnknownAacAsync($"{Picture} -f lavfi -i sine=d=2:r=48000 {X264} -c:a aac {format}", extension)));

        var status = await PublishedVideo.StatusOfAsync(response);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.All(status.Renditions, rendition => Assert.NotEqual("audio", rendition.Type));
        Assert.Equal(("audio", 1), (status.Skipped!.Single().Kind, status.Skipped!.Single().Stream));
    }

    [Fact(Timeout = Limit)]
    public async Task Where_there_is_only_such_a_sound_the_file_is_refused()
    {
        var channels = string.Join('|', Enumerable.Repeat("0", 11));
        await using var own = await IngestHost.StartAsync();
        using var response = await own.PostAsync(await Clip.MakeAsync("eleven-alone.mov", $"-f lavfi -i aevalsrc={channels}:d=2:s=48000 -c:a pcm_s16le"));

        await IngestTests.AssertProblemAsync(response, HttpStatusCode.UnprocessableEntity, "made stereo");
        await own.AssertNothingIsLeftAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task Tracks_with_an_unknown_codec_and_subtitles_that_are_pictures_are_named()
    {
        var file = await File.ReadAllBytesAsync(await Clip.MakeAsync(
            "unknown-codec.mkv",
            $"{Picture} -f lavfi -i sine=d=2:r=48000 {X264} -c:a ac3 -metadata:s:a:0 language=fre"), TestContext.Current.CancellationToken);
        "A_XYZ"u8.CopyTo(file.AsSpan(file.AsSpan().IndexOf("A_AC3"u8)));

        using var response = await Host.PostAsync(new MemoryStream(file));

        var status = await PublishedVideo.StatusOfAsync(response);
        var skipped = Assert.Single(status.Skipped!);
        Assert.Equal(("audio", 1, "fr", "The codec is unknown."), (skipped.Kind, skipped.Stream, skipped.Language, skipped.Reason));
    }

    [Fact(Timeout = Limit)]
    public async Task Where_nothing_is_left_out_the_status_does_not_speak_of_it()
    {
        var video = await Host.IngestAsync(await Clip.SimpleAsync());

        Assert.Null(video.Status.Skipped);
        Assert.DoesNotContain("skipped", await Host.Client.GetStringAsync($"/videos/{video.Id}"), StringComparison.Ordinal);
    }

    [Theory(Timeout = Limit)]
    [InlineData("mono.mkv", "-ac 1 -c:a pcm_s16le", 0)]
    [InlineData("mono.m4v.mp4", "-ac 1 -c:a aac -b:a 160k", 0)]
    [InlineData("stereo.mkv", "-af pan=stereo|c0=c0|c1=c0 -c:a pcm_s16le", 0)]
    public async Task Mono_and_stereo_keep_their_level(string name, string sound, double louder)
    {
        var clip = await Clip.MakeAsync("level-" + name, $"{Picture} -f lavfi -i aevalsrc=0.9*sin(440*2*PI*t):d=2:s=48000 {X264} {sound}");
        var video = await Host.IngestAsync(clip);

        Assert.Equal(await VolumeAsync(clip) + louder, await VolumeAsync(video.Joined("audio-und")), 0.3);
    }

    [Fact(Timeout = Limit)]
    public async Task A_sound_that_turns_from_mono_to_stereo_keeps_its_level_in_both()
    {
        async Task<byte[]> PartAsync(string name, string sound, int offset) => await File.ReadAllBytesAsync(await Clip.MakeAsync(
            name, $"{Picture} -f lavfi -i aevalsrc={sound}:d=2:s=48000 {X264} -c:a ac3 -b:a 192k -output_ts_offset {offset} -f mpegts"));
        var mono = await PartAsync("level-1.ts", "0.5*sin(440*2*PI*t)", 0);
        var stereo = await PartAsync("level-2.ts", "0.5*sin(440*2*PI*t)|0.5*sin(440*2*PI*t)", 2);
        var joined = Path.Combine(Host.Root, "mono-stereo.ts");
        await File.WriteAllBytesAsync(joined, [.. mono, .. stereo]);

        var video = await Host.IngestAsync(joined);

        // A sine of half of full scale.
        Assert.Equal(-9.0, await VolumeAsync(video.Joined("audio-und"), "atrim=end=1.8"), 0.4);
        Assert.Equal(-9.0, await VolumeAsync(video.Joined("audio-und"), "atrim=start=2.3"), 0.4);
    }

    [Theory(Timeout = Limit)]
    [InlineData("eng", "eng", "NO")] // merely first
    [InlineData("eng", "ger", "YES")]
    [InlineData("und", "und", "NO")]
    public async Task A_subtitle_track_that_is_merely_first_is_not_shown_over_sound_in_its_own_language(string sound, string words, string shown)
    {
        var text = Path.Combine(Host.Root, "words.srt");
        await File.WriteAllTextAsync(text, "1\n00:00:00,500 --> 00:00:01,000\nFirst\n", TestContext.Current.CancellationToken);
        var video = await Host.IngestAsync(await Clip.MakeAsync(
            $"subtitles-{sound}-{words}.mkv",
            $"{Picture} -f lavfi -i sine=d=2:r=48000 -i {text} {X264} -c:a aac -c:s srt "
            + $"-metadata:s:a language={sound} -metadata:s:s language={words} -disposition:s default"));

        Assert.Contains($",DEFAULT={shown},", Assert.Single(video.Tags("#EXT-X-MEDIA:TYPE=SUBTITLES")), StringComparison.Ordinal);
    }

    [Theory(Timeout = Limit)]
    [InlineData("ts", 0xFC, 0x14, "CC1")] // a control code of field 1, channel 1
    [InlineData("fmp4", 0xFC, 0x14, "CC1")]
    [InlineData("ts", 0xFC, 0x1C, "CC2")]
    [InlineData("ts", 0xFD, 0x15, "CC3")]
    [InlineData("ts", 0xFF, 0x02, "SERVICE1")] // the beginning of a packet of CEA-708
    [InlineData("ts", 0xFC, 0x80, null)] // padding
    public async Task Closed_captions_are_declared_where_there_are_any(string format, byte type, byte first, string? id)
    {
        await using var host = await IngestHost.StartAsync(("SEGMENT_FORMAT", format), ("X264_PRESET", "veryfast"));
        var plain = await File.ReadAllBytesAsync(
            await Clip.MakeAsync("captions.h264", $"{Picture} -c:v libx264 -pix_fmt yuv420p -x264-params aud=1"), TestContext.Current.CancellationToken);

        var video = await IngestAsync(host, WithCaptions(plain, type, (byte)(first | (Parity(first) << 7)), type == 0xFF ? (byte)0x22 : (byte)0x20));

        await IsCorrectAsync(video);
        Assert.Equal(
            id is null ? []
                : ["#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"captions\",NAME=\"Closed captions\"" + $",DEFAULT=NO,AUTOSELECT=YES,INSTREAM-ID=\"{id}\""],
            video.Tags("#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS"));
        var declared = id is null ? ",CLOSED-CAPTIONS=NONE" : ",CLOSED-CAPTIONS=\"captions\"";
        Assert.All(video.Variants, variant => Assert.EndsWith(declared, variant.Tag, StringComparison.Ordinal));

        static int Parity(byte value) => value >= 0x80 || (value < 0x10) ? 0 : (int.PopCount(value) & 1) ^ 1; // odd, of CEA-608's bytes
    }

    [Fact(Timeout = Limit)]
    public async Task Renditions_of_every_second_picture_have_no_halved_captions_and_declare_none()
    {
        await using var host = await IngestHost.StartAsync(("SEGMENT_FORMAT", "fmp4"), ("X264_PRESET", "veryfast"));
        var plain = await File.ReadAllBytesAsync(
            await Clip.MakeAsync(
                "captions-60.h264", "-f lavfi -i testsrc=s=854x480:r=60:d=2 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -x264-params aud=1"),
            TestContext.Current.CancellationToken);

        var video = await IngestAsync(host, WithCaptions(plain, 0xFC, 0x94, 0x20));

        await IsCorrectAsync(video);
        Assert.Single(video.Tags("#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS"));
        foreach (var rendition in video.Status.Renditions.Where(rendition => rendition.Type == "video"))
        {
            var isWhole = rendition.FrameRate > 30.5;
            var tag = video.Variants.Single(variant => variant.Uri.Contains($"/{rendition.Name}/", StringComparison.Ordinal)).Tag;
            Assert.Equal(isWhole, tag.Contains("CLOSED-CAPTIONS=\"captions\"", StringComparison.Ordinal));
            Assert.DoesNotContain("NONE", tag, StringComparison.Ordinal); // of all variants, or of none (RFC 8216, 4.3.4.2)
            var segment = await File.ReadAllBytesAsync(video.File(rendition.Name, "00000.m4s"), TestContext.Current.CancellationToken);
            Assert.Equal(isWhole, segment.AsSpan().IndexOf("GA94"u8) >= 0);
        }
        Assert.Contains(video.Status.Renditions, rendition => rendition is { Type: "video", FrameRate: < 30.5 });
        Assert.Contains(video.Status.Renditions, rendition => rendition is { Type: "video", FrameRate: > 30.5 });
    }

    private static async Task<PublishedVideo> IngestAsync(IngestHost host, byte[] file)
    {
        using var response = await host.PostAsync(new MemoryStream(file));
        return await PublishedVideo.OfAsync(host, response);
    }

    /// <summary>Raw H.264 with captions after each delimiter: a message of user data (ITU-T H.264, D.1.6; ATSC A/53, part 4).</summary>
    private static byte[] WithCaptions(byte[] plain, byte type, byte first, byte second)
    {
        byte[] payload = [0xB5, 0x00, 0x31, .. "GA94"u8, 0x03, 0xC2, 0xFF, type, first, second, 0xFA, 0x80, 0x80, 0xFF];
        byte[] message = [0, 0, 0, 1, 6, 4, (byte)payload.Length, .. payload, 0x80];
        var result = new List<byte>();
        ReadOnlySpan<byte> delimiter = [0, 0, 0, 1, 9];
        var rest = plain.AsSpan();
        while (rest.Length > 5)
        {
            var next = rest[1..].IndexOf(delimiter) is >= 0 and var found ? found + 1 : rest.Length;
            result.AddRange(rest[..6]); // the delimiter and its one byte
            result.AddRange(message);
            result.AddRange(rest[6..next]);
            rest = rest[next..];
        }
        return [.. result];
    }

    /// <summary>A file whose AAC is said to be of a type that ffmpeg does not know, as xHE-AAC was before version 7.1: MPEG Surround (30).</summary>
    private static async Task<byte[]> UnknownAacAsync(string arguments, string extension)
    {
        var file = await File.ReadAllBytesAsync(await Clip.MakeAsync($"unknown-aac-{arguments.Length}.{extension}", arguments));
        byte[] before = extension == "mkv" ? [0x63, 0xA2] : [5, 0x80, 0x80, 0x80]; // the element, or the descriptor, and its size
        var description = file.AsSpan(extension == "mkv" ? file.AsSpan().IndexOf("A_AAC"u8) : file.AsSpan().IndexOf("esds"u8));
        var config = description[(description.IndexOf(before) + before.Length + 1)..];
        config[0] = (byte)(0xF0 | (config[0] & 0x07)); // ISO/IEC 14496-3, 1.6.2.1
        return file;
    }

    /// <summary>The mean volume of a source's sound in dB.</summary>
    private static async Task<double> VolumeAsync(string source, string before = "anull")
    {
        var log = await Ffmpeg.LogAsync("-i", source, "-map", "0:a", "-af", $"{before},volumedetect", "-f", "null", "-");
        return double.Parse(Regex.Match(log, "mean_volume: (-?[0-9.]+) dB").Groups[1].Value, CultureInfo.InvariantCulture);
    }
}
