using System.Globalization;
using System.Text;
using IngestVideo.Planning;
using Reelseal;
using MediaTag = Reelseal.Playlists.Media;

namespace IngestVideo.Publishing;

/// <summary>Writes the playlist that players start from (RFC 8216, section 4.3.4).</summary>
public static class MultivariantPlaylistWriter
{
    private const string AudioGroup = "audio";
    internal const string SubtitleGroup = "subtitles";
    private const string CaptionGroup = "captions";

    /// <summary>What a player starts with, before it has measured the network: Apple asks for about 2 Mb/s.</summary>
    private const long StartBitsPerSecond = 2_200_000;

    /// <param name="attempt">The folder of all renditions, relative to this playlist.</param>
    /// <param name="renditions">At least one of video or audio.</param>
    /// <param name="stage">How much of the video it offers.</param>
    /// <param name="isGrowing">The renditions are still being encoded.</param>
    /// <param name="hasChapters">Whether the attempt has a <see cref="ChapterList"/>.</param>
    public static string Write(
        string attempt, IReadOnlyList<PublishedRendition> renditions, PublicationStage stage = PublicationStage.Final, bool isGrowing = false,
        bool hasChapters = false)
    {
        var video = renditions.Where(rendition => rendition.Rendition is VideoRendition).ToList();
        var audio = renditions.Where(rendition => rendition.Rendition is AudioRendition).ToList();
        var subtitles = renditions.Where(rendition => rendition.Rendition is SubtitleRendition).ToList();
        var text = new StringBuilder("#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n")
            .Append(PublicationStages.TagOf(stage)).Append(isGrowing ? MediaPlaylistWriter.FromStart : "");
        if (hasChapters)
            text.Append(CultureInfo.InvariantCulture, $"#EXT-X-SESSION-DATA:DATA-ID=\"{ChapterList.DataId}\",URI=\"{attempt}/{ChapterList.Name}\"\n");
        foreach (var rendition in audio)
        {
            var sound = (AudioRendition)rendition.Rendition;
            AppendMedia(text, "AUDIO", AudioGroup, sound.Label, sound.Track.Language, sound.Default, $",AUTOSELECT=YES,CHANNELS=\"{sound.Channels}\"",
                Uri(attempt, sound));
        }
        foreach (var rendition in subtitles)
        {
            var words = (SubtitleRendition)rendition.Rendition;
            text.Append(SubtitleLine(new("SUBTITLES", SubtitleGroup, words.Label)
            {
                Language = words.Track.Language, Default = words.Default, Forced = words.Track.Forced, Uri = Uri(attempt, words),
            })).Append('\n');
        }
        var captions = video.SelectMany(rendition => rendition.Captions).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        foreach (var id in captions)
        {
            var name = captions is [_] ? "Closed captions" : $"Closed captions {id}";
            text.Append(CultureInfo.InvariantCulture, $"#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"{CaptionGroup}\",NAME=\"{name}\"");
            text.Append(CultureInfo.InvariantCulture, $",DEFAULT=NO,AUTOSELECT=YES,INSTREAM-ID=\"{id}\"\n");
        }

        var sounds = audio.Aggregate(default(MeasuredBandwidth), (largest, rendition) => MeasuredBandwidth.Larger(largest, rendition.Bandwidth));
        var groups = (audio is [] ? "" : $",AUDIO=\"{AudioGroup}\"") + (subtitles is [] ? "" : $",SUBTITLES=\"{SubtitleGroup}\"")
            // Unless it says that there are none, players look for some and offer an empty menu. It may say so of all variants only (RFC 8216, 4.3.4.2).
            + (captions is [] ? ",CLOSED-CAPTIONS=NONE" : "");
        foreach (var rendition in StartFirst(video))
        {
            var picture = (VideoRendition)rendition.Rendition;
            var bandwidth = rendition.Bandwidth.Plus(sounds);
            var codecs = audio is [] ? rendition.Codecs : $"{rendition.Codecs},{CodecString.Aac}";
            text.Append(CultureInfo.InvariantCulture,
                $"#EXT-X-STREAM-INF:BANDWIDTH={bandwidth.Peak},AVERAGE-BANDWIDTH={bandwidth.Average},CODECS=\"{codecs}\"");
            text.Append(CultureInfo.InvariantCulture, $",RESOLUTION={picture.Size},FRAME-RATE={picture.FrameRate.PerSecond:0.000},VIDEO-RANGE=SDR{groups}");
            text.Append(rendition.Captions is [] ? "\n" : $",CLOSED-CAPTIONS=\"{CaptionGroup}\"\n");
            text.Append(CultureInfo.InvariantCulture, $"{Uri(attempt, picture)}\n");
        }
        if (video is []) // sound alone is a variant stream, too
        {
            var main = audio.First(rendition => ((AudioRendition)rendition.Rendition).Default).Rendition;
            text.Append(CultureInfo.InvariantCulture,
                $"#EXT-X-STREAM-INF:BANDWIDTH={sounds.Peak},AVERAGE-BANDWIDTH={sounds.Average},CODECS=\"{CodecString.Aac}\"{groups}\n{Uri(attempt, main)}\n");
        }
        foreach (var rendition in renditions.Where(rendition => rendition.Rendition is IFrameRendition))
        {
            var frames = (IFrameRendition)rendition.Rendition;
            var (peak, average) = rendition.Bandwidth;
            text.Append(CultureInfo.InvariantCulture, $"#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={average}");
            text.Append(CultureInfo.InvariantCulture, $",CODECS=\"{rendition.Codecs}\"");
            text.Append(CultureInfo.InvariantCulture, $",RESOLUTION={frames.Of.Size},VIDEO-RANGE=SDR,URI=\"{Uri(attempt, frames)}\"\n");
        }
        return text.ToString();
    }

    /// <summary>The tag of a rendition of subtitles, without a line end.</summary>
    internal static string SubtitleLine(MediaTag subtitles)
    {
        var text = new StringBuilder();
        AppendMedia(text, subtitles.Type, subtitles.GroupId, subtitles.Name, subtitles.Language, subtitles.Default,
            $",AUTOSELECT=YES,FORCED={(subtitles.Forced ? "YES" : "NO")}", subtitles.Uri!);
        return text.ToString().TrimEnd('\n');
    }

    /// <summary>From the smallest to the largest, except that the one a player should begin with comes first.</summary>
    private static IEnumerable<PublishedRendition> StartFirst(List<PublishedRendition> video)
    {
        var start = Math.Max(0, video.FindLastIndex(rendition => rendition.Bandwidth.Average <= StartBitsPerSecond));
        return video.Skip(start).Take(1).Concat(video.Take(start)).Concat(video.Skip(start + 1));
    }

    private static void AppendMedia(StringBuilder text, string type, string group, string label, string? language, bool isDefault, string more, string uri)
    {
        text.Append(CultureInfo.InvariantCulture, $"#EXT-X-MEDIA:TYPE={type},GROUP-ID=\"{group}\",NAME=\"{label}\"");
        if (language is not null)
            text.Append(CultureInfo.InvariantCulture, $",LANGUAGE=\"{language}\"");
        text.Append(CultureInfo.InvariantCulture, $",DEFAULT={(isDefault ? "YES" : "NO")}{more},URI=\"{uri}\"\n");
    }

    private static string Uri(string attempt, Rendition rendition) => $"{attempt}/{rendition.Name}/{MediaPlaylistWriter.Name}";
}
