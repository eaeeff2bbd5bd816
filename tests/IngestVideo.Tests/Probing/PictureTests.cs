using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using IngestVideo.Media;
using IngestVideo.Probing;
using Reelseal.Testing;
using static IngestVideo.Tests.StreamAssert;

namespace IngestVideo.Tests.Probing;

/// <summary>
/// Pictures that are not what their file says: interlaced without a word, of a rate that varies, of sizes that change. And files that nobody can decode.
/// </summary>
public sealed class PictureTests(PictureTests.VeryfastHost shared) : IClassFixture<PictureTests.VeryfastHost>
{
    private const int Limit = 300_000;

    private IngestHost Host => shared.Started;

    [Theory(Timeout = Limit)]
    [InlineData("dv.avi", "fieldorder=bff", "-c:v dvvideo -pix_fmt yuv420p")]
    [InlineData("tape.avi", "fieldorder=tff", "-c:v utvideo")]
    [InlineData("tape-bottom.avi", "fieldorder=bff", "-c:v utvideo")]
    [InlineData("motion-jpeg.avi", "fieldorder=tff", "-c:v mjpeg -q:v 2 -pix_fmt yuvj420p")]
    public async Task Interlaced_pictures_that_nobody_calls_so_are_deinterlaced_in_their_order(string name, string order, string codec)
    {
        // A square that moves to the right, a little in each half picture.
        const string moving = "color=gray:s=720x576:r=50:d=3[b];color=white:s=100x300:r=50:d=3[w];[b][w]overlay=x=t*150:y=100";
        var clip = await Clip.MakeAsync($"interlaced-{name}", $"-f lavfi -i {moving},tinterlace=interleave_top,{order} {codec}");

        var video = await Host.IngestAsync(clip);

        await IsCorrectAsync(video);
        var log = await Ffmpeg.LogAsync("-i", video.Joined(video.LargestVideo), "-vf", "idet", "-f", "null", "-");
        var found = Regex.Matches(log, @"Multi frame detection: TFF:\s*(\d+) BFF:\s*(\d+) Progressive:\s*(\d+)")[^1];
        Assert.True(Count(found, 3) > 10 * (Count(found, 1) + Count(found, 2)), found.Value);
        Assert.Equal(3, video.Status.Duration!.Value, 0.1);
    }

    [Theory(Timeout = Limit)]
    [InlineData("mjpeg.avi", "-c:v mjpeg -q:v 2 -pix_fmt yuvj420p")]
    [InlineData("ut.avi", "-c:v utvideo")]
    public async Task Progressive_pictures_stay_as_they_are(string name, string codec)
    {
        var clip = await Clip.MakeAsync($"progressive-{name}", $"-f lavfi -i testsrc2=s=320x240:r=25:d=2 {codec}");

        var found = await DetectAsync(clip, new(0, name.StartsWith("mjpeg", StringComparison.Ordinal) ? "mjpeg" : "utvideo", new(320, 240), 25));

        Assert.False(found.Interlaced);
    }

    [Fact(Timeout = Limit)]
    public async Task A_rate_that_varies_becomes_the_one_while_it_moves_and_not_the_mean()
    {
        // Four seconds at 60 a second, then a still picture every two seconds.
        var video = await Host.IngestAsync(await Clip.MakeAsync(
            "burst.mp4",
            "-f lavfi -i testsrc2=s=160x90:r=60:d=24 -vf select='lt(t,4)+not(mod(n,120))' -fps_mode vfr -c:v libx264 -preset veryfast -pix_fmt yuv420p"));

        await IsCorrectAsync(video);
        // Half of 60, as the ladder has it for this size.
        Assert.Equal(30, video.Status.Renditions.Where(rendition => rendition.Type == "video").Max(rendition => rendition.FrameRate));
        Assert.Equal(24, video.Status.Duration!.Value, 2.1); // how long the last one stands, the file says or not
    }

    [Theory]
    [InlineData(new long[] { 33, 33, 34, 33, 33, 34, 33, 33, 34, 33, 33, 34, 33, 33, 34 }, 30.0)]
    [InlineData(new long[] { 16, 17, 17, 16, 17, 17, 16, 17, 17, 16, 17, 17, 2000, 2000, 2000 }, 60.0)]
    [InlineData(new long[] { 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40 }, 25.0)]
    [InlineData(new long[] { 40, 40 }, null)]
    public void The_usual_distance_of_two_pictures_is_the_rate(long[] distances, double? rate)
    {
        var pictures = new PictureDistances();
        var time = 0L;
        pictures.Add(time, 0.001);
        foreach (var distance in distances)
            pictures.Add(time += distance, 0.001);

        Assert.Equal(rate, pictures.Rate is { } found ? Math.Round(found) : null);
    }

