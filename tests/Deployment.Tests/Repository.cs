using System.Runtime.CompilerServices;

namespace Deployment.Tests;

/// <summary>Finds files of the repository that these tests are part of.</summary>
internal static class Repository
{
    public static string Root { get; } = Above(SourceFile());

    public static string PathOf(string relative) => Path.Combine(Root, relative);

    public static string Read(string relative) => File.ReadAllText(PathOf(relative));

    private static string Above(string file)
    {
        var folder = Path.GetDirectoryName(file);
        while (folder is not null && !File.Exists(Path.Combine(folder, "stack.yml")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new DirectoryNotFoundException($"No stack.yml above {file}.");
    }

    private static string SourceFile([CallerFilePath] string path = "") => path;
}
