using System.Globalization;
using IngestVideo.Media;
using IngestVideo.Planning;
using IngestVideo.Processes;
using Reelseal.Testing;

namespace IngestVideo.Tests.Chunks;

/// <summary>Chunks that are encoded one by one show what the whole would show, picture by picture.</summary>
public sealed class ChunkTests
{
    private const int Limit = 300_000;
    private const string Picture = "-f lavfi -i testsrc2=s=160x90:r=25:d=14";
    private const string Sound = "-f lavfi -i sine=d=14:r=48000";
    private const string Fields = "-f lavfi -i testsrc2=s=160x120:r=50:d=14 -vf tinterlace=interleave_top,fieldorder=tff";
    private const string PerceptualQuantizer = "-c:v libx265 -preset ultrafast -pix_fmt yuv420p10le "
        + "-x265-params log-level=none:keyint=50:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc";
    private const string Joins = "-mpegts_flags initial_discontinuity"; // or packets would seem to be missing
    private const string X264 = "-c:v libx264 -preset veryfast -pix_fmt yuv420p -b:v 300k -g 50";
    private static readonly TimeSpan s_length = TimeSpan.FromSeconds(6); // a segment

    private static readonly IngestOptions s_options = new()
    {
        Ladder = new([new("small", 128, 72, 100, MaxFrameRate: 30), new("large", 160, 90, 300)]), X264Preset = "veryfast", CopySource = false,
    };

    /// <summary>The name of a source, and ffmpeg's arguments for it.</summary>
    public static TheoryData<string, string> Sources => new()
    {
        { "cfr.mp4", $"{Picture} {Sound} {X264} -c:a aac" },
        { "open-gop.mkv", $"{Picture} {Sound} {X264} -x264-params open-gop=1:keyint=37:min-keyint=5:log=-1 -force_key_frames 3.3,9.9 -c:a aac" },
        { "open-gop-2.mkv", $"{Picture} {X264} -x264-params open-gop=1:keyint=50:min-keyint=50:scenecut=0:log=-1" },
        { "vfr.mkv", $"{Picture} {X264} -g 25 -vf select='lt(mod(n\\,60)\\,20)+not(mod(n\\,9))' -fps_mode vfr" },
        { "interlaced-h264.ts", $"{Fields} {X264} -flags +ilme+ildct" },
        { "interlaced-mpeg2.ts", $"{Fields} -c:v mpeg2video -b:v 2M -bf 2 -g 15 -flags +ilme+ildct -top 1" },
        { "late.ts", $"-itsoffset 1.31 {Picture} {Sound} {X264} -c:a aac" },
        { "wrap.ts", $"{Picture} {Sound} {X264} -c:a aac -output_ts_offset 95435" },
        { "program.mpg", $"-f lavfi -i testsrc2=s=320x180:r=25:d=14 {Sound} -c:v mpeg2video -b:v 1M -bf 2 -g 15 -c:a mp2 -f mpeg" },
        { "mpeg4-2997.avi", "-f lavfi -i testsrc2=s=160x90:r=30000/1001:d=14 -c:v mpeg4 -b:v 500k -g 40" },
        { "h264.flv", $"{Picture} -f lavfi -i sine=d=14:r=44100 {X264} -c:a aac" },
        { "vp9.webm", $"{Picture} -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 300k -g 50 -f webm -live 1" },
        { "open-hevc.mp4", $"{Picture} -c:v libx265 -preset ultrafast -x265-params log-level=none:open-gop=1:keyint=37:bframes=3" },
        { "open-hevc-2.ts", $"{Picture} -c:v libx265 -preset ultrafast -x265-params log-level=none:open-gop=1:keyint=50:min-keyint=50:scenecut=0:bframes=3" },
        { "sound-goes-on.mp4", $"-f lavfi -i testsrc2=s=160x90:r=25:d=9 {Sound} {X264} -c:a aac" },
    };