    [Fact(Timeout = Limit)]
    public async Task A_recording_that_grows_is_published_at_its_largest_size()
    {
        var small = await Clip.MakeAsync("grows-1.webm", "-f lavfi -i testsrc=s=160x90:r=30:d=2 -c:v libvpx -deadline realtime -cpu-used 8 -b:v 200k");
        var large = await Clip.MakeAsync("grows-2.webm", "-f lavfi -i testsrc=s=640x360:r=30:d=4 -c:v libvpx -deadline realtime -cpu-used 8 -b:v 200k");
        var list = Path.Combine(Host.Root, "list.txt");
        await File.WriteAllTextAsync(list, $"file {small}\nfile {large}\n", TestContext.Current.CancellationToken);

        var video = await Host.IngestAsync(await Clip.MakeAsync("grows.webm", $"-f concat -safe 0 -i {list} -c copy"));

        await IsCorrectAsync(video);
        Assert.Contains(video.Variants, variant => variant.Tag.Contains("RESOLUTION=640x360,", StringComparison.Ordinal));
        Assert.Equal(6, video.Status.Duration!.Value, 0.1);
    }

    [Theory(Timeout = Limit)]
    [InlineData("libx264 -preset veryfast -pix_fmt yuv420p", "turned.ts")]
    [InlineData("libx264 -preset veryfast -pix_fmt yuv420p", "turned.mp4 -tag:v avc3")] // parameter sets with the pictures
    [InlineData("mpeg2video -b:v 3M", "turned.ts")]
    public async Task A_recording_that_is_turned_keeps_its_shape_and_gets_bars(string codec, string made)
    {
        async Task<byte[]> PartAsync(string color, string size, int offset) => await File.ReadAllBytesAsync(await Clip.MakeAsync(
            $"turned-{color}-{codec.Split(' ')[0]}.ts", $"-f lavfi -i color={color}:s={size}:r=25:d=3 -c:v {codec} -output_ts_offset {offset} -f mpegts"));
        var file = Path.Combine(Host.Root, "joined.ts");
        byte[] both = [.. await PartAsync("red", "320x192", 0), .. await PartAsync("blue", "192x320", 3)];
        await File.WriteAllBytesAsync(file, both, TestContext.Current.CancellationToken);
        string[] words = made.Split(' ');
        var clip = await Clip.MakeAsync($"{codec.Split(' ')[0]}-{words[0]}", $"-i {file} -c copy {string.Join(' ', words[1..])}");

        var video = await Host.IngestAsync(clip);

        await IsCorrectAsync(video);
        Assert.Contains("RESOLUTION=320x320,", video.Variants[0].Tag, StringComparison.Ordinal);
        // Landscape: bars above and below. Portrait: at the sides.
        async Task<string> ColorsAsync(int second) =>
            $"{await ColorAsync(video, second, 160, 20)} {await ColorAsync(video, second, 160, 160)} {await ColorAsync(video, second, 20, 160)}";
        Assert.Equal("black red red", await ColorsAsync(1));
        Assert.Equal("blue blue black", await ColorsAsync(5));
    }

    [Fact]
    public void Sizes_that_differ_by_rounding_only_need_no_bars()
    {
        var track = new VideoTrack(0, "mpeg2video", new(768, 576), 25);

        Assert.False(FrameSizeScanner.Holding(track, new HashSet<Size> { new(768, 576), new(767, 576), new(384, 288) }).ShapeChanges);
        Assert.Equal(new(768, 576), FrameSizeScanner.Holding(track, new HashSet<Size> { new(767, 576), new(768, 576) }).Display);
        Assert.Equal(new(768, 768), FrameSizeScanner.Holding(track, new HashSet<Size> { new(768, 432), new(432, 768) }).Display);
    }

    [Fact(Timeout = Limit)]
    public async Task An_encrypted_MP4_is_called_encrypted() => await IsEncryptedAsync(await File.ReadAllBytesAsync(await Clip.MakeAsync(
        "encrypted.mp4",
        "-f lavfi -i testsrc2=s=160x90:r=25:d=2 -f lavfi -i sine=d=2 -c:v libx264 -pix_fmt yuv420p -c:a aac -encryption_scheme cenc-aes-ctr "
        + "-encryption_key 76a6c65c5ea762046bd749a2e632ccbb -encryption_kid a7e61c373e219033c21091fa607bf3b8"), TestContext.Current.CancellationToken));

