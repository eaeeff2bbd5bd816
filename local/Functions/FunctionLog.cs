namespace Reelseal.Local.Functions;

/// <summary>Keeps the last lines that a function wrote to stdout and stderr, in order.</summary>
internal sealed class FunctionLog(Action<string>? onLine)
{
    private const int MostLines = 20_000;
    private readonly Queue<string> _lines = new();
    private readonly Lock _lock = new();

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lock)
                return [.. _lines];
        }
    }

    public void Add(string? line)
    {
        if (line is null)
            return; // the stream's end
        lock (_lock)
        {
            if (_lines.Count == MostLines)
                _lines.Dequeue();
            _lines.Enqueue(line);
            onLine?.Invoke(line);
        }
    }

    public override string ToString() => string.Join('\n', Lines);
}
