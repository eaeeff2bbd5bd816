using IngestVideo.Planning;
using IngestVideo.Publishing;
using IngestVideo.Status;

namespace IngestVideo.Tests.Publishing;

/// <summary>The playlists, to the letter: every figure in them is another one.</summary>
public sealed class PlaylistWriterTests
{
    private static readonly VideoRendition s_small = new("234p", new(416, 234), new(25, 1), 145_000, 50);
    private static readonly VideoRendition s_middle = new("540p", new(960, 540), new(30000, 1001), 2_000_000, 60);
    private static readonly VideoRendition s_large = new("720p", new(1280, 720), new(60, 1), 3_000_000, 120);

    [Fact]
    public void A_multivariant_playlist_lists_sounds_words_variants_and_keyframes()
    {
        PublishedRendition[] renditions =
        [
            Published(s_small, "avc1.64000d", 130_000, 100_000), Published(s_middle, "avc1.64001f", 1_900_000, 1_700_000),
            Published(s_large, "avc1.640020", 2_900_000, 2_300_000),
            Published(new AudioRendition("audio-eng", "English", new(1, "en", null, 2, Default: true), Default: true), "mp4a.40.2", 90_000, 80_000),
            Published(new AudioRendition("audio-und", "Commentary", new(2, null, null, 6, Default: false), Default: false), "mp4a.40.2", 95_000, 70_000),
            Published(new SubtitleRendition("subtitles-deu", "Deutsch", new(3, "de", null, Default: true, Forced: false), Default: true), "wvtt", 50, 40),
            Published(new SubtitleRendition("subtitles-eng", "Signs", new(4, "en", null, Default: false, Forced: true), Default: false), "wvtt", 30, 20),
            Published(new IFrameRendition("iframes-234p", s_small), "avc1.64000d", 60_000, 30_000),
        ];

        const string frames = "VIDEO-RANGE=SDR,URI=\"a1/iframes-234p/playlist.m3u8\"";
        const string rest = "VIDEO-RANGE=SDR,AUDIO=\"audio\",SUBTITLES=\"subtitles\",CLOSED-CAPTIONS=NONE";
        // The first variant is the largest of at most 2.2 Mb/s on average; each one's bit rates are its own and those of the larger sound.
        const string expected = $"""
        #EXTM3U
        #EXT-X-VERSION:6
        #EXT-X-INDEPENDENT-SEGMENTS
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="a1/audio-eng/playlist.m3u8"
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Commentary",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2",URI="a1/audio-und/playlist.m3u8"
        #EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="Deutsch",LANGUAGE="de",DEFAULT=YES,AUTOSELECT=YES,FORCED=NO,URI="a1/subtitles-deu/playlist.m3u8"
        #EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="Signs",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=YES,FORCED=YES,URI="a1/subtitles-eng/playlist.m3u8"
        #EXT-X-STREAM-INF:BANDWIDTH=1995000,AVERAGE-BANDWIDTH=1780000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=960x540,FRAME-RATE=29.970,{rest}
        a1/540p/playlist.m3u8
        #EXT-X-STREAM-INF:BANDWIDTH=225000,AVERAGE-BANDWIDTH=180000,CODECS="avc1.64000d,mp4a.40.2",RESOLUTION=416x234,FRAME-RATE=25.000,{rest}
        a1/234p/playlist.m3u8
        #EXT-X-STREAM-INF:BANDWIDTH=2995000,AVERAGE-BANDWIDTH=2380000,CODECS="avc1.640020,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=60.000,{rest}
        a1/720p/playlist.m3u8
        #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=60000,AVERAGE-BANDWIDTH=30000,CODECS="avc1.64000d",RESOLUTION=416x234,{frames}

        """;
        Assert.Equal(expected, MultivariantPlaylistWriter.Write("a1", renditions));
    }

    [Fact]
    public void Sound_alone_is_a_variant_of_its_own_and_the_default_track_is_its_address()
    {
        PublishedRendition[] renditions =
        [
            Published(new AudioRendition("audio-eng", "English", new(0, "en", null, 2, Default: false), Default: false), "mp4a.40.2", 90_000, 80_000),
            Published(new AudioRendition("audio-deu", "Deutsch", new(1, "de", null, 2, Default: true), Default: true), "mp4a.40.2", 95_000, 70_000),
        ];

        Assert.EndsWith(
            "\n#EXT-X-STREAM-INF:BANDWIDTH=95000,AVERAGE-BANDWIDTH=80000,CODECS=\"mp4a.40.2\",AUDIO=\"audio\",CLOSED-CAPTIONS=NONE\n"
            + "a1/audio-deu/playlist.m3u8\n",
            MultivariantPlaylistWriter.Write("a1", renditions), StringComparison.Ordinal);
    }

    [Fact]
    public void A_variant_without_sound_and_words_names_no_group() => Assert.Equal(
        "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        + "#EXT-X-STREAM-INF:BANDWIDTH=130000,AVERAGE-BANDWIDTH=100000,CODECS=\"avc1.64000d\""
        + ",RESOLUTION=416x234,FRAME-RATE=25.000,VIDEO-RANGE=SDR,CLOSED-CAPTIONS=NONE\n"
        + "a1/234p/playlist.m3u8\n",
        MultivariantPlaylistWriter.Write("a1", [Published(s_small, "avc1.64000d", 130_000, 100_000)]));

