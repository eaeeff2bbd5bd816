using System.Text;
using System.Text.Json.Nodes;
using IngestVideo.Chunks;
using IngestVideo.Media;
using IngestVideo.Planning;

namespace IngestVideo.Tests.Chunks;

/// <summary>How a picture is divided, and what a worker accepts of it.</summary>
public sealed class ChunkPlanTests
{
    private static readonly IngestOptions s_options = new();

    [Theory]
    [InlineData(25, 1000, new[] { 0, 150, 300, 450, 600, 750, 900, 1000 })] // six seconds
    [InlineData(25, 912, new[] { 0, 150, 300, 450, 600, 750, 912 })] // the last half of a second belongs to the one before
    [InlineData(23.976, 500, new[] { 0, 144, 288, 432, 500 })] // 6.006 seconds
    [InlineData(59.94, 1100, new[] { 0, 360, 720, 1100 })]
    public void Segments_are_known_before_they_are_encoded(double rate, int frames, int[] cuts)
    {
        var whole = Divide(rate, frames);

        Assert.Equal(cuts, whole.Between(0, whole.Segments).Cuts);
    }

    [Theory]
    [InlineData(1, new[] { 2, 4, 4, 4, 4, 2 })]
    [InlineData(3, new[] { 2, 4, 4, 4, 2, 2, 1, 1 })]
    [InlineData(8, new[] { 2, 3, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1 })]
    public void The_first_and_the_last_chunks_are_shorter_and_nothing_is_left_out(int replicas, int[] segments)
    {
        var plan = Divide(25, 25 * 120);

        var chunks = plan.Of(TimeSpan.FromSeconds(24), replicas);

        Assert.Equal(segments, chunks.Select(chunk => chunk.Segments));
        Assert.Equal(0, chunks[0].First);
        Assert.All(chunks.Zip(chunks.Skip(1)), pair => Assert.Equal(
            (pair.First.End, pair.First.FirstSegment + pair.First.Segments, pair.First.FirstKeyframe + pair.First.Keyframes.Count),
            (pair.Second.First, pair.Second.FirstSegment, pair.Second.FirstKeyframe)));
        Assert.Equal([3000], chunks.Where(chunk => chunk.IsLast).Select(chunk => chunk.End));
        Assert.Equal(chunks.Count, chunks.Select(chunk => chunk.Name).Distinct().Count());
    }

    [Fact]
    public void A_chunk_is_cut_out_from_a_keyframe_a_second_earlier_to_beyond_its_end()
    {
        var chunk = Divide(25, 1000).Between(1, 2); // from 6 s to 12 s; keyframes of the source come every 2.5 s

        Assert.Equal(125, chunk.CutFrom);
        Assert.Equal(12.54, chunk.CutTo!.Value, 1e-6);
        var (first, last) = (Divide(25, 1000).Between(0, 1), Divide(25, 1000).Between(6, 7));
        Assert.Equal((null, null), (first.CutFrom, last.CutTo));
    }

    [Theory]
    [InlineData(true, false, 750)]
    [InlineData(false, false, 687)] // pictures around the keyframe are not in order
    [InlineData(true, true, 687)] // fields are put together from pictures on either side
    public void A_chunk_that_begins_with_a_keyframe_is_cut_out_from_there(bool isClosed, bool isInterlaced, int cutFrom)
    {
        var plan = Plan(25, 1000);
        plan = plan with { Source = plan.Source with { Video = plan.Source.Video! with { Interlaced = isInterlaced } } };

        var chunk = ChunkPlan.For(plan, Points(1000, 25, isClosed)).Between(5, 6); // from 30 s

        Assert.Equal(cutFrom, chunk.CutFrom);
    }

    [Fact]
    public void A_worker_makes_the_same_plan_of_a_job()
    {
        foreach (var rate in (double[])[25, 23.976, 59.94])
        {
            var plan = Plan(rate, 1000);
            var job = ChunkJob.Read(ChunkJob.Of(plan, ChunkPlan.For(plan, Points(1000, rate)).Between(1, 2), s_options).ToJson());

            var made = job.Source.ToPlan();

            Assert.Equal(plan.Video, made.Video);
            Assert.Equal((plan.FrameCount, plan.MaxRepeatedFrames, plan.ClockStart, plan.KeyframeDuration, plan.SegmentDuration, plan.Poster, plan.Storyboard),
                (made.FrameCount, made.MaxRepeatedFrames, made.ClockStart, made.KeyframeDuration, made.SegmentDuration, made.Poster, made.Storyboard));
        }
    }

