namespace IngestVideo;

/// <summary>A scratch folder for one video, which removes itself. What a killed process left is removed by the next one.</summary>
public sealed class Workspace : IDisposable
{
    private const string Prefix = "reelseal-ingest-";
    private const string LockSuffix = ".lock";
    private readonly FileStream _lock;

    private Workspace(string path)
    {
        Root = path;
        // Released by the kernel when this process ends, however it ends. It is beside the folder, created before it and removed after it, so that one without
        // the other is abandoned.
        _lock = new(path + LockSuffix, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        Directory.CreateDirectory(path);
    }

    public string Root { get; }

    /// <summary>The video as sent. We choose its name: the sender's file name never becomes a path.</summary>
    public string Source => Path.Combine(Root, "source");

    /// <summary>Where ffmpeg writes, a folder for each rendition.</summary>
    public string Output => Path.Combine(Root, "out");

    public static Workspace Create(string workDirectory) => new(Path.Combine(workDirectory, Prefix + Guid.NewGuid().ToString("N")));

    /// <summary>Removes the workspaces of dead processes.</summary>
    public static void RemoveAbandoned(string workDirectory)
    {
        foreach (var path in Directory.EnumerateFiles(workDirectory, Prefix + "*" + LockSuffix))
        {
            try
            {
                using (new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
                    Remove(path[..^LockSuffix.Length]);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It is in use, or another process is removing it.
            }
        }
    }

    /// <summary>Returns whether something failed because the disk or the quota is full.</summary>
    public static bool IsFull(Exception exception)
    {
        const int noSpace = 28, noQuota = 122; // errno, which .NET hands on as it is
        return exception is IOException { HResult: noSpace or noQuota } || (exception.InnerException is { } inner && IsFull(inner));
    }

    public void Dispose()
    {
        Remove(Root);
        _lock.Dispose();
    }

    /// <summary>Removes the folder first and its lock last: a process killed in between leaves a lock that the next start finds.</summary>
    private static void Remove(string root)
    {
        if (Directory.Exists(root))
            Directory.Delete(root, recursive: true);
        File.Delete(root + LockSuffix);
    }
}
