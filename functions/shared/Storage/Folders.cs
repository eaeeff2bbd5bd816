namespace Reelseal.Storage;

/// <summary>Creates folders with their first file and removes them with their last, while other processes do the same.</summary>
internal static class Folders
{
    private const int MostRounds = 1000;

    /// <summary>Does something with a path whose folder must exist.</summary>
    public static T With<T>(string path, Func<T> action)
    {
        for (var round = 0; ; round++)
        {
            try
            {
                return action();
            }
            catch (Exception e) when (e is DirectoryNotFoundException or FileNotFoundException && round < MostRounds)
            {
                // .NET says which of them is missing by looking again, when somebody else may have made the folder.
                Create(Path.GetDirectoryName(path)!);
            }
        }
    }

    public static void RemoveIfEmpty(string folder)
    {
        try
        {
            Directory.Delete(folder);
        }
        catch (IOException)
        {
            // It is not empty, or already gone.
        }
    }

    private static void Create(string folder)
    {
        for (var round = 0; ; round++)
        {
            try
            {
                Directory.CreateDirectory(folder);
                return;
            }
            catch (IOException) when (round < MostRounds)
            {
                // Removed between .NET's attempt to make it and its look at what was in the way.
            }
        }
    }
}
