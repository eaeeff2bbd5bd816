using IngestVideo.Media;
using IngestVideo.Planning;
using IngestVideo.Publishing;
using Microsoft.Extensions.Options;
using Reelseal;

namespace IngestVideo.Tests.Planning;

/// <summary>What is decided before ffmpeg starts, without ffmpeg.</summary>
public sealed class PlanTests
{
    private static readonly VideoTrack s_film = new(0, "h264", new(1920, 1080), 25) { ConstantFrameRate = true, Progressive = true };

    [Theory]
    [InlineData(1920, 1080, "416x234 640x360 768x432 960x540 1280x720 1920x1080")]
    [InlineData(1080, 1920, "234x416 360x640 432x768 540x960 720x1280 1080x1920")]
    [InlineData(1920, 804, "416x174 640x268 768x322 960x402 1280x536 1920x804")] // wide screen is as wide as the ladder says
    [InlineData(640, 480, "312x234 480x360 576x432 640x480")] // its own size is the largest
    [InlineData(321, 181, "320x180")]
    [InlineData(2, 2, "16x16")]
    [InlineData(970, 546, "416x234 640x360 768x432 960x540")] // a rendition hardly larger than the one below it is left out
    public void Renditions_fit_the_ladder_s_boxes_and_are_never_larger_than_the_source(int width, int height, string sizes) =>
        Assert.Equal(sizes, string.Join(' ', Plan(s_film with { Display = new(width, height) }).Video.Select(rendition => rendition.Size)));

    [Theory]
    [InlineData(1920, 1080, "234p 360p 432p 540p 720p 1080p")]
    [InlineData(1920, 804, "234p 360p 432p 540p 720p 1080p")]
    [InlineData(640, 480, "234p 360p 432p 480p")]
    [InlineData(480, 640, "234p 360p 432p 480p")]
    [InlineData(321, 181, "180p")]
    [InlineData(2, 2, "16p")]
    public void A_rendition_that_does_not_fill_its_box_is_named_by_its_short_side(int width, int height, string names) =>
        Assert.Equal(names, string.Join(' ', Plan(s_film with { Display = new(width, height) }).Video.Select(rendition => rendition.Name)));

    [Theory]
    [InlineData(25, "25", 2.0)]
    [InlineData(29.97, "30000/1001", 2.002)]
    [InlineData(23.976, "24000/1001", 2.002)]
    [InlineData(59.94, "60000/1001", 2.002)]
    [InlineData(120, "60", 2.0)]
    [InlineData(240, "60", 2.0)]
    [InlineData(29.6, "30000/1001", 2.002)]
    [InlineData(17.3, "20", 2.0)]
    [InlineData(1, "10", 2.0)]
    public void Keyframes_come_every_two_seconds_in_whole_frames(double rate, string planned, double seconds)
    {
        var plan = Plan(s_film with { FrameRate = rate });

        Assert.Equal(planned, plan.FrameRate.ToString());
        Assert.Equal(seconds, plan.KeyframeDuration.TotalSeconds, 0.0001);
        // Renditions of half the rate have theirs at the same times.
        Assert.All(plan.Video, rendition => Assert.Equal(seconds, rendition.KeyframeInterval / rendition.FrameRate.PerSecond, 0.0001));
    }

    [Fact]
    public void Only_what_a_player_takes_as_it_is_may_be_copied()
    {
        Assert.True(Plan(s_film).MayCopySource);
        VideoTrack[] unfit =
        [
            s_film with { Codec = "hevc" }, s_film with { PixelFormat = "yuv420p10le" }, s_film with { PixelFormat = "yuv444p" },
                s_film with { Progressive = false },
            s_film with { Rotated = true }, s_film with { SquarePixels = false }, s_film with { FullRange = true }, s_film with { ConstantFrameRate = false },
            s_film with { BeginsAfter = TimeSpan.FromSeconds(0.5) }, s_film with { DynamicRange = DynamicRange.HybridLogGamma },
            s_film with { ColorPrimaries = "bt2020" }, s_film with { Display = new(320, 180) }, s_film with { FrameRate = 100 },
            s_film with { FrameRate = 28 }, s_film with { Display = new(1921, 1081) }, s_film with { Display = new(7680, 4320) },
        ];
        Assert.All(unfit, track => Assert.False(Plan(track).MayCopySource, $"{track}"));
    }

