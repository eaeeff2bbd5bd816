using static IngestVideo.Tests.StreamAssert;

namespace IngestVideo.Tests.Transcoding;

/// <summary>A source that is fit for it is its own largest rendition; any other is encoded.</summary>
public sealed class CopyTests(ClassHost shared) : IClassFixture<ClassHost>
{
    private const int Limit = 300_000;
    /// <summary>Newer ffmpegs take them from the pictures, older ones from the options.</summary>
    internal const string Tags = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709";
    private const string Picture = "-c:v libx264 -pix_fmt yuv420p -preset veryfast -b:v 250k -colorspace bt709 -color_trc bt709 -color_primaries bt709";
    private const string Source = $"-f lavfi -i testsrc2=s=640x360:r=30:d=14,{Tags} -f lavfi -i sine=d=14 -c:a aac {Picture}";
    private const string Every60 = "-g 60 -keyint_min 60 -sc_threshold 0";

    private IngestHost Host => shared.Started;

    [Theory(Timeout = Limit)]
    [InlineData("ts", "copied-60.mp4", Every60)]
    [InlineData("fmp4", "copied-60.mp4", Every60)]
    [InlineData("ts", "copied-97.mkv", "-g 97 -keyint_min 97 -sc_threshold 0")]
    [InlineData("ts", "copied-120.ts", "-g 120 -keyint_min 120 -sc_threshold 0")]
    [InlineData("ts", "copied-irregular.mp4", "-force_key_frames 0,1.5,4.1,5,8.9,9.1,12 -sc_threshold 0 -g 1000")]
    [InlineData("fmp4", "copied-97.mp4", "-g 97 -keyint_min 97 -sc_threshold 0")]
    public async Task A_fit_source_is_copied_and_the_others_are_cut_where_it_is(string format, string name, string keyframes)
    {
        await using var host = await IngestHost.StartAsync(("SEGMENT_FORMAT", format));
        var source = await Clip.MakeAsync(name, $"{Source} {keyframes}");

        var video = await host.IngestAsync(source);

        Assert.Equal(await Clip.PicturesHashAsync(source), await Clip.PicturesHashAsync(video.Joined("360p")));
        await IsCorrectAsync(video, longestGap: 4.01);
        Assert.Equal(2, video.Variants.Count);
        Assert.All(Segments(video, "360p"), segment => Assert.InRange(segment.Seconds, 0, 8.05));
    }

    [Fact(Timeout = Limit)]
    public async Task A_source_of_sixty_pictures_a_second_is_copied_beside_renditions_of_thirty()
    {
        var source = await Clip.MakeAsync(
            "copied-60fps.mp4", $"-f lavfi -i testsrc2=s=960x540:r=60:d=7,{Tags} {Picture} -preset ultrafast -g 120 -keyint_min 120");

        var video = await Host.IngestAsync(source);

        Assert.Equal(await Clip.PicturesHashAsync(source), await Clip.PicturesHashAsync(video.Joined("540p")));
        await IsCorrectAsync(video, longestGap: 4.01);
    }

    [Fact(Timeout = Limit)]
    public async Task Irregular_keyframes_are_copied_in_transport_streams_only()
    {
        await using var host = await IngestHost.StartAsync(("SEGMENT_FORMAT", "fmp4"));
        var source = await Clip.MakeAsync("copied-irregular.mp4", $"{Source} -force_key_frames 0,1.5,4.1,5,8.9,9.1,12 -sc_threshold 0 -g 1000");

        var video = await host.IngestAsync(source);

        Assert.NotEqual(await Clip.PicturesHashAsync(source), await Clip.PicturesHashAsync(video.Joined("360p")));
        await IsCorrectAsync(video);
    }

    [Theory(Timeout = Limit)]
    [InlineData("gap.mp4", "-g 150 -keyint_min 150 -sc_threshold 0")] // five seconds from one keyframe to the next
    [InlineData("intra.mp4", "-g 1 -crf 45")]
    [InlineData("open.mkv", "-g 60 -x264-params open-gop=1:scenecut=0")]
    [InlineData("refresh.mkv", "-g 60 -x264-params intra-refresh=1")]
    [InlineData("high-rate.mp4", "-g 60 -b:v 2M")]
    [InlineData("variable.mkv", "-g 60 -vf select='not(mod(n\\,3))+lt(mod(t\\,2)\\,1)' -fps_mode vfr")]
    [InlineData("skipped.mkv", "-g 60 -vf select='not(eq(n\\,100))' -fps_mode passthrough")] // a single picture is missing
    public async Task An_unfit_source_is_encoded(string name, string options)
    {
        var source = await Clip.MakeAsync($"unfit-{name}", $"{Source} {options}");

        await IsEncodedAsync(source);
    }