    /// <summary>Every value of a job, changed to what no lead would send.</summary>
    [Theory]
    [InlineData("source.picture.streamIndex", "1")]
    [InlineData("source.picture.display.width", "0")]
    [InlineData("source.picture.display.height", "100000")]
    [InlineData("source.picture.frameRate", "0")]
    [InlineData("source.picture.frameRate", "1e9")]
    [InlineData("source.picture.turn", "4")]
    [InlineData("source.picture.dynamicRange", "7")]
    [InlineData("source.picture.sizeChanges", "true")]
    [InlineData("source.picture.beginsAfter", "\"-00:00:01\"")]
    [InlineData("source.picture.reorderedFrames", "99")]
    [InlineData("source.picture", "null")]
    [InlineData("source.end", "\"100.00:00:00\"")]
    [InlineData("source.pictureEnd", "\"-00:00:01\"")]
    [InlineData("source.copiedGap", "\"00:00:00\"")]
    [InlineData("source.ladder.rungs", "[]")]
    [InlineData("source.ladder.rungs", "[null]")]
    [InlineData("source.ladder.constantRateFactor", "0")]
    [InlineData("source.ladder", "null")]
    [InlineData("source.segmentFormat", "2")]
    [InlineData("source.x264Preset", "\"placebo -y /etc/passwd\"")]
    [InlineData("source", "null")]
    [InlineData("chunk", "null")]
    [InlineData("chunk.cuts", "[]")]
    [InlineData("chunk.cuts", "[150]")]
    [InlineData("chunk.cuts", "[150,150]")]
    [InlineData("chunk.cuts", "[150,100000]")]
    [InlineData("chunk.cuts", "[-150,300]")]
    [InlineData("chunk.cuts", "[150,160,300]")] // no keyframe
    [InlineData("chunk.keyframes", "[150,151,200,250]")]
    [InlineData("chunk.keyframes", "[0,50]")]
    [InlineData("chunk.isLast", "true")]
    [InlineData("chunk.firstSegment", "-1")]
    [InlineData("chunk.firstSegment", "0")]
    [InlineData("chunk.firstKeyframe", "1000")]
    [InlineData("more", "1")]
    public void A_job_is_read_as_a_strangers(string path, string value)
    {
        var plan = Plan(25, 1000);
        var json = ChunkJob.Of(plan, ChunkPlan.For(plan, Points(1000, 25)).Between(1, 2), s_options).ToJson();
        _ = ChunkJob.Read(json);
        var document = JsonNode.Parse(json)!;
        var parts = path.Split('.');
        var parent = parts.SkipLast(1).Aggregate(document, (node, name) => node[name]!);
        Assert.True(parent.AsObject().ContainsKey(parts[^1]) || path == "more");
        parent[parts[^1]] = JsonNode.Parse(value);

        Assert.Throws<FormatException>(() => ChunkJob.Read(Encoding.UTF8.GetBytes(document.ToJsonString())));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[1]")]
    public void Anything_else_is_refused(string text) => Assert.Throws<FormatException>(() => ChunkJob.Read(Encoding.UTF8.GetBytes(text)));

    /// <summary>A result of another chunk, or of none.</summary>
    [Theory]
    [InlineData("name", "\"../..\"")]
    [InlineData("codecs", "\"avc1.64001f\\n\"")]
    [InlineData("frames", "149")]
    [InlineData("captions", "[\"CC9\"]")]
    [InlineData("initSection", "{\"name\":\"init.mp4\",\"bytes\":9}")]
    [InlineData("segments", "[]")]
    [InlineData("segments", "[{\"name\":\"00002.ts\",\"seconds\":6,\"bytes\":9}]")]
    [InlineData("segments", "[{\"name\":\"00001.ts\",\"seconds\":7,\"bytes\":9}]")]
    [InlineData("segments", "[{\"name\":\"00001.ts\",\"seconds\":6,\"bytes\":0}]")]
    [InlineData("segments", "[null]")]
    [InlineData("captions", "[null]")]
    public void A_result_is_read_as_a_strangers(string name, string value)
    {
        var plan = Plan(25, 1000);
        var chunk = ChunkPlan.For(plan, Points(1000, 25)).Between(1, 2);
        var job = ChunkJob.Of(plan, chunk, s_options);
        var made = TranscodeStep.Of(plan, chunk).Segmented.Select(rendition => Made(ChunkRendition.Planned(rendition, plan, chunk)));
        var result = new ChunkResult([.. made], []);
        _ = ChunkResult.Read(result.ToJson(), job);
        var document = JsonNode.Parse(result.ToJson())!;
        document["renditions"]![0]![name] = JsonNode.Parse(value);

        Assert.Throws<FormatException>(() => ChunkResult.Read(Encoding.UTF8.GetBytes(document.ToJsonString()), job));

        static ChunkRendition Made(ChunkRendition planned) =>
            planned with { Codecs = "avc1.64001f", Segments = [.. planned.Segments.Select(segment => segment with { Bytes = 9 })] };
    }

    internal static ChunkPlan Divide(double rate, int frames) => ChunkPlan.For(Plan(rate, frames), Points(frames, rate));

    internal static TranscodePlan Plan(double rate, int frames)
    {
        var exact = FrameRate.For(rate).PerSecond;
        var end = TimeSpan.FromSeconds(frames / exact);
        var video = new VideoTrack(0, "h264", new(640, 360), exact);
        var timeline = new Timeline(new Dictionary<int, StreamSpan> { [0] = new(TimeSpan.Zero, end, HasPresentationTimes: true) });
        return TranscodePlan.For(new(end, video, [], []) { Timeline = timeline }, s_options.Ladder, SegmentFormat.MpegTs);
    }

    private static CutPoints Points(int frames, double rate, bool isClosed = true) => new(
        [.. Enumerable.Range(0, (int)(frames / rate / 2.5) + 1).Select(number => new CutPoint((int)(number * 2.5 * rate), number * 2.5, isClosed))],
        frames, TimeSpan.FromSeconds(0.04), Obstacle: null);
}
