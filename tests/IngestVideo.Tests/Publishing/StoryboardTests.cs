using System.Globalization;
using IngestVideo.Media;
using IngestVideo.Planning;
using IngestVideo.Publishing;
using Reelseal;
using Reelseal.Storage;
using Reelseal.Testing;

namespace IngestVideo.Tests.Publishing;

/// <summary>The pictures above the seek bar: which part of which sprite belongs to which time.</summary>
public sealed class StoryboardTests
{
    private const int Limit = 300_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task Tiles_go_from_left_to_right_then_down_and_then_to_the_next_sprite()
    {
        using var folder = new TemporaryDirectory();
        var (workspace, publication, store) = Create(folder.Path, out var plan);
        using var _ = workspace;
        // 59 keyframes of 2 s, every second of which has a tile, and a last one that stands alone for 0.5 s.
        plan = plan with { Storyboard = plan.Storyboard! with { Every = 2 } };
        var keyframes = Enumerable.Range(0, 59).Select(number => new MediaSegment($"{number}", number == 58 ? 0.5 : 2, 1));
        var frames = new PublishedRendition(plan.IFrames!, "x", default, [.. keyframes]);

        var (poster, storyboard) = await new StillPublisher(plan, workspace, publication).PublishAsync(frames, seconds: 116.5, Token);

        Assert.Null(poster);
        Assert.Equal(publication.KeyOf("storyboard.vtt"), storyboard);
        var cues = await ReadAsync(store, storyboard!);
        Assert.Equal(30, cues.Count);
        foreach (var (tile, cue) in cues.Index())
        {
            var (sprite, place) = (tile / 25, tile % 25);
            Assert.Equal($"storyboard-{sprite:000}.jpg#xywh={place % 5 * 160},{place / 5 * 90},160,90", cue.Text);
            Assert.Equal((TimeSpan.FromSeconds(4 * tile), TimeSpan.FromSeconds(tile == 29 ? 116.5 : 4 * (tile + 1))), (cue.Start, cue.End));
        }
    }

    [Fact(Timeout = Limit)]
    public async Task One_picture_without_keyframes_of_its_own_stands_for_the_whole_video()
    {
        using var folder = new TemporaryDirectory();
        var (workspace, publication, store) = Create(folder.Path, out var plan);
        using var _ = workspace;

        var (_, storyboard) = await new StillPublisher(plan, workspace, publication).PublishAsync(frames: null, seconds: 0.04, Token);

        Assert.Equal([new Cue(TimeSpan.Zero, TimeSpan.FromMilliseconds(40), "", "storyboard-000.jpg#xywh=0,0,160,90")], await ReadAsync(store, storyboard!));
    }

    /// <summary>A video that gets brighter with each keyframe, so that each tile shows which one it is of.</summary>
    [Fact(Timeout = Limit)]
    public async Task Each_tile_shows_the_video_at_its_time()
    {
        await using var host = await IngestHost.StartAsync();
        const int keyframes = 12;
        var video = await host.IngestAsync(await Clip.MakeAsync(
            "brighter.mp4",
            $"-f lavfi -i color=black:s=320x180:r=10:d={2 * keyframes} -vf geq=lum=16+18*floor(T/2):cb=128:cr=128 "
            + "-c:v libx264 -preset ultrafast -pix_fmt yuv420p"));
        var sprite = Path.Combine(video.Folder, video.Status.Attempt, "storyboard-000.jpg");

        var cues = await ReadAsync(host.Store, video.Status.Storyboard!);

        Assert.Equal(keyframes, cues.Count);
        var brightness = new List<double>();
        foreach (var cue in cues)
        {
            var place = cue.Text.Split('=')[1].Split(',');
            var filter = $"crop={place[2]}:{place[3]}:{place[0]}:{place[1]},signalstats,metadata=mode=print:key=lavfi.signalstats.YAVG:file=-";
            var line = (await Ffmpeg.RunAsync("-i", sprite, "-vf", filter, "-f", "null", "-")).Split('\n')[1];
            brightness.Add(double.Parse(line.Split('=')[1], CultureInfo.InvariantCulture));
        }
        // In a JPEG, black is 0 and the steps are wider: 18 of 219 are 21 of 255.
        for (var tile = 0; tile < keyframes; tile++)
            Assert.Equal(21.0 * tile, brightness[tile], 6.0);
    }

    [Theory]
    [InlineData(180, 1)]
    [InlineData(181, 2)]
    [InlineData(480, 2)]
    [InlineData(481, 5)]
    public void Longer_videos_have_a_tile_for_every_second_or_fifth_keyframe(int seconds, int every) =>
        Assert.Equal(every, Plan(TimeSpan.FromSeconds(seconds)).Storyboard!.Every);

    [Theory]
    [InlineData(30, 3)]
    [InlineData(100, 10)]
    [InlineData(1000, 10)]
    public void The_poster_is_of_a_tenth_of_the_video_and_of_ten_seconds_at_most(int seconds, int at)
    {
        var plan = Plan(TimeSpan.FromSeconds(seconds));

        Assert.Equal(TimeSpan.FromSeconds(at), plan.Poster!.At);
        Assert.Equal(("720p", "iframes-360p", "360p", "234p"), (plan.Poster.Of.Name, plan.IFrames!.Name, plan.IFrames.Of.Name, plan.Storyboard!.Of.Name));
        Assert.Equal(new Size(160, 90), plan.Storyboard.Tile);
    }

    private static (Workspace, Publication, IObjectStore) Create(string folder, out TranscodePlan plan)
    {
        var store = new DirectoryObjectStore(Path.Combine(folder, "store"), TimeSpan.FromSeconds(5));
        var workspace = Workspace.Create(folder);
        Directory.CreateDirectory(workspace.Output);
        plan = Plan(TimeSpan.FromMinutes(1));
        return (workspace, new Publication(store, VideoId.New(), "0123456789abcdef"), store);
    }

    private static TranscodePlan Plan(TimeSpan duration) =>
        TranscodePlan.For(new(duration, new(0, "h264", new(1920, 1080), 25), [], []), Ladder.Default, SegmentFormat.MpegTs);

    private static async Task<List<Cue>> ReadAsync(IObjectStore store, string key)
    {
        await using var stored = await store.GetAsync(key, range: null, unlessETag: null, Token);
        using var reader = new StreamReader(stored!.Content);
        return await WebVtt.ReadAsync(reader, Token).ToListAsync(Token);
    }
}
