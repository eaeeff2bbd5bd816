namespace IngestVideo.Processes;

/// <summary>Turns what ffmpeg printed into a reason for people: without the addresses of its objects and the paths of this machine.</summary>
internal static class FfmpegErrors
{
    private const int Longest = 200;

    /// <param name="result">How ffmpeg, or ffprobe, ended.</param>
    /// <param name="source">The path that it was given.</param>
    public static string Reason(ProcessResult result, string source)
    {
        foreach (var line in result.LastErrors)
        {
            var text = Printable(WithoutContext(line)).Replace(source, "the video", StringComparison.Ordinal).Trim().TrimEnd('.');
            if (text.Length > 0)
                return text.Length > Longest ? text[..Longest] : text;
        }
        return result.ExitCode > 128 ? "the decoder used up its time or memory" : "the decoder gave no reason";
    }

    /// <summary>Whether it ended because nothing more could be written.</summary>
    public static bool DiskIsFull(ProcessResult result) => result.ExitCode != 0 && SaysDiskIsFull(result);

    /// <summary>The same for our own input: before version 6, ffmpeg may end as if all were well when the end of a file could not be written.</summary>
    public static bool SaysDiskIsFull(ProcessResult result) => result.LastErrors.Any(line =>
        line.Contains("No space left on device", StringComparison.Ordinal) || line.Contains("Disk quota exceeded", StringComparison.Ordinal));

    /// <summary>Whether it ended because it got no more memory. The second text is x264's.</summary>
    public static bool OutOfMemory(ProcessResult result) => result.ExitCode != 0 && result.LastErrors.Any(line =>
        line.Contains("Cannot allocate memory", StringComparison.Ordinal) || line.Contains("malloc of size", StringComparison.Ordinal));

    /// <summary>ffmpeg also prints what a stranger wrote into the file.</summary>
    private static string Printable(string line) => string.Concat(line.Where(c => !char.IsControl(c)));

    /// <summary>Cuts off <c>[mov @ 0x55d0] </c>, of which there may be several.</summary>
    private static string WithoutContext(string line)
    {
        while (line.StartsWith('[') && line.IndexOf("] ", StringComparison.Ordinal) is > 0 and var end
            && line[..end].Contains(" @ 0x", StringComparison.Ordinal))
            line = line[(end + 2)..];
        return line;
    }
}
