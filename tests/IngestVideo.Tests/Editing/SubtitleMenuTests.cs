using IngestVideo.Publishing;
using MediaTag = Reelseal.Playlists.Media;

namespace IngestVideo.Tests.Editing;

/// <summary>What a change of subtitles does to a multivariant playlist, and that it does nothing else.</summary>
public sealed class SubtitleMenuTests
{
    private const string None = """
        #EXTM3U
        #EXT-X-VERSION:6
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="a/audio-en/playlist.m3u8"
        #EXT-X-STREAM-INF:BANDWIDTH=2,CODECS="avc1.64001e,mp4a.40.2",AUDIO="audio",CLOSED-CAPTIONS=NONE
        a/360p/playlist.m3u8
        #EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1.64001e,mp4a.40.2",AUDIO="audio",CLOSED-CAPTIONS=NONE
        a/234p/playlist.m3u8
        #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="a/iframes-234p/playlist.m3u8"

        """;

    private const string Two = """
        #EXTM3U
        #EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,FORCED=NO,URI="a/subtitles-en/playlist.m3u8"
        #EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="Signs",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=YES,FORCED=YES,URI="a/subtitles-en-2/playlist.m3u8"
        #EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID="captions",NAME="Closed captions",DEFAULT=NO,AUTOSELECT=YES,INSTREAM-ID="CC1"
        #EXT-X-STREAM-INF:BANDWIDTH=1,SUBTITLES="subtitles",CLOSED-CAPTIONS="captions"
        a/234p/playlist.m3u8

        """;

    [Fact]
    public void The_first_subtitles_bring_their_group_with_them_and_the_last_take_it_away()
    {
        var added = SubtitleMenu.Read(None).With(Entry("de", "Deutsch")).ToString();

        Assert.Equal(
            None.Replace(",CLOSED-CAPTIONS=NONE", ",SUBTITLES=\"subtitles\",CLOSED-CAPTIONS=NONE", StringComparison.Ordinal).Replace(
                "#EXT-X-STREAM-INF:BANDWIDTH=2",
                "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"subtitles\",NAME=\"Deutsch\",LANGUAGE=\"de\",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,"
                + "URI=\"a/x/playlist.m3u8\"\n#EXT-X-STREAM-INF:BANDWIDTH=2",
                StringComparison.Ordinal),
            added);
        Assert.Equal(None, SubtitleMenu.Read(added).Without(_ => true).ToString());
    }

    [Fact]
    public void Subtitles_take_the_place_of_those_of_their_language_that_are_forced_or_not_as_they_are()
    {
        var replaced = SubtitleMenu.Read(Two).With(Entry("en", "New"));

        Assert.Equal([("New", false), ("Signs", true)], replaced.Entries.Select(entry => (entry.Name, entry.Forced)));
        Assert.Equal(
            Two.Replace("NAME=\"English\",LANGUAGE=\"en\",DEFAULT=YES", "NAME=\"New\",LANGUAGE=\"en\",DEFAULT=NO", StringComparison.Ordinal)
                .Replace("a/subtitles-en/playlist.m3u8", "a/x/playlist.m3u8", StringComparison.Ordinal),
            replaced.ToString());
    }

    [Fact]
    public void Names_in_a_menu_differ_and_one_at_most_is_the_default()
    {
        var added = SubtitleMenu.Read(SubtitleMenu.Read(Two).With(Entry("de", "English") with { Default = true }).ToString());

        Assert.Equal([("English", false), ("Signs", false), ("English-2", true)], added.Entries.Select(entry => (entry.Name, entry.Default)));
    }

    [Fact]
    public void A_playlist_without_a_change_stays_as_it_is()
    {
        Assert.Equal(Two, SubtitleMenu.Read(Two).ToString());
        Assert.Equal(None, SubtitleMenu.Read(None).ToString());
        Assert.Equal(Two, SubtitleMenu.Read(Two).Without(entry => entry.Language == "fr").ToString());
    }

    private static MediaTag Entry(string language, string name) =>
        new("SUBTITLES", MultivariantPlaylistWriter.SubtitleGroup, name) { Language = language, Uri = "a/x/playlist.m3u8" };
}
