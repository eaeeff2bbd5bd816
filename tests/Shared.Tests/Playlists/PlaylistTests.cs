using System.Text;
using Reelseal.Playlists;
using Reelseal.Testing;

namespace Reelseal.Tests.Playlists;

/// <summary>The reader of playlists. The same table seeds the fuzzer.</summary>
public sealed class PlaylistTests
{
    private const string Codecs = "avc1.4d401f,mp4a.40.2";

    private const string Multivariant = $"""
        #EXTM3U
        #EXT-X-VERSION:6
        #EXT-X-INDEPENDENT-SEGMENTS
        #EXT-X-START:TIME-OFFSET=-0.5,PRECISE=YES
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="One, two=three",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="x/audio-en/playlist.m3u8?q=1"
        #EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID="c",NAME="",FORCED=NO
        #EXT-X-STREAM-INF:BANDWIDTH=1000,AVERAGE-BANDWIDTH=900,CODECS="{Codecs}",RESOLUTION=1280x720,FRAME-RATE=29.970,VIDEO-RANGE=SDR,AUDIO="a",SUBTITLES="s"

        # a comment between a tag and its URI
        x/720p/playlist.m3u8
        #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=10,AVERAGE-BANDWIDTH=9,CODECS="avc1",RESOLUTION=16x16,URI="x/iframes/playlist.m3u8"
        #EXT-X-UNKNOWN:A=B
        """;

    private const string Media = """
        #EXTM3U
        #EXT-X-VERSION:7
        #EXT-X-TARGETDURATION:6
        #EXT-X-MEDIA-SEQUENCE:5
        #EXT-X-PLAYLIST-TYPE:EVENT
        #EXT-X-I-FRAMES-ONLY
        #EXT-X-MAP:URI="init.mp4"
        #EXTINF:6.006,
        00000.m4s?x=y
        #EXT-X-DISCONTINUITY
        #EXT-X-MAP:URI="init-2.mp4"
        #EXTINF:2,a title, with a comma
        https://other/1.m4s
        #EXT-X-ENDLIST
        """;

