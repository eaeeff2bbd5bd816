using System.Globalization;

namespace IngestVideo.Tests;

/// <summary>Finds running programs.</summary>
internal static class Processes
{
    /// <summary>The numbers of those that were started with a path in a folder.</summary>
    public static IEnumerable<int> WorkingIn(string folder) => Directory.EnumerateDirectories("/proc").Select(path => Path.GetFileName(path))
        .Where(name => name.All(char.IsAsciiDigit) && CommandOf(name).Contains(folder, StringComparison.Ordinal)).Select(name => int.Parse(name, CultureInfo.InvariantCulture));

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
}
