using IngestVideo.Media;
using IngestVideo.Planning;
using IngestVideo.Publishing;
using Reelseal;
using Reelseal.Storage;
using Reelseal.Testing;

namespace IngestVideo.Tests.Publishing;

/// <summary>What is looked at of segments that were copied from a source, before players get them.</summary>
public sealed class CopyCheckTests
{
    private const int Limit = 60_000;
    private const string Picture = "-f lavfi -i testsrc2=s=640x360:r=25:d=3 -c:v libx264 -preset veryfast -pix_fmt yuv420p -g 25";

    private static readonly Task<int?> s_nothing = Task.FromResult<int?>(null);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory(Timeout = Limit)]
    [InlineData("ts", "idr.ts", Picture, true)]
    [InlineData("ts", "no-idr.ts", $"{Picture} -bsf:v noise=drop=key", false)]
    // It begins with pictures that need an earlier one.
    [InlineData("ts", "open.ts", $"{Picture} -x264-params open-gop=1:bframes=2 -bsf:v noise=drop=lt(n\\,25)", false)]
    [InlineData("fmp4", "idr.mp4", $"{Picture} -movflags empty_moov+default_base_moof+frag_every_frame", true)]
    [InlineData("fmp4", "no-idr.mp4", $"{Picture} -bsf:v noise=drop=key -movflags empty_moov+default_base_moof+frag_every_frame", false)]
    public async Task A_copied_segment_that_does_not_begin_with_an_IDR_picture_ends_the_copy(string format, string name, string arguments, bool isGood)
    {
        using var folder = new TemporaryDirectory();
        using var workspace = Workspace.Create(folder.Path);
        var segmentFormat = format == "ts" ? SegmentFormat.MpegTs : SegmentFormat.FragmentedMp4;
        var copy = TranscodeStep.Of(Plan(segmentFormat, gap: 1))[0];
        foreach (var rendition in copy.Segmented)
            Directory.CreateDirectory(Path.Combine(workspace.Output, rendition.Name));
        File.Copy(await Clip.MakeAsync(name, arguments), Path.Combine(workspace.Output, copy.Video.Single().Name, format == "ts" ? "00000.ts" : "00000.m4s"));
        var store = new DirectoryObjectStore(Path.Combine(folder.Path, "store"), TimeSpan.FromSeconds(5));
        var publisher = new SegmentPublisher(copy, workspace, new(store, VideoId.New(), "0123456789abcdef"), 1 << 20, _ => { });

        var publishing = publisher.PublishAsync(Task.CompletedTask, s_nothing, Token);

        if (isGood)
            await publishing;
        else
            Assert.Contains("00000", (await Assert.ThrowsAsync<CopyFailedException>(() => publishing)).Message, StringComparison.Ordinal);
        Assert.Equal(isGood ? 1 : 0, await store.ListAsync("", Token).CountAsync(Token));
    }

    [Theory(Timeout = Limit)]
    [InlineData(3.005, true)]
    [InlineData(3.02, false)]
    public async Task A_rendition_that_is_cut_elsewhere_than_the_copy_ends_the_copy(double other, bool isGood)
    {
        using var folder = new TemporaryDirectory();
        using var workspace = Workspace.Create(folder.Path);
        var plan = Plan(SegmentFormat.MpegTs, gap: 3);
        var segment = await Clip.MakeAsync("idr.ts", Picture);
        foreach (var rendition in TranscodeStep.Of(plan).SelectMany(step => step.Segmented))
        {
            var output = Directory.CreateDirectory(Path.Combine(workspace.Output, rendition.Name)).FullName;
            foreach (var name in (string[])["00000.ts", "00001.ts"])
                File.Copy(segment, Path.Combine(output, name));
            var first = rendition == plan.Video[0] ? other : 3;
            var playlist = FormattableString.Invariant(
                $"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:{first},\n00000.ts\n#EXTINF:{6 - first},\n00001.ts\n#EXT-X-ENDLIST\n");
            await File.WriteAllTextAsync(Path.Combine(output, "playlist.m3u8"), playlist, Token);
        }
        var store = new DirectoryObjectStore(Path.Combine(folder.Path, "store"), TimeSpan.FromSeconds(5));
        var publication = new Publication(store, VideoId.New(), "0123456789abcdef");
        var publishers = TranscodeStep.Of(plan).Select(step => new SegmentPublisher(step, workspace, publication, 1 << 20, _ => { })).ToList();
        await publishers[0].PublishAsync(Task.CompletedTask, s_nothing, Token);
        var copied = await publishers[0].FinishAsync([], new(plan, publication), Token);
        await publishers[1].PublishAsync(Task.CompletedTask, Task.FromResult<int?>(2), Token);

        var finishing = publishers[1].FinishAsync(copied, new(plan, publication), Token);

        if (isGood)
            Assert.Equal(["avc1.64001e", "avc1.64001e", "avc1.64001e"], copied.Concat(await finishing).Select(rendition => rendition.Codecs));
        else
            Assert.Contains("not cut at the same moments", (await Assert.ThrowsAsync<CopyFailedException>(() => finishing)).Message, StringComparison.Ordinal);
    }

    /// <summary>A plan with a copied rendition and one that is encoded.</summary>
    private static TranscodePlan Plan(SegmentFormat format, int gap) =>
        TranscodePlan.For(new(TimeSpan.FromSeconds(6), new(0, "h264", new(640, 360), 25), [], []), Ladder.Default, format)
            .WithCopy(TimeSpan.FromSeconds(gap), new HashSet<int>());
}