    private static readonly Fuzzer s_playlists = new(
        [Encoding.UTF8.GetBytes(Multivariant), Encoding.UTF8.GetBytes(Media)],
        [
            .. ((string[])
            [
                "#EXTINF:", "#EXT-X-STREAM-INF:", "#EXT-X-MEDIA:", "#EXT-X-MAP:", "URI=", "\"", ",", "=", ":", "\r\n", "\n",
                "-1", "1e308", "NaN", "99999999999999999999", "\u2028", "#EXTM3U",
            ]).Select(Encoding.UTF8.GetBytes),
        ]);

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public void A_multivariant_playlist_is_read_with_each_field_under_its_tags_name(string lineEnd)
    {
        var playlist = Assert.IsType<MultivariantPlaylist>(Playlist.Read(Multivariant.ReplaceLineEndings(lineEnd)));
        Assert.Equal((6, true, new Start(-0.5, Precise: true)), (playlist.Version, playlist.IndependentSegments, playlist.Start));
        Assert.Equal(
            [
                new("AUDIO", "a", "One, two=three")
                {
                    Language = "en",
                    Default = true,
                    Autoselect = true,
                    Channels = "2",
                    Uri = "x/audio-en/playlist.m3u8?q=1",
                },
                new("CLOSED-CAPTIONS", "c", ""),
            ],
            playlist.Media);
        Assert.Equal(
            [
                new(1000, "x/720p/playlist.m3u8")
                {
                    AverageBandwidth = 900,
                    Codecs = Codecs,
                    Resolution = "1280x720",
                    FrameRate = 29.97,
                    VideoRange = "SDR",
                    Audio = "a",
                    Subtitles = "s",
                },
            ],
            playlist.StreamInf);
        Assert.Equal([new(10, "x/iframes/playlist.m3u8") { AverageBandwidth = 9, Codecs = "avc1", Resolution = "16x16" }], playlist.IFrameStreamInf);
        Assert.Equal(["x/720p/playlist.m3u8", "x/audio-en/playlist.m3u8?q=1", "x/iframes/playlist.m3u8"], playlist.Uris);
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public void A_media_playlist_is_read_with_each_field_under_its_tags_name(string lineEnd)
    {
        var playlist = Assert.IsType<MediaPlaylist>(Playlist.Read(Media.ReplaceLineEndings(lineEnd)));
        Assert.Equal(
            (7, 6, 5, "EVENT", true, true),
            (playlist.Version, playlist.TargetDuration, playlist.MediaSequence, playlist.PlaylistType, playlist.IFramesOnly, playlist.EndList));
        Assert.Equal(
            [
                new(6.006, "00000.m4s?x=y") { Map = "init.mp4" },
                new(2, "https://other/1.m4s") { Map = "init-2.mp4", Title = "a title, with a comma", Discontinuity = true },
            ],
            playlist.Segments);
        Assert.Equal(["init.mp4", "00000.m4s?x=y", "init-2.mp4", "https://other/1.m4s"], playlist.Uris);
    }

    [Theory]
    [InlineData("#EXTM3U", 0, false)]
    [InlineData("#EXTM3U\n\n# comment\n", 0, false)]
    [InlineData("#EXTM3U\n#EXTINF:2\na.ts", 1, false)] // no comma, no final newline
    [InlineData("#EXTM3U\n#EXTINF:.5,\na b.ts\n#EXT-X-ENDLIST", 1, true)]
    public void Little_is_enough_for_a_media_playlist(string text, int segments, bool endList)
    {
        var playlist = Assert.IsType<MediaPlaylist>(Playlist.Read(text));
        Assert.Equal((1, segments, endList), (playlist.Version, playlist.Segments.Count, playlist.EndList));
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>")]
    [InlineData("#EXTM3U8\n")]
    [InlineData("\n#EXTM3U\n")]
    [InlineData("#EXTM3U\na.ts\n")] // a URI of nothing
    [InlineData("#EXTM3U\n#EXTINF:2,\n")] // cut off
    [InlineData("#EXTM3U\n#EXTINF:two,\na.ts\n")]
    [InlineData("#EXTM3U\n#EXTINF:-2,\na.ts\n")]
    [InlineData("#EXTM3U\n#EXTINF:NaN,\na.ts\n")]
    [InlineData("#EXTM3U\n#EXT-X-TARGETDURATION:6.5\n")]
    [InlineData("#EXTM3U\n#EXT-X-TARGETDURATION:99999999999\n")]
    [InlineData("#EXTM3U\n#EXT-X-PLAYLIST-TYPE:LIVE\n")]
    [InlineData("#EXTM3U\n#EXT-X-MAP:BYTERANGE=\"1@0\"\n")]
    [InlineData("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n")] // cut off
    [InlineData("#EXTM3U\n#EXT-X-STREAM-INF:CODECS=\"x\"\na.m3u8\n")]
    [InlineData("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1.5\na.m3u8\n")]
    [InlineData("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,BANDWIDTH=2\na.m3u8\n")]
    [InlineData("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"x\na.m3u8\n")] // an open quote
    [InlineData("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"x\"y\na.m3u8\n")]
    [InlineData("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH\na.m3u8\n")]
    [InlineData("#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\"\n")]
    [InlineData("#EXTM3U\n#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1\n")]
    [InlineData("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n#EXTINF:2,\na.ts\n")] // both kinds in one
    [InlineData("#EXTM3U\n#EXT-X-START:PRECISE=YES\n")]
    public void A_malformed_playlist_is_refused(string text) => Assert.Throws<FormatException>(() => Playlist.Read(text));

    [Fact]
    public void A_playlist_of_the_other_kind_is_refused()
    {
        Assert.Throws<FormatException>(() => MediaPlaylist.Read(Multivariant));
        Assert.Throws<FormatException>(() => MultivariantPlaylist.Read(Media));
    }

    [Fact(Timeout = 300_000)]
    public void Almost_right_playlists_are_read_or_refused() => s_playlists.Run(bytes =>
    {
        try
        {
            Playlist.Read(Encoding.UTF8.GetString(bytes));
        }
        catch (FormatException)
        {
            // Refused, as it should be.
        }
    });
}
