namespace Reelseal.Benchmarks.Servers;

/// <summary>The common way, in Node.</summary>
internal static class Article
{
    /// <summary>Puts its programs, and the packages that they need, into <c>article</c> in a folder.</summary>
    public static void Install(DirectoryInfo folder)
    {
        var article = Path.Combine(folder.FullName, "article");
        Command.Run("cp", ["-r", Path.Combine(AppContext.BaseDirectory, "article"), article]);
        Command.Run("npm", ["install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"], article);
    }
}
