namespace Reelseal.Storage;

/// <summary>An exclusive lock between processes: a file open with <see cref="FileShare.None"/>, which the system frees when its holder dies.</summary>
/// <remarks>
/// Exactly these options make .NET check, once it has the lock, that the file is still the one at its path; otherwise a waiter could lock a
/// file that the holder before it has just removed. <see cref="File.Move(string, string)"/> without overwriting is no such lock: of two movers both may
/// succeed.
/// </remarks>
internal static class FileLock
{
    private static readonly int s_busy =
        OperatingSystem.IsWindows() ? unchecked((int)0x80070020) // ERROR_SHARING_VIOLATION
        : OperatingSystem.IsLinux() ? 11 : 35; // EWOULDBLOCK

    /// <summary>Waits for the lock; dispose of it to release it. Creates the folder if it is missing.</summary>
    public static async Task<IDisposable> TakeAsync(string path, CancellationToken cancellationToken)
    {
        for (var round = 0; ; round++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (TryTake(path) is { } taken)
                return taken;
            await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(1, Math.Min(2 + round, 20))), cancellationToken);
        }
    }

    /// <summary>Returns the lock, or null if another process holds it.</summary>
    public static IDisposable? TryTake(string path)
    {
        try
        {
            return Folders.With(
                path, () => new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose));
        }
        catch (IOException e) when (e.HResult == s_busy)
        {
            return null;
        }
    }
}
