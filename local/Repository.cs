namespace Reelseal.Local;

/// <summary>The folder that this program was built in: where the published functions, the page and the default store are.</summary>
internal static class Repository
{
    /// <exception cref="DirectoryNotFoundException">The program does not run from within its repository.</exception>
    public static string Root
    {
        get
        {
            for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            {
                if (File.Exists(Path.Combine(folder.FullName, "Reelseal.slnx")))
                    return folder.FullName;
            }
            throw new DirectoryNotFoundException("There is no Reelseal.slnx above this program: it runs from within its repository only.");
        }
    }
}
