namespace Reelseal.Local.Functions;

/// <summary>A file with the lines that the functions have written since the last start.</summary>
/// <remarks>It is opened with the first line: a start that fails before leaves the file of the system that runs.</remarks>
internal sealed class LogFile(string path) : IDisposable
{
    private readonly Lock _lock = new();
    private StreamWriter? _writer;

    public string Path => path;

    public void Write(string line)
    {
        lock (_lock)
        {
            _writer ??= new(path) { AutoFlush = true };
            _writer.WriteLine(line);
        }
    }

    public void Dispose() => _writer?.Dispose();
}