    /// <summary>A packet scan of a source that may be copied, and one reason after the other why it may not.</summary>
    [Fact]
    public void Only_packets_that_segments_can_be_cut_of_may_be_copied()
    {
        var fit = new PacketScan(
            Complete: true, Regular: true, KeyframesAreEven: true, KeyframesAreRegular: true, ConstantParameters: true,
            LongestGap: TimeSpan.FromSeconds(4), MeanGap: TimeSpan.FromSeconds(0.8), BitsPerSecond: 9_000_000);
        var (plan, mov) = (Plan(s_film), new Container("mov"));
        Assert.True(plan.AcceptsCopy(fit, mov));
        PacketScan[] unfit =
        [
            fit with { Complete = false }, fit with { Regular = false }, fit with { ConstantParameters = false },
            fit with { LongestGap = TimeSpan.FromSeconds(4.001) }, fit with { MeanGap = TimeSpan.FromSeconds(0.799) }, fit with { BitsPerSecond = 9_000_001 },
        ];
        Assert.All(unfit, packets => Assert.False(plan.AcceptsCopy(packets, mov), $"{packets}"));

        // Of every second picture only where keyframes are among them.
        var fast = Plan(s_film with { FrameRate = 60 });
        Assert.True(plan.AcceptsCopy(fit with { KeyframesAreEven = false }, mov));
        Assert.False(fast.AcceptsCopy(fit with { KeyframesAreEven = false }, mov));
        // In fragmented MP4 at regular distances, and from MP4 only.
        var fragmented = TranscodePlan.For(new(TimeSpan.FromMinutes(1), s_film, [], []), Ladder.Default, SegmentFormat.FragmentedMp4);
        Assert.True(plan.AcceptsCopy(fit with { KeyframesAreRegular = false }, new("matroska")));
        Assert.True(fragmented.AcceptsCopy(fit, mov));
        Assert.False(fragmented.AcceptsCopy(fit with { KeyframesAreRegular = false }, mov));
        Assert.False(fragmented.AcceptsCopy(fit, new("matroska")));
        // Nothing may go on when the last picture has been seen.
        Assert.True(Plan(s_film, picture: 10, sound: 10).AcceptsCopy(fit, mov));
        Assert.False(Plan(s_film, picture: 10, sound: 11).AcceptsCopy(fit, mov));
    }

    [Theory]
    [InlineData(1, 6.0)]
    [InlineData(2, 6.0)]
    [InlineData(3, 5.0)]
    [InlineData(4, 4.0)]
    public void Beside_a_copy_a_segment_and_the_gap_after_it_are_eight_seconds_at_most(int gap, double segment)
    {
        var plan = Plan(s_film).WithCopy(TimeSpan.FromSeconds(gap), new HashSet<int>());

        Assert.Equal((TimeSpan.FromSeconds(gap), TimeSpan.FromSeconds(segment)), (plan.KeyframeDuration, plan.SegmentDuration));
        Assert.Equal([false, false, false, false, false, true], plan.Video.Select(rendition => rendition.Copied));
    }

    [Theory]
    [InlineData(25, 10.0)]
    [InlineData(29.97, 10.01)]
    [InlineData(23.976, 10.01)]
    [InlineData(59.94, 10.01)]
    [InlineData(12.5, 10.08)]
    public void The_clock_starts_at_a_whole_number_of_pictures_not_before_ten_seconds(double rate, double seconds) =>
        Assert.Equal(seconds, Plan(s_film with { FrameRate = rate }).ClockStart.TotalSeconds, 0.00001);

    /// <summary>The last picture stands until the sound has ended, but for less than a frame of padding.</summary>
    [Theory]
    [InlineData(10, 10, 250)]
    [InlineData(10, 10.03, 250)]
    [InlineData(10, 10.04, 251)]
    [InlineData(10, 11, 275)]
    [InlineData(10, 9, 250)]
    [InlineData(0.001, 0, 1)]
    public void There_are_as_many_pictures_as_the_longest_stream_has_time_for(double picture, double sound, int frames)
    {
        var plan = Plan(s_film, picture, sound);

        Assert.Equal(frames, plan.FrameCount);
        Assert.Equal(frames / 25.0, plan.End!.Value.TotalSeconds, 0.00001);
    }

    [Theory]
    [InlineData(0.039, 249)]
    [InlineData(0.04, 250)]
    [InlineData(1, 250)]
    public void A_picture_that_begins_less_than_a_frame_late_is_moved_to_the_beginning(double late, int frames) =>
        Assert.Equal(frames, Plan(s_film with { BeginsAfter = TimeSpan.FromSeconds(late) }, picture: 10, sound: 0).FrameCount);

    [Theory]
    [InlineData(0, 1.0)]
    [InlineData(30, 1.0)]
    [InlineData(100, 3.0)]
    public void A_second_or_three_in_a_hundred_may_be_missing(int length, double allowed) =>
        Assert.Equal(allowed, TranscodePlan.Allowance(TimeSpan.FromSeconds(length)).TotalSeconds, 0.00001);