    [Fact(Timeout = Limit)]
    public async Task A_source_whose_size_changes_on_the_way_is_encoded()
    {
        var (small, large) = (
            await Clip.MakeAsync("change-1.ts", $"{Source} {Every60} -an"), await Clip.MakeAsync("change-2.ts", $"{Source} {Every60} -an -vf scale=320:180"));
        var both = Path.ChangeExtension(small, "both.ts");
        await File.WriteAllBytesAsync(both, [.. await File.ReadAllBytesAsync(small), .. await File.ReadAllBytesAsync(large)]);
        var source = await Clip.MakeAsync("change.mkv", $"-i {both} -map 0:v -c copy");

        var video = await IsEncodedAsync(source);

        Assert.Equal(28, video.Status.Duration!.Value, 0.2);
    }

    [Theory(Timeout = Limit)]
    [InlineData("ts", true)]
    [InlineData("ts", false)]
    public async Task A_source_with_a_second_header_on_the_way_is_encoded_whether_it_is_another_or_the_same(string format, bool changes)
    {
        const string flash = "-f lavfi -i testsrc2=s=640x360:r=30:d=7";
        await using var host = await IngestHost.StartAsync(("SEGMENT_FORMAT", format));
        // The same sequence parameter set, another picture parameter set.
        var first = await Clip.MakeAsync("header-1.flv", $"{flash},{Tags} {Picture} -profile:v high {Every60}");
        var second = await Clip.MakeAsync(
            $"header-2-{changes}.flv", $"{flash},{Tags} {Picture} -profile:v high {Every60} -x264-params cabac={(changes ? 0 : 1)}");
        var both = Path.ChangeExtension(first, "both.flv");
        await File.WriteAllBytesAsync(both, JoinFlv(await File.ReadAllBytesAsync(first), await File.ReadAllBytesAsync(second), milliseconds: 7000));

        var video = await host.IngestAsync(both);

        var copied = await Clip.PicturesHashAsync(both) == await Clip.PicturesHashAsync(video.Joined(video.LargestVideo));
        Assert.False(copied);
        await IsCorrectAsync(video);
        Assert.Equal(14, video.Status.Duration!.Value, 0.1);
    }

    /// <summary>
    /// Puts the tags of one FLV after those of another, later by so many milliseconds (Adobe Flash Video File Format Specification, annex E).
    /// </summary>
    private static byte[] JoinFlv(byte[] first, byte[] second, int milliseconds)
    {
        const int header = 13;
        for (var at = header; at + 11 <= second.Length; at += 15 + (second[at + 1] << 16 | second[at + 2] << 8 | second[at + 3]))
        {
            var time = (second[at + 7] << 24 | second[at + 4] << 16 | second[at + 5] << 8 | second[at + 6]) + milliseconds;
            (second[at + 7], second[at + 4], second[at + 5], second[at + 6]) = ((byte)(time >> 24), (byte)(time >> 16), (byte)(time >> 8), (byte)time);
        }
        return [.. first, .. second[header..]];
    }

    [Fact(Timeout = Limit)]
    public async Task A_source_that_was_cut_without_encoding_is_encoded()
    {
        var whole = await Clip.MakeAsync("copied-60.mp4", $"{Source} {Every60}");

        var video = await IsEncodedAsync(await Clip.MakeAsync("cut-60.mp4", $"-ss 1.3 -i {whole} -c copy"));

        Assert.Equal(12.7, video.Status.Duration!.Value, 0.1);
    }

    [Fact(Timeout = Limit)]
    public async Task A_damaged_source_is_encoded_after_all()
    {
        var whole = await Clip.MakeAsync("copied-60.mp4", $"{Source} {Every60}");
        var damaged = await File.ReadAllBytesAsync(whole);
        new Random(7).NextBytes(damaged.AsSpan(damaged.Length / 2, 3000)); // in the middle of the pictures

        var path = Path.ChangeExtension(whole, "damaged.mp4");
        await File.WriteAllBytesAsync(path, damaged);

        await IsEncodedAsync(path); // and all of it decodes without an error
    }

    [Fact(Timeout = Limit)]
    public async Task Copying_can_be_switched_off()
    {
        await using var host = await IngestHost.StartAsync(("COPY_SOURCE", "false"));
        var source = await Clip.MakeAsync("copied-60.mp4", $"{Source} {Every60}");

        var video = await host.IngestAsync(source);

        Assert.NotEqual(await Clip.PicturesHashAsync(source), await Clip.PicturesHashAsync(video.Joined("360p")));
    }

    private async Task<PublishedVideo> IsEncodedAsync(string source)
    {
        var video = await Host.IngestAsync(source);

        Assert.NotEqual(await Clip.PicturesHashAsync(source), await Clip.PicturesHashAsync(video.Joined(video.LargestVideo)));
        await IsCorrectAsync(video);
        Assert.Equal([6.0, 6.0], Segments(video, "360p").Select(segment => segment.Seconds).Take(2));
        return video;
    }
}
