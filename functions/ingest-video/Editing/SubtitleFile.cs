using System.Text;
using System.Text.RegularExpressions;
using IngestVideo.Media;
using IngestVideo.Publishing;

namespace IngestVideo.Editing;

/// <summary>Reads subtitles that a user sends: WebVTT (W3C), or SubRip (SRT), which has no standard.</summary>
/// <remarks>
/// It is stricter than a player: what players would drop without a word, such as times that cannot be read, is refused with its line. Tags that are not
/// WebVTT's are refused as well, because not every page that shows a cue's text takes it for text.
/// </remarks>
internal static partial class SubtitleFile
{
    /// <summary>The longest text of a cue: a screen holds a tenth of it.</summary>
    public const int MostCharacters = 4000;

    /// <summary>By how much the last subtitle may outlast the video.</summary>
    private static readonly TimeSpan s_tolerance = TimeSpan.FromMinutes(1);

    private static readonly SubtitleLimits s_limits = new();

    private const string Arrow = "-->";
    private const int MatchTimeout = 5000; // milliseconds; no pattern takes more than a moment for a cue

    /// <param name="file">The file, in UTF-8, or in UTF-16 with a byte order mark.</param>
    /// <param name="duration">How long the video plays.</param>
    /// <returns>The cues in the order of their beginnings, at least one.</returns>
    /// <exception cref="IngestRefusedException">415: neither format. 422: it cannot be shown with this video.</exception>
    public static List<Cue> Read(Stream file, TimeSpan duration)
    {
        var cues = new List<Cue>();
        try
        {
            using var reader = new StreamReader(file, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true));
            var block = new List<string>();
            bool? isWebVtt = null;
            string? line;
            var (number, start) = (0, 0);
            do
            {
                line = reader.ReadLine();
                number++;
                if (line?.Contains('\0', StringComparison.Ordinal) == true)
                    throw NotSubtitles();
                if (!string.IsNullOrWhiteSpace(line))
                {
                    isWebVtt ??= Header().IsMatch(line);
                    if (block is [])
                        start = number;
                    if (block.Count <= MostCharacters + 2) // a cue of more lines is too long in any case
                        block.Add(line);
                    continue;
                }
                if (CueOf(block, start, isWebVtt == true) is { } cue)
                    cues.Add(cue);
                if (cues.Count > s_limits.Cues) // many small ones take much more memory than the file
                    throw IngestRefusedException.Undecodable($"The subtitles have more than the {s_limits.Cues:N0} cues that are accepted here.");
                block.Clear();
            }
            while (line is not null);
            if (isWebVtt != true && cues is [])
                throw NotSubtitles();
        }
        catch (DecoderFallbackException e)
        {
            throw IngestRefusedException.Undecodable("The subtitles are not in UTF-8. Save them in that encoding, and send them again.", e);
        }
        if (cues is [])
            throw IngestRefusedException.Undecodable("There is no subtitle in the file.");
        if (cues.Max(cue => cue.End) is var end && end > duration + s_tolerance)
        {
            throw IngestRefusedException.Undecodable(
                $"The last subtitle ends at {end.ToText()}, and the video plays {duration.ToText()}: they do not belong together.");
        }
        return [.. cues.OrderBy(cue => cue.Start)];
    }

    /// <param name="block">The lines between two empty ones.</param>
    /// <param name="number">The number of its first line.</param>
    /// <param name="isWebVtt">It is WebVTT, and not SubRip.</param>
    private static Cue? CueOf(List<string> block, int number, bool isWebVtt)
    {
        if (isWebVtt && block is [var first, ..] && (Header().IsMatch(first) || Comment().IsMatch(first)))
            return null;
        // The times are in the first line, or in the second after an identifier; further down an arrow is text.
        var times = block.FindIndex(line => line.Contains(Arrow, StringComparison.Ordinal));
        if (times is not (0 or 1))
            return null;
        var match = Times().Match(block[times]);
        if (!match.Success || !TryParseTime(match.Groups["start"].Value, out var start) || !TryParseTime(match.Groups["end"].Value, out var end))
        {
            throw IngestRefusedException.Undecodable(
                $"Line {number + times}: these times cannot be read. They look like 00:00:01.000 --> 00:00:02.000, and end within 1000 hours.");
        }
        var text = string.Join('\n', block[(times + 1)..]);
        if (text.Length > MostCharacters)
        {
            throw IngestRefusedException.Undecodable(
                $"Line {number + times}: this subtitle has more than the {MostCharacters} characters that are accepted here.");
        }
        text = TextOf(text, number + times, isWebVtt);
        if (end <= start || text.Length == 0)
            return null;
        var settings = isWebVtt ? string.Concat(Setting().Matches(match.Groups["settings"].Value).Select(setting => " " + setting.Value)) : "";
        return new(start, end, settings, text);
    }

    private static bool TryParseTime(string text, out TimeSpan time) => WebVtt.TryParseTime(text.Replace(',', '.'), out time);

    private static string TextOf(string text, int number, bool isWebVtt)
    {
        text = new([.. text.Where(c => c == '\n' || !char.IsControl(c))]);
        if (!isWebVtt)
            text = Tag().Replace(Override().Replace(text, ""), tag => FontTag().IsMatch(tag.Value) ? "" : tag.Value.ToLowerInvariant());
        text = Tag().Replace(text, tag => KnownTag().IsMatch(tag.Value) ? tag.Value
            : throw IngestRefusedException.Undecodable(
                $"Line {number}: the subtitle holds {tag.Value[..Math.Min(tag.Value.Length, 20)]}, which is not a WebVTT tag. "
                + "Write &lt; for the character <."));
        return Less().Replace(text, "&lt;").Trim();
    }

    private static IngestRefusedException NotSubtitles() =>
        new(StatusCodes.Status415UnsupportedMediaType, "This is neither WebVTT, which begins with WEBVTT, nor SubRip (SRT).");

    [GeneratedRegex(@"^WEBVTT($|[ \t])", RegexOptions.ExplicitCapture, MatchTimeout)]
    private static partial Regex Header();

    [GeneratedRegex(@"^(NOTE($|[ \t])|(STYLE|REGION)[ \t]*$)", RegexOptions.ExplicitCapture, MatchTimeout)]
    private static partial Regex Comment();

    [GeneratedRegex(@"^[ \t]*(?<start>[0-9:.,]{1,40})[ \t]*-->[ \t]*(?<end>[0-9:.,]{1,40})(?<settings>$|[ \t].*$)", RegexOptions.ExplicitCapture, MatchTimeout)]
    private static partial Regex Times();

    /// <summary>A setting of a cue (WebVTT, 4.4), apart from <c>region</c>: regions are not kept.</summary>
    [GeneratedRegex("(?<=[ \t])(vertical|line|position|size|align):[0-9a-z.,%-]{1,40}(?=$|[ \t])", RegexOptions.ExplicitCapture, MatchTimeout)]
    private static partial Regex Setting();

    /// <summary>What a browser may take for a tag of HTML, also without its end.</summary>
    [GeneratedRegex("<[A-Za-z/!?0-9][^<>]*>?", RegexOptions.ExplicitCapture, MatchTimeout)]
    private static partial Regex Tag();

    /// <summary>
    /// The tags of WebVTT (4.2.2): classes, styles, voices, ruby, languages, and times. Only voices and languages have an annotation; in no tag is there an
    /// equals sign, without which HTML has no attribute with a value.
    /// </summary>
    [GeneratedRegex(
        @"^<(/?(c|i|b|u|v|ruby|rt|lang)(\.[^\s.<>=/&""']+)*[ \t\n]*|(v|lang)(\.[^\s.<>=/&""']+)*[ \t\n][^<>=]*|[0-9:.]+)>$",
        RegexOptions.ExplicitCapture, MatchTimeout)]
    private static partial Regex KnownTag();

    [GeneratedRegex("^</?font([ \t\n][^<>]*)?>$", RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, MatchTimeout)]
    private static partial Regex FontTag();

    /// <summary>Settings of Advanced SubStation Alpha, which players of SubRip know as well: <c>{\an8}</c>.</summary>
    [GeneratedRegex(@"\{\\[^{}\n]*\}", RegexOptions.ExplicitCapture, MatchTimeout)]
    private static partial Regex Override();

    /// <summary>A character that begins no tag.</summary>
    [GeneratedRegex("<(?![A-Za-z/0-9])", RegexOptions.ExplicitCapture, MatchTimeout)]
    private static partial Regex Less();
}
