namespace Reelseal.Benchmarks;

/// <summary>The peak size of a work directory, not counting the sources.</summary>
internal static class DiskPeak
{
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);

    /// <returns>The result of <paramref name="run"/>, and the peak number of bytes meanwhile.</returns>
    public static async Task<(T Result, long Bytes)> DuringAsync<T>(string folder, Func<Task<T>> run)
    {
        var running = run();
        long most = 0;
        while (!running.IsCompleted)
        {
            most = long.Max(most, BytesIn(folder));
            await Task.WhenAny(running, Task.Delay(s_look));
        }
        return (await running, most);
    }

    private static long BytesIn(string folder)
    {
        long bytes = 0;
        try
        {
            foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories))
                bytes += file.Name == "source" || !file.Exists ? 0 : file.Length;
        }
        catch (IOException)
        {
            // Something was removed during the scan: the next scan counts.
        }
        return bytes;
    }
}
