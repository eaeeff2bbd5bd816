using Reelseal.Local;

namespace Reelseal.EndToEnd.Tests;

/// <summary>The functions that <c>make publish</c> builds.</summary>
internal static class Published
{
    /// <summary>Skips the test where a function is not published.</summary>
    public static void Require()
    {
        var functions = new LocalOptions().FunctionsDirectory;
        foreach (var name in (string[])[LocalSystem.IngestVideo, LocalSystem.SignPlaylist])
        {
            var program = Path.Combine(functions, name, "Root");
            Assert.SkipUnless(File.Exists(program), $"The function {name} is not published: there is no {program}. make publish makes it.");
        }
    }
}
