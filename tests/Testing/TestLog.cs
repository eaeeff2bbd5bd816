using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Reelseal.Testing;

/// <summary>Keeps a function's warnings and errors, and writes them into the output of the test that runs.</summary>
public sealed class TestLog(ITestOutputHelper? output) : ILoggerProvider, ILogger
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public ILogger CreateLogger(string categoryName) => this;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
            return;
        var line = formatter(state, exception);
        Lines.Enqueue(line);
        try
        {
            output?.WriteLine($"{line} {exception}");
        }
        catch (InvalidOperationException)
        {
            // The test has ended before its server.
        }
    }

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Dispose()
    {
    }
}