    [Theory]
    [InlineData(2_200_000, "540p 234p")]
    [InlineData(2_200_001, "234p 540p")]
    public void A_player_starts_with_the_largest_variant_of_at_most_two_megabits_or_so(long average, string order) => Assert.Equal(
        order,
        string.Join(' ', MultivariantPlaylistWriter.Write("a1", [Published(s_small, "x", 1, 1), Published(s_middle, "x", average, average)])
            .Split('\n').Where(line => line.StartsWith("a1/", StringComparison.Ordinal)).Select(line => line.Split('/')[1])));

    [Fact]
    public void A_media_playlist_lists_its_segments_with_their_durations()
    {
        MediaSegment[] segments = [new("00000.ts", 6, 1000), new("00001.ts", 2.0854375, 500)];

        Assert.Equal(
            "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n"
            + "#EXTINF:6.000000,\n00000.ts\n#EXTINF:2.085438,\n00001.ts\n#EXT-X-ENDLIST\n",
            MediaPlaylistWriter.Write(segments, initSection: null));
    }

    [Fact]
    public void Playlists_of_keyframes_and_of_fragmented_MP4_say_so()
    {
        MediaSegment[] segments = [new("00000.m4s", 2, 1000)];

        Assert.Equal(
            "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n"
            + "#EXT-X-I-FRAMES-ONLY\n#EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:2.000000,\n00000.m4s\n#EXT-X-ENDLIST\n",
            MediaPlaylistWriter.Write(segments, "init.mp4", iFramesOnly: true));
        Assert.StartsWith("#EXTM3U\n#EXT-X-VERSION:4\n", MediaPlaylistWriter.Write(segments, initSection: null, iFramesOnly: true), StringComparison.Ordinal);
        Assert.DoesNotContain("I-FRAMES-ONLY", MediaPlaylistWriter.Write(segments, "init.mp4"), StringComparison.Ordinal);
    }

    /// <summary>RFC 8216, 4.3.3.1: EXTINF, rounded to the nearest integer, must not be larger.</summary>
    [Theory]
    [InlineData("6 5.9", 6)]
    [InlineData("5.4 5.6 2", 6)]
    [InlineData("6.5 1", 7)]
    [InlineData("6.49", 6)]
    [InlineData("7.999", 8)]
    [InlineData("0.2", 1)]
    [InlineData("", 1)]
    public void The_target_duration_is_that_of_the_longest_segment_rounded_to_the_nearest(string seconds, int target) =>
        Assert.Equal(target, MediaPlaylistWriter.TargetDuration([.. Seconds(seconds).Select(duration => new MediaSegment("", duration, 1))]));

    /// <summary>RFC 8216, 4.1: a run of segments between half and one and a half target durations long.</summary>
    [Theory]
    [InlineData("2:100 2:100 2:900 2:100", 3_600_000, 1_200_000)] // a segment is not shorter than half of 2 s
    [InlineData("6:600 6:600 3:900 6:600", 2_400_000, 1_028_572)] // exactly half
    [InlineData("6:600 6:600 2.9:900 6:600", 1_348_315, 1_033_493)] // too short by itself: together with its neighbour
    [InlineData("6:600 3:900 6:1200", 2_400_000, 1_440_000)]
    [InlineData("1:100 1:300 1:200", 2_400_000, 1_600_000)]
    public void The_peak_is_that_of_the_worst_run_of_segments(string segments, long peak, long average) => Assert.Equal(
        new MeasuredBandwidth(peak, average),
        MeasuredBandwidth.Of([.. segments.Split(' ').Select(text => text.Split(':')).Select(parts =>
             new MediaSegment("", Number(parts[0]), (long)Number(parts[1]) * 1000))]));

    [Fact]
    public void A_status_has_the_same_figures()
    {
        var picture = RenditionStatuses.Of(Published(s_middle, "avc1.64001f", 1_900_000, 1_700_000));
        var frames = RenditionStatuses.Of(Published(new IFrameRendition("iframes-234p", s_small), "avc1.64000d", 60_000, 30_000));

        Assert.Equal(
            new RenditionStatus
            {
                Name = "540p", Type = "video", Width = 960, Height = 540, FrameRate = 29.97,
                Codecs = "avc1.64001f", Bandwidth = 1_900_000, AverageBandwidth = 1_700_000,
            },
            picture);
        Assert.Equal(
            new RenditionStatus
            {
                Name = "iframes-234p", Type = "iframes", Width = 416, Height = 234, Codecs = "avc1.64000d", Bandwidth = 60_000, AverageBandwidth = 30_000,
            },
            frames);
    }

    private static PublishedRendition Published(Rendition rendition, string codecs, long peak, long average) => new(rendition, codecs, new(peak, average), []);

    private static IEnumerable<double> Seconds(string text) =>
        text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Number);

    private static double Number(string text) => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    [Fact]
    public void Chapters_are_named_in_the_multivariant_playlist_and_end_with_the_video()
    {
        Assert.Contains(
            "\n#EXT-X-SESSION-DATA:DATA-ID=\"com.apple.hls.chapters\",URI=\"a1/chapters.json\"\n",
            MultivariantPlaylistWriter.Write("a1", [Published(s_small, "avc1.64000d", 130_000, 100_000)], hasChapters: true), StringComparison.Ordinal);
        Assert.Equal(
            """
            [{"chapter":1,"start-time":0,"duration":7.5,"titles":[{"language":"und","title":"Überblick \"A\""}]},{"chapter":2,"start-time":7.5,"duration":2.5}]
            """.Trim(),
            ChapterList.Write([new(0, "Überblick \"A\""), new(7.5, null), new(10, "After the end")], seconds: 10));
    }
}
