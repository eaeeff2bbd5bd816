using System.Text;
using IngestVideo.Editing;
using IngestVideo.Publishing;

namespace IngestVideo.Tests.Editing;

/// <summary>Reads what users call subtitles, and refuses in words what cannot be shown or would do harm.</summary>
public sealed class SubtitleFileTests
{
    private static readonly TimeSpan s_duration = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData("WEBVTT\n\n00:01.000 --> 00:02.500\nHello\n", "1-2.5[] Hello")]
    [InlineData(
        "WEBVTT - a title\n\nNOTE a remark\nof two lines\n\nSTYLE\n::cue { color: red }\n\n7\n00:00:01.000 --> 00:00:02.000 align:start line:0%\nHello\n",
        "1-2[ align:start line:0%] Hello")]
    [InlineData("WEBVTT\n\n00:01.000 --> 00:02.000 region:r onclick:x align:start;\nHello\n", "1-2[] Hello")]
    [InlineData(
        "1\r\n00:00:01,000 --> 00:00:02,000\r\nHello\r\nthere\r\n\r\n2\r\n00:00:03,000 --> 00:00:04,000 X1:1 X2:2 Y1:3 Y2:4\r\nBye\r\n",
        "1-2[] Hello/there", "3-4[] Bye")]
    [InlineData("00:00:03,000 --> 00:00:04,000\nlater\n\n00:00:01,000 --> 00:00:02,000\nearlier\n", "1-2[] earlier", "3-4[] later")]
    [InlineData("1\n00:00:01,000-->00:00:02,000\nHello\n", "1-2[] Hello")]
    [InlineData("1\n00:00:01,000 --> 00:00:02,000\n<FONT color=\"red\">a</FONT> <I>b</I> {\\an8}<b>c</b> x < y\n", "1-2[] a <i>b</i> <b>c</b> x &lt; y")]
    [InlineData(
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann><c.loud>a</c></v> <00:01.500>b <lang en>c</lang> <ruby>d<rt>e</rt></ruby>\n",
        "1-2[] <v Ann><c.loud>a</c></v> <00:01.500>b <lang en>c</lang> <ruby>d<rt>e</rt></ruby>")]
    [InlineData(
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v.first.loud Ann O'Neil>a</v> <lang.x zh-Hant>b</lang> <i.foreign>c</i> <c.žlutá >d</c.žlutá>\n",
        "1-2[] <v.first.loud Ann O'Neil>a</v> <lang.x zh-Hant>b</lang> <i.foreign>c</i> <c.žlutá >d</c.žlutá>")]
    [InlineData("WEBVTT\n\n00:01.000 --> 00:02.000\na --> b\n", "1-2[] a --> b")]
    [InlineData("WEBVTT\n\n00:02.000 --> 00:01.000\nbackwards\n\n00:03.000 --> 00:04.000\n\n00:05.000 --> 00:06.000\nHello\u0007\n", "5-6[] Hello")]
    [InlineData("WEBVTT\n\n00:01.000 --> 01:05.000\na little too long\n", "1-65[] a little too long")]
    public void Cues_are_read(string text, params string[] cues) =>
        Assert.Equal(cues, Read(Encoding.UTF8.GetBytes(text)).Select(cue =>
            FormattableString.Invariant($"{cue.Start.TotalSeconds}-{cue.End.TotalSeconds}[{cue.Settings}] {cue.Text.Replace('\n', '/')}")));

    [Fact]
    public void A_file_may_begin_with_a_byte_order_mark_and_be_in_UTF_16()
    {
        const string text = "WEBVTT\n\n00:01.000 --> 00:02.000\nŽluťoučký 🎉\n";
        foreach (var encoding in (Encoding[])[Encoding.UTF8, Encoding.Unicode, Encoding.BigEndianUnicode])
            Assert.Equal("Žluťoučký 🎉", Assert.Single(Read([.. encoding.GetPreamble(), .. encoding.GetBytes(text)])).Text);
    }

    [Theory]
    [InlineData("", 415, "neither WebVTT")]
    [InlineData("WEBVTT", 422, "no subtitle")]
    [InlineData("WEBVTT\n\n00:01.000 -> 00:02.000\nHello\n", 422, "no subtitle")]
    [InlineData("{\"a\":1}", 415, "neither WebVTT")]
    [InlineData("<html><script>alert(1)</script></html>", 415, "neither WebVTT")]
    [InlineData("WEBVTTX\n\nHello\n", 415, "neither WebVTT")]
    [InlineData("WEBVTT\n\n00:01.000 --> 00:02.000\na\0b\n", 415, "neither WebVTT")]
    [InlineData("WEBVTT\n\n00:01.000 --> 00:02.000\n<script>alert(1)</script>\n", 422, "Line 3: the subtitle holds <script>")]
    [InlineData("WEBVTT\n\n00:01.000 --> 00:02.000\n<img src=x onerror=alert(1)>\n", 422, "<img src=x")]
    [InlineData("WEBVTT\n\n00:01.000 --> 00:02.000\n<SCRIPT\nsrc=x>\n", 422, "<SCRIPT")]
    [InlineData("WEBVTT\n\n00:01.000 --> 00:02.000\n<script src=//x\n", 422, "<script src=")]
    [InlineData("WEBVTT\n\n00:01.000 --> 00:02.000\n<b/onclick=x>\n", 422, "<b/onclick")]
    [InlineData("WEBVTT\n\n00:01.000 --> 00:02.000\n<b onmouseover=alert(1)>\n", 422, "Line 3: the subtitle holds <b onmouseover=")]
    [InlineData("WEBVTT\n\n00:01.000 --> 00:02.000\n<b onmouseover>\n", 422, "<b onmouseover>")]
    [InlineData("WEBVTT\n\n00:01.000 --> 00:02.000\n<i onclick=alert(1)>x</i>\n", 422, "<i onclick=")]
    [InlineData("WEBVTT\n\n00:01.000 --> 00:02.000\n<i\nonclick\n=alert(1)>x</i>\n", 422, "<i\nonclick")]
    [InlineData("WEBVTT\n\n00:01.000 --> 00:02.000\n<v onpointerenter=alert(1)>x</v>\n", 422, "<v onpointerenter=")]
    [InlineData("WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann onclick = alert(1)>x</v>\n", 422, "<v Ann onclick")]
    [InlineData("WEBVTT\n\n00:01.000 --> 00:02.000\n<lang en onclick=alert(1)>x</lang>\n", 422, "<lang en onclick")]
    [InlineData("WEBVTT\n\n00:01.000 --> 00:02.000\n<c.x onclick=alert(1)>\n", 422, "<c.x onclick=")]
    [InlineData("WEBVTT\n\n00:01.000 --> 00:02.000\n<c.x/onclick=alert(1)>\n", 422, "<c.x/onclick=")]
    [InlineData("1\n00:00:01,000 --> 00:00:02,000\n<u onclick=alert(1)>x</u>\n", 422, "<u onclick=")]
    [InlineData("WEBVTT\n\n00:01.000 --> 00:02.000\n<!-- x -->\n", 422, "<!-- x")]
    [InlineData("1\n00:00:01,000 --> 00:00:02,000\n<font onclick=x><svg/onload=alert(1)></font>\n", 422, "<svg/onload")]
    [InlineData("1\n00:00:01,000 --> 00:00:02,000\n<scr<font>ipt>alert(1)</scr</font>ipt>\n", 422, "<scr")]
    [InlineData("WEBVTT\n\n99999999999:00:00.000 --> 99999999999:00:01.000\nHello\n", 422, "Line 3: these times cannot be read")]
    [InlineData("WEBVTT\n\n00:01.000 --> 9999999999999999999999999999999999999999999999999999:00.000\nHello\n", 422, "Line 3")]
    [InlineData("WEBVTT\n\n-00:01.000 --> 00:02.000\nHello\n", 422, "Line 3")]
    [InlineData("WEBVTT\n\nNaN --> Infinity\nHello\n", 422, "Line 3")]
    [InlineData("1\n00:00:01,000 --> 00:00:02,000\nHello\n\n2\n00:00:03,000 --> later\nBye\n", 422, "Line 6")]
    [InlineData("WEBVTT\n\n00:00:00.000 --> 10:00:00.000\nHello\n", 422, "The last subtitle ends at 10:00:00, and the video plays 10 s")]
    public void What_cannot_be_shown_is_refused_in_words(string text, int status, string reason) => AssertRefused(Encoding.UTF8.GetBytes(text), status, reason);

    [Fact]
    public void Another_encoding_is_refused_by_its_name() =>
        AssertRefused([.. "WEBVTT\n\n00:01.000 --> 00:02.000\n"u8, 0xFC, (byte)'x'], 422, "not in UTF-8");

    [Fact]
    public void A_cue_that_no_screen_holds_is_refused() => AssertRefused(
        Encoding.UTF8.GetBytes("WEBVTT\n\n00:01.000 --> 00:02.000\n" + new string('x', SubtitleFile.MostCharacters + 1)), 422,
        "more than the 4000 characters");

    [Fact]
    public void A_cue_of_many_lines_is_refused_by_its_first() => AssertRefused(
        Encoding.UTF8.GetBytes("WEBVTT\n\n00:01.000 --> 00:02.000\n" + string.Concat(Enumerable.Repeat("x\n", 3 * SubtitleFile.MostCharacters))), 422,
        "Line 3: this subtitle has more than the 4000 characters");

    /// <summary>8 MiB hold 640,000 of them, which take many times that in memory: what comes after the limit, here a wrong byte, is not read.</summary>
    [Fact]
    public void Reading_stops_at_too_many_cues() => AssertRefused(
        [.. Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("0:0-->0:1\nx\n\n", 640_000))), 0xFC, (byte)'x'], 422, "more than the 100,000 cues");

    private static void AssertRefused(byte[] file, int status, string reason)
    {
        var refused = Assert.Throws<IngestRefusedException>(() => Read(file));

        Assert.Equal(status, refused.StatusCode);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    private static List<Cue> Read(byte[] file) => SubtitleFile.Read(new MemoryStream(file), s_duration);
}
