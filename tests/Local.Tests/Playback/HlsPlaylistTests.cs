using Reelseal.Local.Playback;

namespace Reelseal.Local.Tests.Playback;

public sealed class HlsPlaylistTests
{
    private static readonly Uri s_address = new("http://edge/videos/1/multivariant.m3u8?Signature=x");

    [Fact]
    public void Reads_what_a_multivariant_playlist_names()
    {
        var entries = HlsPlaylist.Read(
            "#EXTM3U\r\n" +
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"one, two=three\",URI=\"a/audio/playlist.m3u8?q=1\"\r\n" +
            "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"c\",NAME=\"c\"\r\n" +
            "#EXT-X-STREAM-INF:BANDWIDTH=1000,CODECS=\"avc1.4d401f,mp4a.40.2\",RESOLUTION=1280x720\r\n\r\n# comment\r\n" +
            "a/720p/playlist.m3u8\r\n" +
            "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=10,URI=\"a/iframes/playlist.m3u8\"",
            s_address);
        Assert.Equal(
            [("EXT-X-MEDIA", "http://edge/videos/1/a/audio/playlist.m3u8?q=1"),
                ("EXT-X-STREAM-INF", "http://edge/videos/1/a/720p/playlist.m3u8"),
                ("EXT-X-I-FRAME-STREAM-INF", "http://edge/videos/1/a/iframes/playlist.m3u8")],
            entries.Select(entry => (entry.Tag, entry.Uri.AbsoluteUri)));
        Assert.Equal("AUDIO", entries[0].Type);
        Assert.Equal(("1280x720", 1000), (entries[1].Resolution, entries[1].Bandwidth));
    }

    [Fact]
    public void Reads_what_a_media_playlist_names()
    {
        var entries = HlsPlaylist.Read(
            "#EXTM3U\n#EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:6,\n00000.m4s?x=y\n#EXTINF:2,a\nhttps://other/1.m4s\n#EXT-X-ENDLIST\n",
            s_address);
        Assert.Equal(
            [("EXT-X-MAP", "http://edge/videos/1/init.mp4"), ("EXTINF", "http://edge/videos/1/00000.m4s?x=y"), ("EXTINF", "https://other/1.m4s")],
            entries.Select(entry => (entry.Tag, entry.Uri.AbsoluteUri)));
        Assert.Equal([0, 6, 2], entries.Select(entry => entry.Duration.TotalSeconds));
    }

    [Fact]
    public void Reports_what_is_not_a_playlist() => Assert.Throws<FormatException>(() => HlsPlaylist.Read("<html>", s_address));
}