    [Theory(Timeout = Limit)]
    [InlineData(188, 0)]
    [InlineData(192, 0)]
    [InlineData(188, 0.6)] // in the clear at its beginning
    public async Task A_scrambled_transport_stream_is_called_encrypted(int packet, double from)
    {
        var file = await File.ReadAllBytesAsync(
            await Clip.MakeAsync(
                $"scrambled-{packet}.ts", $"-f lavfi -i testsrc2=s=160x90:r=25:d=2 -c:v libx264 -mpegts_m2ts_mode {(packet == 192 ? 1 : 0)} -f mpegts"),
            TestContext.Current.CancellationToken);
        for (var at = packet - 188; at + 188 <= file.Length; at += packet)
        {
            var pid = (file[at + 1] & 0x1F) << 8 | file[at + 2];
            if (pid is 0x100 or 0x1011 && at >= from * file.Length) // the picture, as ffmpeg numbers it
                file[at + 3] |= 0x80; // ISO/IEC 13818-1, 2.4.3.3
        }

        await IsEncryptedAsync(file);
    }

    [Fact(Timeout = Limit)]
    public async Task A_Blu_ray_disc_with_copy_protection_is_called_encrypted()
    {
        var file = new byte[4 * 6144];
        new Random(1).NextBytes(file);
        for (var unit = 0; unit < file.Length; unit += 6144)
            ((ReadOnlySpan<byte>)[0xC0, 0, 0, 0, 0x47, 0x50, 0x11, 0x10]).CopyTo(file.AsSpan(unit));

        await IsEncryptedAsync(file);
    }

    [Fact(Timeout = Limit)]
    public async Task A_scrambled_DVD_is_called_encrypted()
    {
        var file = await File.ReadAllBytesAsync(
            await Clip.MakeAsync("scrambled.vob", "-f lavfi -i testsrc2=s=160x90:r=25:d=2 -c:v mpeg2video -f vob"), TestContext.Current.CancellationToken);
        for (var at = 0; at + 7 <= file.Length; at++)
        {
            if (file.AsSpan(at).StartsWith((ReadOnlySpan<byte>)[0, 0, 1, 0xE0]))
                file[at + 6] |= 0x10; // ISO/IEC 13818-1, 2.4.3.7
        }

        await IsEncryptedAsync(file);
    }

    [Fact(Timeout = Limit)]
    public async Task An_encrypted_WebM_is_called_encrypted()
    {
        // In place of a title of the same length (RFC 9559, 5.1.4.1.31).
        var title = new string('X', 60);
        var file = await File.ReadAllBytesAsync(
            await Clip.MakeAsync("encrypted.webm", $"-f lavfi -i testsrc2=s=160x90:r=25:d=2 -c:v libvpx -metadata:s:v title={title}"),
            TestContext.Current.CancellationToken);
        var at = file.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(title));
        Assert.Equal([0x53, 0x6E, 0x80 | 60], file[(at - 3)..at]);
        byte[] encryption = [.. Element("47E1", 5), .. Element("47E2", [.. Enumerable.Range(0, 16).Select(value => (byte)value)])];
        byte[] encoding = Element("6240", [.. Element("5031", 0), .. Element("5032", 1), .. Element("5033", 1), .. Element("5035", encryption)]);
        byte[] content = [.. encoding, .. Element("EC", new byte[60 - encoding.Length - 2])];
        ((byte[])[0x6D, 0x80, 0x80 | 60, .. content]).CopyTo(file, at - 3);

        await IsEncryptedAsync(file);

        static byte[] Element(string id, params byte[] content) => [.. Convert.FromHexString(id), (byte)(0x80 | content.Length), .. content];
    }

    private static async Task IsEncryptedAsync(byte[] file)
    {
        await using var own = await IngestHost.StartAsync();
        using var response = await own.PostAsync(new MemoryStream(file));

        await IngestTests.AssertProblemAsync(response, HttpStatusCode.UnprocessableEntity, "encrypted");
        await own.AssertNothingIsLeftAsync();
    }

    private static Task<VideoTrack> DetectAsync(string clip, VideoTrack track) =>
        new FieldDetector(new(Microsoft.Extensions.Logging.Abstractions.NullLogger<IngestVideo.Processes.Sandbox>.Instance), new())
            .DetectAsync(track, TimeSpan.FromSeconds(2), clip, new("avi"), TestContext.Current.CancellationToken);

    /// <summary>The nearest of a few colours at a place of the picture at a time.</summary>
    private static async Task<string> ColorAsync(PublishedVideo video, int second, int x, int y)
    {
        var filter = $"setpts=PTS-STARTPTS,trim=start={second.ToString(CultureInfo.InvariantCulture)},crop=2:2:{x}:{y},scale=1:1,format=rgb24";
        return await Ffmpeg.BytesAsync("-i", video.Joined(video.LargestVideo), "-vf", filter, "-frames:v", "1", "-f", "rawvideo", "-") switch
        {
            [> 180, < 80, < 80] => "red",
            [< 80, < 80, > 180] => "blue",
            [< 40, < 40, < 40] => "black",
            var other => Convert.ToHexString(other),
        };
    }

    private static int Count(Match match, int group) => int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    public sealed class VeryfastHost() : ClassHost(("X264_PRESET", "veryfast"));
}
