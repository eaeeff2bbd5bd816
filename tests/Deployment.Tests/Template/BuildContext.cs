using System.Collections.Immutable;
using Deployment.Tests.Stack;

namespace Deployment.Tests.Template;

/// <summary>A build context as faas-cli 0.18 makes it (go-sdk, <c>CreateBuildContext</c>), before an image is built from it.</summary>
internal static class BuildContext
{
    /// <summary>Copies the template, the handler's folder over <c>function/</c>, and each path of <c>configuration.copy</c> into <c>function/</c>.</summary>
    public static void Create(StackFunction function, ImmutableArray<string> copiedPaths, string destination)
    {
        CopyAll(Repository.PathOf($"template/{function.Lang}"), destination);
        foreach (var entry in new DirectoryInfo(Repository.PathOf(function.Handler)).EnumerateFileSystemInfos())
        {
            // faas-cli skips these silently.
            if (entry.Name is not ("build" or "template"))
                CopyAll(entry.FullName, Path.Combine(destination, "function", entry.Name));
        }
        foreach (var path in copiedPaths)
            CopyAll(Repository.PathOf(path), Path.Combine(destination, "function", path));
    }

    /// <summary>Leaves out what the context's .dockerignore keeps from the engine.</summary>
    public static void Ignore(string context)
    {
        foreach (var pattern in File.ReadLines(Path.Combine(context, ".dockerignore")).Where(line => line.StartsWith("**/", StringComparison.Ordinal)))
        {
            foreach (var folder in Directory.GetDirectories(context, pattern[3..], SearchOption.AllDirectories).Where(Directory.Exists))
                Directory.Delete(folder, recursive: true);
        }
    }

    private static void CopyAll(string source, string destination)
    {
        if (File.Exists(source))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(destination)!);
            File.Copy(source, destination, overwrite: true);
            return;
        }
        Directory.CreateDirectory(destination);
        foreach (var entry in new DirectoryInfo(source).EnumerateFileSystemInfos())
            CopyAll(entry.FullName, Path.Combine(destination, entry.Name));
    }
}