    public static TheoryData<string, string> MoreSources => new()
    {
        { "5994.mp4", $"-f lavfi -i testsrc2=s=160x90:r=60000/1001:d=14 {X264}" },
        { "pq.mkv", $"-f lavfi -i testsrc2=s=160x90:r=25:d=13 {PerceptualQuantizer}" },
        { "av1.mkv", $"{Picture} -c:v libsvtav1 -preset 12 -g 50 -b:v 300k -f matroska -live 1" },
        { "one-more.mp4", $"-f lavfi -i testsrc2=s=160x90:r=25:d=12.04 {X264}" },
        { "vfr.mp4", $"{Picture} {X264} -g 25 -vf select='lt(mod(n\\,50)\\,20)+not(mod(n\\,7))' -fps_mode vfr" },
        { "23976.mkv", $"-f lavfi -i testsrc2=s=160x90:r=24000/1001:d=14 {Sound} {X264} -c:a aac" },
        { "2997.ts", $"-f lavfi -i testsrc2=s=160x90:r=30000/1001:d=14 {Sound} {X264} -c:a aac" },
        { "sar.mkv", $"-f lavfi -i testsrc2=s=120x90:r=25:d=14,setsar=4/3 {X264}" },
        { "late.mkv", $"-itsoffset 1.3 {Picture} {Sound} {X264} -c:a aac" },
        { "fraction-late.mp4", $"-itsoffset 0.015 {Picture} {Sound} {X264} -c:a aac" },
        { "hour.ts", $"{Picture} {Sound} {X264} -c:a aac -output_ts_offset 3600" },
        { "mpeg4.avi", $"{Picture} {Sound} -c:v mpeg4 -b:v 500k -g 40 -c:a mp2" },
        { "one-less.mp4", $"-f lavfi -i testsrc2=s=160x90:r=25:d=17.96 {X264}" },
        { "twelve.mkv", $"-f lavfi -i testsrc2=s=160x90:r=12:d=14 {X264} -g 24" },
    };

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Sources))]
    public Task Chunks_show_what_the_whole_shows(string name, string arguments) => AreTheWholeAsync(name, arguments, SegmentFormat.MpegTs);

    [Theory(Timeout = Limit)]
    [MemberData(nameof(MoreSources))]
    [Trait("Category", "Soak")]
    public Task Chunks_of_more_sources_show_what_the_whole_shows(string name, string arguments) =>
        AreTheWholeAsync(name, arguments, SegmentFormat.MpegTs);

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Sources))]
    [MemberData(nameof(MoreSources))]
    [Trait("Category", "Soak")]
    public Task Chunks_of_fragmented_MP4_show_what_the_whole_shows(string name, string arguments) =>
        AreTheWholeAsync(name, arguments, SegmentFormat.FragmentedMp4);

    [Fact(Timeout = Limit)]
    public async Task Chunks_of_fragmented_MP4_continue_each_other() => await AreTheWholeAsync(
        await Clip.MakeAsync("cfr.mp4", $"{Picture} {Sound} {X264} -c:a aac"), s_options with { SegmentFormat = SegmentFormat.FragmentedMp4 });

    [Theory(Timeout = Limit)]
    [InlineData(90)]
    [InlineData(180)]
    [InlineData(270)]
    public async Task Chunks_of_a_turned_picture_are_upright(int degrees)
    {
        var flat = await Clip.MakeAsync("flat.mp4", $"{Picture} {X264}");
        await AreTheWholeAsync(await Clip.TurnedAsync(flat, degrees), s_options);
    }

    [Fact(Timeout = Limit)]
    public async Task Chunks_begin_where_an_edit_list_begins()
    {
        var whole = await Clip.MakeAsync("long.mp4", $"-f lavfi -i testsrc2=s=160x90:r=25:d=16 -f lavfi -i sine=d=16:r=48000 {X264} -c:a aac");
        await AreTheWholeAsync(await Clip.MakeAsync("edited.mp4", $"-ss 1.3 -i {whole} -c copy"), s_options);
    }

    [Fact(Timeout = Limit)]
    public async Task Chunks_may_be_longer_than_a_segment_and_keyframes_ten_seconds_apart() => await AreTheWholeAsync(
        await Clip.MakeAsync("gop-10.mp4", $"-f lavfi -i testsrc2=s=160x90:r=10:d=45 {X264} -g 100"), s_options, length: 20);

    [Theory(Timeout = Limit)]
    [InlineData(SegmentFormat.MpegTs, "copied.mp4", "r=25", "-g 50 -keyint_min 50 -sc_threshold 0")]
    [InlineData(SegmentFormat.FragmentedMp4, "copied-97.mp4", "r=30", "-g 97 -keyint_min 97 -sc_threshold 0")]
    [InlineData(SegmentFormat.MpegTs, "copied.mkv", "r=30000/1001", "-force_key_frames 0,1.5,4.1,5,8.9,9.1,12,13.3,16,19 -sc_threshold 0 -g 1000")]
    [InlineData(SegmentFormat.MpegTs, "copied-60.mp4", "r=60", "-g 90 -keyint_min 90 -sc_threshold 0")]
    public async Task Chunks_beside_a_copy_are_cut_where_it_is(SegmentFormat format, string name, string rate, string keyframes)
    {
        const string tags = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709";
        var source = await Clip.MakeAsync(
            name,
            $"-f lavfi -i testsrc2=s=160x90:{rate}:d=16,{tags} -f lavfi -i sine=d=16:r=48000 -c:a aac -c:v libx264 -pix_fmt yuv420p -preset veryfast "
            + $"-b:v 250k -colorspace bt709 -color_trc bt709 -color_primaries bt709 {keyframes}");
        using var video = await AreTheWholeAsync(source, s_options with { SegmentFormat = format, CopySource = true }, length: 8);
        Assert.True(video.Plan.CopiesSource);
    }

    [Theory(Timeout = Limit)]
    [InlineData("one-keyframe.mp4", $"{Picture} {X264} -g 1000 -sc_threshold 0", "From one of its keyframes")]
    [InlineData("gradual.mp4", $"{Picture} {X264} -x264-params intra-refresh=1:keyint=50:log=-1", "Its pictures are refreshed gradually.")]
    [InlineData("b-frames.avi", $"{Picture} {X264}", "Packets do not say when they are shown.")]
    [InlineData("short.mp4", $"-f lavfi -i testsrc2=s=160x90:r=25:d=11 {X264}", "The video is shorter than two chunks.")]
    [InlineData("sound.m4a", $"{Sound} -c:a aac", "There is no picture to encode.")]
    [InlineData("slides.mp4", $"-f lavfi -i testsrc2=s=160x90:r=1/4:d=40 {X264} -g 1", "From one of its pictures")]
    public async Task Where_chunks_are_not_possible_the_plan_says_why(string name, string arguments, string reason)
    {
        using var video = await ChunkedVideo.OfAsync(await Clip.MakeAsync(name, arguments), s_options);

        Assert.StartsWith(reason, ChunkPlan.FindObstacle(video.Plan, video.Points, s_length), StringComparison.Ordinal);
    }

    [Theory(Timeout = Limit)]
    [InlineData("closed.mkv", "libx264 -x264-params log=-1:open-gop=0", true)]
    [InlineData("open.mkv", "libx264 -x264-params log=-1:open-gop=1", false)]
    [InlineData("closed-hevc.mkv", "libx265 -x265-params log-level=none:open-gop=0", true)]
    [InlineData("open-hevc.mkv", "libx265 -x265-params log-level=none:open-gop=1", false)]
    public async Task Keyframes_that_others_surround_are_not_those_that_nothing_reaches_across(string name, string encoder, bool areClosed)
    {
        using var video = await ChunkedVideo.OfAsync(
            await Clip.MakeAsync(
                name, $"{Picture} -pix_fmt yuv420p -preset veryfast -c:v {encoder}:keyint=50:min-keyint=50:scenecut=0:bframes=3:b-adapt=0"), s_options);

        Assert.Equal(7, video.Points.Keyframes.Count);
        Assert.All(video.Points.Keyframes.Skip(1), point => Assert.Equal(areClosed, point.IsClosed));
    }

    [Fact(Timeout = Limit)]
    public async Task A_clock_that_jumps_is_an_obstacle()
    {
        var part = await File.ReadAllBytesAsync(await Clip.MakeAsync("part.ts", $"-f lavfi -i testsrc2=s=160x90:r=25:d=8 {X264} {Joins}"));
        await IsObstacleAsync("jump.ts", [.. part, .. part], "The times of its packets go back.");
        var later = await File.ReadAllBytesAsync(await Clip.MakeAsync(
            "later.ts", $"-f lavfi -i testsrc2=s=160x90:r=25:d=8 {X264} {Joins} -output_ts_offset 100"));
        await IsObstacleAsync("ahead.ts", [.. part, .. later], "Its clock jumps.");
    }

    [Fact(Timeout = Limit)]
    public async Task A_size_that_changes_is_an_obstacle()
    {
        var small = await File.ReadAllBytesAsync(await Clip.MakeAsync("small.ts", $"-f lavfi -i testsrc2=s=96x54:r=25:d=8 {X264}"));
        var large = await File.ReadAllBytesAsync(await Clip.MakeAsync(
            "large.ts", $"-f lavfi -i testsrc2=s=160x90:r=25:d=8 {X264} {Joins} -output_ts_offset 8"));
        await IsObstacleAsync("grows.ts", [.. small, .. large], "The size of the picture changes.");
    }

    private static async Task IsObstacleAsync(string name, byte[] content, string reason)
    {
        using var folder = new TemporaryDirectory();
        var path = Path.Combine(folder.Path, name);
        await File.WriteAllBytesAsync(path, content);
        using var video = await ChunkedVideo.OfAsync(path, s_options);
        Assert.Equal(reason, ChunkPlan.FindObstacle(video.Plan, video.Points, s_length));
    }

    private static async Task AreTheWholeAsync(string name, string arguments, SegmentFormat format)
    {
        Assert.SkipWhen(
            name == "program.mpg" && FfmpegVersion.Installed(Sandbox.Find).First().Release?.Major >= 7,
            "Of a program stream, this ffmpeg does not say when each picture is shown: it is encoded as a whole.");
        (await AreTheWholeAsync(await Clip.MakeAsync(name, arguments), s_options with { SegmentFormat = format })).Dispose();
    }

    private static async Task<ChunkedVideo> AreTheWholeAsync(string source, IngestOptions options, int length = 6)
    {
        var video = await ChunkedVideo.OfAsync(source, options);
        Assert.Null(ChunkPlan.FindObstacle(video.Plan, video.Points, TimeSpan.FromSeconds(length)));
        var plan = ChunkPlan.For(video.Plan, video.Points);
        var chunks = plan.Of(TimeSpan.FromSeconds(length), replicas: 1);
        Assert.True(chunks.Count > 1);
        await Task.WhenAll(video.TranscodeWholeAsync(), video.TranscodeChunksAsync(chunks));

        // The same source pictures, as they go into the encoders.
        var pictures = await Task.WhenAll(chunks.Select(video.PicturesAsync).Prepend(video.PicturesAsync(chunk: null)));
        Assert.Equal(pictures[0].Order(), pictures.Skip(1).SelectMany(part => part).Order());

        var renditions = TranscodeStep.Of(video.Plan, chunks[0]).Segmented.ToList();
        foreach (var rendition in renditions)
            await AreSegmentsTheWholesAsync(video, rendition);
        await AreTimesTheWholesAsync(
        [
            .. renditions.Select(rendition => (video.WholeFiles(rendition), video.ChunkFiles(rendition))),
            .. ((string[])["poster.ts", "storyboard.ts"]).Where(name => File.Exists(Path.Combine(video.Whole, name)))
                .Select(name => (Whole: (List<string>)[Path.Combine(video.Whole, name)], Chunks: StillsOf(video, name))).Where(still => still.Chunks is not []),
        ]);
        return video;
    }

    private static async Task AreSegmentsTheWholesAsync(ChunkedVideo video, Rendition rendition)
    {
        var parts = video.Chunks.Select(chunk => ChunkedVideo.Of(chunk.Result, rendition)).ToList();
        var (planned, segments) = (video.SegmentsOf(rendition), parts.SelectMany(part => part.Segments).ToList());
        if (rendition is VideoRendition && planned.Count == segments.Count + 1 && planned[^1].Seconds < 0.5) // joined when it is published
            planned = [.. planned.SkipLast(2), (planned[^2].Name, planned[^2].Seconds + planned[^1].Seconds)];
        Assert.Equal(planned.Select(segment => segment.Name), segments.Select(segment => segment.Name));
        Assert.Equal(planned.SkipLast(1).Select(segment => segment.Seconds), segments.SkipLast(1).Select(segment => Math.Round(segment.Seconds, 6)));
        Assert.Single(parts.Select(part => part.Codecs).Distinct());
        if (parts[0].InitSection is not null)
        {
            var init = await File.ReadAllBytesAsync(video.WholeFiles(rendition)[0]);
            foreach (var (job, _) in video.Chunks)
                Assert.Equal(init, await File.ReadAllBytesAsync(Path.Combine(video.FolderOf(job.Chunk), rendition.Name, "init.mp4")));
        }
    }

    private static List<string> StillsOf(ChunkedVideo video, string name) =>
    [
        .. video.Chunks.Where(chunk => chunk.Result.Stills.Any(still => still.Name == name))
            .Select(chunk => Path.Combine(video.FolderOf(chunk.Job.Chunk), name)),
    ];

    /// <summary>
    /// Chunks have the times of the whole, as a player reads them, and its keyframes, and they decode without a warning. One ffmpeg reads everything, because
    /// starting many would take longer than all else.
    /// </summary>
    private static async Task AreTimesTheWholesAsync(List<(List<string> Whole, List<string> Chunks)> pairs)
    {
        using var folder = new TemporaryDirectory();
        var list = Path.Combine(folder.Path, "packets");
        var inputs = pairs.SelectMany(pair => (string[])["-i", ChunkedVideo.Joined(pair.Whole), "-i", ChunkedVideo.Joined(pair.Chunks)]);
        var all = Enumerable.Range(0, 2 * pairs.Count).SelectMany(input => (string[])["-map", $"{input}:v:0"]);
        var chunks = Enumerable.Range(0, pairs.Count).SelectMany(pair => (string[])["-map", $"{2 * pair + 1}:v:0"]);
        Assert.Equal("", await Ffmpeg.LogAsync(
            ["-v", "warning", "-xerror", "-copyts", .. inputs, .. all, "-c", "copy", "-f", "framecrc", list, .. chunks, "-f", "null", "-"]));

        var units = new Dictionary<string, double>(StringComparer.Ordinal);
        var packets = new List<(string Stream, double Time, bool IsKey)>();
        foreach (var line in File.ReadLines(list))
        {
            if (line.Split(' ', ':', '/') is ["#tb", var number, _, var over, var under])
                units[number] = double.Parse(over, CultureInfo.InvariantCulture) / double.Parse(under, CultureInfo.InvariantCulture);
            else if (line is [not '#', ..] && line.Split(',', StringSplitOptions.TrimEntries) is [var stream, _, var shown, _, _, _, .. var more])
                packets.Add((
                    stream, long.Parse(shown, CultureInfo.InvariantCulture) * units[stream],
                    !more.Any(field => field.StartsWith("F=", StringComparison.Ordinal)))); // flags that are not those of a keyframe
        }
        for (var pair = 0; pair < pairs.Count; pair++)
        {
            Assert.NotEmpty(TimesOf(2 * pair));
            Assert.Equal(TimesOf(2 * pair), TimesOf(2 * pair + 1));
        }

        List<string> TimesOf(int input) =>
        [
            .. packets.Where(packet => packet.Stream == $"{input}").OrderBy(packet => packet.Time)
                .Select(packet => $"{packet.Time:0.00000} {(packet.IsKey ? 'K' : '_')}"),
        ];
    }
}
