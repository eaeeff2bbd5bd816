using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace IngestVideo.Publishing;

/// <summary>One subtitle, with its text as it stands in the file, settings of its place included.</summary>
/// <param name="Start">When it appears.</param>
/// <param name="End">When it disappears.</param>
/// <param name="Settings">What follows the times on their line.</param>
/// <param name="Text">Its lines.</param>
public sealed record Cue(TimeSpan Start, TimeSpan End, string Settings, string Text);

/// <summary>WebVTT (W3C), and its segments in HLS (RFC 8216, section 3.5).</summary>
public static class WebVtt
{
    private const int MpegTicksPerSecond = 90_000;
    private const string Arrow = " --> ";
    private static readonly TimeSpan s_longest = TimeSpan.FromHours(1000);

    /// <summary>Reads the cues of a file that ffmpeg wrote, one after the other.</summary>
    public static async IAsyncEnumerable<Cue> ReadAsync(TextReader file, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var block = new List<string>();
        string? line;
        do
        {
            line = await file.ReadLineAsync(cancellationToken);
            if (line is { Length: > 0 })
            {
                block.Add(line);
                continue;
            }
            if (CueOf(block) is { } cue)
                yield return cue;
            block.Clear();
        }
        while (line is not null);
    }

    private static Cue? CueOf(List<string> block)
    {
        // The times are in the first line, or in the second after an identifier; further down an arrow is text.
        var times = block.FindIndex(line => line.Contains(Arrow, StringComparison.Ordinal));
        if (times is not (0 or 1) || block[times].Split(Arrow) is not [var start, var rest])
            return null;
        var end = rest.Split(' ')[0];
        var text = string.Join('\n', block[(times + 1)..]);
        return TryParseTime(start.Trim(), out var from) && TryParseTime(end, out var to) && to > from && text.Length > 0
            ? new(from, to, rest[end.Length..], text) : null;
    }

    /// <summary>One segment: the cues that are seen in it, those included that began before.</summary>
    /// <param name="cues">All cues.</param>
    /// <param name="from">The segment's first moment.</param>
    /// <param name="to">The moment after its last.</param>
    /// <param name="mpegTime">The 90 kHz time stamp of the video's first moment.</param>
    public static string WriteSegment(IEnumerable<Cue> cues, TimeSpan from, TimeSpan to, long mpegTime)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:{mpegTime},LOCAL:00:00:00.000\n");
        foreach (var cue in cues.Where(cue => cue.Start < to && cue.End > from))
            text.Append(CultureInfo.InvariantCulture, $"\n{Time(cue.Start)}{Arrow}{Time(cue.End)}{Escaped(cue.Settings)}\n{Escaped(cue.Text)}\n");
        return text.ToString();
    }

    /// <summary>The 90 kHz time stamp of a moment.</summary>
    public static long MpegTime(TimeSpan time) => (long)Math.Round(time.TotalSeconds * MpegTicksPerSecond);

    /// <summary>A time as in a cue: hours may have more than two digits.</summary>
    public static string Time(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours:00}:{time.Minutes:00}:{time.Seconds:00}.{time.Milliseconds:000}");

    /// <summary>An arrow ends a cue wherever it stands (WebVTT, 4.1, "WebVTT cue text").</summary>
    private static string Escaped(string text) => text.Replace("-->", "--&gt;", StringComparison.Ordinal);

    /// <summary>Reads a time such as <c>01:02:03.500</c> or <c>02:03.500</c>, of less than 1000 hours.</summary>
    internal static bool TryParseTime(string text, out TimeSpan time)
    {
        time = default;
        var parts = text.Split(':');
        if (parts.Length is < 2 or > 3)
            return false;
        foreach (var part in parts)
        {
            // NaN, which is a number to the parser, lies in no range.
            if (!double.TryParse(part, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) || number is not (>= 0 and < 1e6))
                return false;
            time = time * 60 + TimeSpan.FromMilliseconds(Math.Round(number * 1000));
        }
        return time < s_longest;
    }
}
