using static IngestVideo.Tests.StreamAssert;

namespace IngestVideo.Tests;

/// <summary>A source that is fit for it is its own largest rendition; any other is encoded.</summary>
public sealed class CopyTests : IAsyncLifetime
{
    private const int Limit = 120_000;
    private const string Source = "-f lavfi -i testsrc2=s=640x360:r=30:d=14 -f lavfi -i sine=d=14 -c:a aac -c:v libx264 -pix_fmt yuv420p -preset veryfast -b:v 250k -colorspace bt709 -color_trc bt709 -color_primaries bt709";

    private IngestHost Host { get; set; } = null!;

    public async ValueTask InitializeAsync() => Host = await IngestHost.StartAsync();

    public ValueTask DisposeAsync() => Host.DisposeAsync();

    [Theory(Timeout = Limit)]
    [InlineData("copied-60.mp4", "-g 60 -keyint_min 60 -sc_threshold 0")]
    [InlineData("copied-97.mp4", "-g 97 -keyint_min 97 -sc_threshold 0")]
    [InlineData("copied-irregular.mp4", "-force_key_frames 0,1.5,4.1,5,8.9,9.1,12 -sc_threshold 0 -g 1000")]
    public async Task A_fit_source_is_copied_and_the_others_are_cut_where_it_is(string name, string keyframes)
    {
        var source = await Clip.MakeAsync(name, $"{Source} {keyframes}");

        var video = await Host.IngestAsync(source);

        Assert.Equal(await PicturesHashAsync(source), await PicturesHashAsync(video.Joined("360p")));
        await IsCorrectAsync(video);
        Assert.True(video.Variants.Count > 1);
    }

    [Theory(Timeout = Limit)]
    [InlineData("gap.mp4", "-g 150 -keyint_min 150 -sc_threshold 0")] // five seconds from one keyframe to the next
    [InlineData("open.mkv", "-g 60 -x264-params open-gop=1:scenecut=0")]
    [InlineData("refresh.mkv", "-g 60 -x264-params intra-refresh=1")]
    [InlineData("high-rate.mp4", "-g 60 -b:v 2M")]
    [InlineData("variable.mkv", "-g 60 -vf select='not(mod(n\\,3))+lt(mod(t\\,2)\\,1)' -fps_mode vfr")]
    public async Task An_unfit_source_is_encoded(string name, string options)
    {
        var source = await Clip.MakeAsync($"unfit-{name}", $"{Source} {options}");

        var video = await Host.IngestAsync(source);

        Assert.NotEqual(await PicturesHashAsync(source), await PicturesHashAsync(video.Joined(video.LargestVideo)));
        await IsCorrectAsync(video);
        Assert.Equal([6.0, 6.0], Segments(video, "360p").Select(segment => segment.Seconds).Take(2));
    }

    [Fact(Timeout = Limit)]
    public async Task Copying_can_be_switched_off()
    {
        await using var host = await IngestHost.StartAsync(("COPY_SOURCE", "false"));
        var source = await Clip.MakeAsync("copied-60.mp4", $"{Source} -g 60 -keyint_min 60 -sc_threshold 0");

        var video = await host.IngestAsync(source);

        Assert.NotEqual(await PicturesHashAsync(source), await PicturesHashAsync(video.Joined("360p")));
    }

    /// <summary>Of all decoded pictures.</summary>
    private static Task<string> PicturesHashAsync(string source) => Clip.RunAsync("ffmpeg", ["-v", "error", "-nostdin", "-i", source, "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "md5", "-"]);
}
