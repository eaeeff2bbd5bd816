using System.Net;
using System.Text;
using IngestVideo.Publishing;
using Reelseal.Testing;

namespace IngestVideo.Tests.Publishing;

/// <summary>Subtitles cut into segments, and what a stranger's subtitles may come to.</summary>
public sealed class SubtitleTests
{
    private const int Limit = 300_000;

    private static readonly MediaSegment[] s_picture = [.. Enumerable.Range(0, 3).Select(number => new MediaSegment($"{number:d5}.ts", 6, 1))];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("00:01.000 --> 00:02.000\nfirst --> second\n", "first --&gt; second")]
    [InlineData("7\n00:01.000 --> 00:02.000\n--> first\n00:03.000 --> 00:04.000\n", "--&gt; first\n00:03.000 --&gt; 00:04.000")]
    [InlineData("00:01.000 --> 00:02.000 align:start\na-->b", "a--&gt;b")]
    [InlineData("00:01.000 --> 00:02.000\r\nCRLF\r\n\r\n", "CRLF")]
    public async Task An_arrow_inside_the_text_ends_no_cue(string cue, string text)
    {
        var segments = await SliceAsync("WEBVTT\n\n" + cue);

        Assert.EndsWith($"\n{text}\n", segments[0], StringComparison.Ordinal);
        Assert.Single(await WebVtt.ReadAsync(new StringReader(segments[0]), Token).ToListAsync(Token));
    }

    [Fact]
    public async Task A_cue_is_in_every_segment_in_which_it_is_seen_and_in_no_other()
    {
        var segments = await SliceAsync("""
            WEBVTT

            00:00.000 --> 00:18.000
            always

            00:02.000 --> 00:06.000
            once

            00:05.999 --> 00:06.001
            twice

            00:12.000 --> 00:13.000
            last

            00:18.000 --> 00:20.000
            after

            """);

        Assert.Equal(["always once twice", "always twice", "always last"], segments.Select(TextsOf));

        static string TextsOf(string segment) =>
            string.Join(' ', WebVtt.ReadAsync(new StringReader(segment)).ToBlockingEnumerable().Select(cue => cue.Text));
    }

    [Fact]
    public void A_segment_says_which_time_stamp_its_cues_count_from_and_keeps_their_settings() => Assert.Equal(
        "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900900,LOCAL:00:00:00.000\n\n00:00:05.009 --> 00:00:06.500 align:start\na\nb\n\n101:01:01.000 --> 101:01:02.000\nc\n",
        WebVtt.WriteSegment(
            [
                new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), "", "before"),
                new(TimeSpan.FromSeconds(5.009), TimeSpan.FromSeconds(6.5), " align:start", "a\nb"),
                new(new(101, 1, 1), new(101, 1, 2), "", "c"), new(new(102, 0, 0), new(102, 0, 1), "", "after"),
            ],
            TimeSpan.FromSeconds(5), new(102, 0, 0), mpegTime: 900_900));

    [Fact]
    public async Task A_track_without_cues_has_no_segments() => Assert.Empty(await SliceAsync("WEBVTT\n\nNOTE nothing\n"));

    [Theory]
    [InlineData(5, 4, 1 << 20, "more than the 4 cues")]
    [InlineData(50, 100, 1000, "too many cues are seen at once")]
    public async Task Too_many_cues_are_refused_in_words(int cues, int mostCues, long mostBytes, string reason)
    {
        var file = new StringBuilder("WEBVTT\n\n");
        for (var cue = 0; cue < cues; cue++)
            file.Append("00:00.000 --> 10:00.000\nx\n\n");

        var refused = await Assert.ThrowsAsync<IngestRefusedException>(() => SliceAsync(file.ToString(), new(mostCues, mostBytes)));

        Assert.Equal(422, refused.StatusCode);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task A_track_that_its_container_had_compressed_is_refused_in_words_and_leaves_nothing()
    {
        await using var host = await IngestHost.StartAsync();
        var line = new string('x', 380);
        var subtitles = Path.Combine(host.Root, "many.srt");
        var cues = Enumerable.Range(0, 25_000).Select(cue => (Number: cue, Second: $"00:00:{cue % 50 / 5:00}", Milliseconds: cue % 5 * 200)).Select(
            cue => $"{cue.Number + 1}\n{cue.Second},{cue.Milliseconds:000} --> {cue.Second},{cue.Milliseconds + 199:000}\n{line}{cue.Number}\n");
        await File.WriteAllLinesAsync(subtitles, cues, Token);
        var clip = Path.Combine(host.Root, "bomb.mkv");
        await Ffmpeg.RunAsync("-f", "lavfi", "-i", "testsrc=s=160x90:r=5:d=10", "-i", subtitles, "-c:v", "libx264", "-c:s", "srt", clip);

        using var response = await host.PostAsync(clip);

        await IngestTests.AssertProblemAsync(response, HttpStatusCode.UnprocessableEntity, "more than the 8,388,608 bytes of text");
        Assert.Empty(Directory.EnumerateFileSystemEntries(host.WorkDirectory));
        Assert.DoesNotContain(await host.KeysAsync(), key => key.StartsWith("videos/", StringComparison.Ordinal));
    }

    private static async Task<List<string>> SliceAsync(string file, SubtitleLimits? limits = null) =>
        await new SubtitleSlicer(limits ?? new()).SliceAsync("English", WebVtt.ReadAsync(new StringReader(file), Token), s_picture, mpegTime: 0, Token)
            .Select(slice => slice.Text).ToListAsync(Token);
}
