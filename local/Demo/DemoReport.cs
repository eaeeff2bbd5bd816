using System.Globalization;

namespace Reelseal.Local.Demo;

/// <summary>Prints the steps of a command as they happen, each with the time it took.</summary>
/// <param name="output">Where to.</param>
/// <param name="isTerminal">Whether a line can be written over, to show progress.</param>
internal sealed class DemoReport(TextWriter output, bool isTerminal)
{
    private const int TextWidth = 72;
    private readonly long _start = TimeProvider.System.GetTimestamp();
    private long _step = TimeProvider.System.GetTimestamp();
    private int _progressLength;
    private (string State, int Tenths) _lastProgress;

    /// <summary>A step that is done, with the time since the one before.</summary>
    public void Step(string name, string text)
    {
        var took = TimeProvider.System.GetElapsedTime(_step);
        _step = TimeProvider.System.GetTimestamp();
        Line(name, text.Length > TextWidth ? text : text.PadRight(TextWidth) + Seconds(took).PadLeft(8));
    }

    /// <summary>A line below a step.</summary>
    public void Detail(string text) => Line("", text);

    /// <summary>How far a step is: on a terminal in one line that changes, elsewhere in a line for each tenth.</summary>
    public void Progress(string state, double part)
    {
        var text = $"  {state,-12} {part.ToString("P0", CultureInfo.InvariantCulture).Replace(" ", "", StringComparison.Ordinal)}";
        if (isTerminal)
        {
            output.Write('\r' + text.PadRight(_progressLength));
            _progressLength = text.Length;
        }
        else if ((state, (int)(part * 10)) is var progress && progress != _lastProgress)
        {
            output.WriteLine(text);
            _lastProgress = progress;
        }
    }

    public void End(string text)
    {
        output.WriteLine();
        output.WriteLine($"{text} {Seconds(TimeProvider.System.GetElapsedTime(_start))}");
    }

    private void Line(string name, string text)
    {
        if (_progressLength > 0)
            output.Write('\r' + new string(' ', _progressLength) + '\r');
        _progressLength = 0;
        output.WriteLine($"  {name,-10} {text}");
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("F1", CultureInfo.InvariantCulture) + " s";
}
