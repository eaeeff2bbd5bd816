using CliWrap;
using CliWrap.Buffered;

namespace Reelseal.Benchmarks.Servers;

/// <summary>The common way, in Node.</summary>
internal static class Article
{
    /// <summary>Puts its programs, and the packages that they need, into <c>article</c> in a folder.</summary>
    public static async Task InstallAsync(DirectoryInfo folder)
    {
        var article = Path.Combine(folder.FullName, "article");
        await Cli.Wrap("cp").WithArguments(["-r", Path.Combine(AppContext.BaseDirectory, "article"), article]).ExecuteBufferedAsync();
        await Cli.Wrap("npm").WithArguments("install --silent --no-audit --no-fund --no-package-lock").WithWorkingDirectory(article).ExecuteBufferedAsync();
    }
}
