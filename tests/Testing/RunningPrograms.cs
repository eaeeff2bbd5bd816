using System.Globalization;
using Xunit;

namespace Reelseal.Testing;

/// <summary>Finds running programs.</summary>
public static class RunningPrograms
{
    /// <summary>The numbers of those that were started with a path in a folder.</summary>
    public static IEnumerable<int> WorkingIn(string folder) => Directory.EnumerateDirectories("/proc").Select(path => Path.GetFileName(path))
        .Where(name => name.All(char.IsAsciiDigit) && CommandOf(name).Contains(folder, StringComparison.Ordinal))
            .Select(name => int.Parse(name, CultureInfo.InvariantCulture));

    /// <summary>Waits until the ffmpeg that works in a folder is stopped; it stays so until it is resumed.</summary>
    public static async Task<int> StoppedIn(string folder)
    {
        var seen = false;
        while (true)
        {
            var encoders = WorkingIn(folder).Where(process => CommandOf($"{process}").Contains("\0-progress\0", StringComparison.Ordinal)).ToList();
            if (encoders.FirstOrDefault(encoder => StateOf(encoder) == 'T') is > 0 and var one)
                return one;
            Assert.False(seen && encoders is [], "ffmpeg was not stopped: it has ended.");
            seen |= encoders is not [];
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Whether a process has ended.</summary>
    public static bool HasEnded(int process) => StateOf(process) is 'Z' or ' ';

    /// <summary>As in proc(5): R runs, S sleeps, T is stopped; Z, or a space, where it has ended.</summary>
    private static char StateOf(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/stat").Split(") ")[^1][0];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ' ';
        }
    }

    /// <summary>The command line of a process, its words separated by NUL; empty when it has ended.</summary>
    public static string CommandOf(int process) => CommandOf(process.ToString(CultureInfo.InvariantCulture));

    private static string CommandOf(string process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ""; // it has ended, or is another user's
        }
    }

    /// <summary>How far a process stands back for others, read from its <c>/proc/[pid]/stat</c> (proc(5)).</summary>
    public static int NicenessOf(string stat) => int.Parse(stat.Split(") ")[^1].Split(' ')[16], CultureInfo.InvariantCulture);
}