    [Fact]
    public void Tracks_get_names_of_their_own_at_most_sixteen_and_one_that_is_played_by_default()
    {
        AudioTrack Sound(int index, string? language, string? title, bool isDefault = false) => new(index, language, title, 2, isDefault);

        var plan = TranscodePlan.For(
            new(
                TimeSpan.FromMinutes(1), s_film,
                [Sound(1, "en", null), Sound(2, "en", "A \"quote\"\nand more"), Sound(3, null, null, isDefault: true), Sound(4, null, "  ")],
                [new(5, "en", null, Default: false, Forced: false)]),
            Ladder.Default, SegmentFormat.MpegTs);
        var many = TranscodePlan.For(
            new(null, null, [.. Enumerable.Range(0, 20).Select(index => Sound(index, null, null))], [new(21, "en", null, Default: false, Forced: false)]),
            Ladder.Default, SegmentFormat.MpegTs);

        Assert.Equal(["audio-en", "audio-en-2", "audio-und", "audio-und-2"], plan.Audio.Select(track => track.Name));
        Assert.Equal(["English", "A quoteand more", "Audio", "Audio-2"], plan.Audio.Select(track => track.Label));
        Assert.Equal([false, false, true, false], plan.Audio.Select(track => track.Default));
        Assert.Equal(["subtitles-en"], plan.Subtitles.Select(track => track.Name));
        Assert.Equal(16, many.Audio.Count);
        Assert.Equal([0], many.Audio.Where(track => track.Default).Select(track => track.Track.StreamIndex)); // the first, where the file names none
        Assert.Empty(many.Subtitles); // there is no picture to show them on
    }

    [Fact]
    public void Peak_bandwidth_is_that_of_the_worst_stretch()
    {
        MediaSegment[] segments = [new("0", 6, 600_000), new("1", 6, 1_200_000), new("2", 6, 600_000), new("3", 1, 500_000)];

        var measured = MeasuredBandwidth.Of(segments);

        // The last second alone would be 4 Mb/s, but it is shorter than half a target duration (RFC 8216, 4.3.4.2).
        Assert.Equal(1_600_000, measured.Peak);
        Assert.Equal((long)Math.Ceiling(2_900_000 * 8 / 19.0), measured.Average);
    }

    [Theory]
    [InlineData("""{"rungs":[]}""", "1 to 12")]
    [InlineData("""{"rungs":[{"name":"A b","width":640,"height":360,"kilobitsPerSecond":500}]}""", "lower-case")]
    [InlineData("""{"rungs":[{"name":"audio-1","width":640,"height":360,"kilobitsPerSecond":500}]}""", "taken")]
    [InlineData("""{"rungs":[{"name":"a","width":360,"height":640,"kilobitsPerSecond":500}]}""", "longer side")]
    [InlineData(
        """
        {"rungs":[{"name":"b","width":640,"height":360,"kilobitsPerSecond":500},{"name":"a","width":416,"height":234,"kilobitsPerSecond":200}]}
        """,
        "larger than b")]
    [InlineData("""{"rungs":[{"name":"a","width":640,"height":360,"kilobitsPerSecond":500,"color":"red"}]}""", "cannot be read as a ladder")]
    [InlineData("not json", "cannot be read as a ladder")]
    public void A_ladder_that_makes_no_sense_is_refused_at_the_start(string json, string reason)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, json);
            var settings = new Settings(name => name == "LADDER_FILE" ? path : null, "/nowhere");
            IngestOptions.ReadLadder(settings);

            var refusal = Assert.Throws<OptionsValidationException>(settings.ThrowIfInvalid);

            Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_ladder_of_one_s_own_replaces_the_default()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(
                path, """{"rungs":[{"name":"only","width":640,"height":360,"kilobitsPerSecond":500}],"constantRateFactor":20,"audioKilobitsPerSecond":96}""");

            var ladder = IngestOptions.ReadLadder(new(name => name == "LADDER_FILE" ? path : null, "/nowhere"));

            Assert.Equal(("only", 20, 96), (Assert.Single(ladder.Rungs).Name, ladder.ConstantRateFactor, ladder.AudioKilobitsPerSecond));
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>A plan for a source whose picture and sound were measured.</summary>
    private static TranscodePlan Plan(VideoTrack video, double picture, double sound)
    {
        var spans = new Dictionary<int, StreamSpan>
        {
            [0] = new(TimeSpan.Zero, TimeSpan.FromSeconds(picture), HasPresentationTimes: true),
            [1] = new(TimeSpan.Zero, TimeSpan.FromSeconds(sound), HasPresentationTimes: true),
        };
        var source = new MediaInfo(null, video, [new(1, null, null, 2, Default: true)], []).Measured(new(spans));
        return TranscodePlan.For(source, Ladder.Default, SegmentFormat.MpegTs);
    }

    private static TranscodePlan Plan(VideoTrack video) => TranscodePlan.For(new(TimeSpan.FromMinutes(1), video, [], []), Ladder.Default, SegmentFormat.MpegTs);
}
