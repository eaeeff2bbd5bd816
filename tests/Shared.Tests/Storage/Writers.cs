using System.Diagnostics;
using System.Globalization;

namespace Reelseal.Tests.Storage;

/// <summary>Twenty writers in five processes that write the same object at the same moment.</summary>
internal sealed class Writers : IAsyncDisposable
{
    public const int Count = Processes * InEach;
    public const int ObjectSize = 64_000;
    private const int Processes = 5;
    private const int InEach = 4;

    private readonly List<Process> _processes = [];

    private Writers()
    {
    }

    /// <param name="environment">Which store the writers use.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    public static async Task<Writers> StartAsync(IReadOnlyDictionary<string, string> environment, CancellationToken cancellationToken)
    {
        var writers = new Writers();
        for (var number = 0; number < Processes; number++)
            writers._processes.Add(StartOne(environment));
        foreach (var process in writers._processes)
            Assert.Equal("ready", await process.StandardOutput.ReadLineAsync(cancellationToken));
        return writers;
    }

    /// <summary>Lets all of them write at once.</summary>
    /// <param name="key">What they write.</param>
    /// <param name="condition">An ETag, <c>-</c> for a new object, <c>*</c> for any.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>The content's pattern and the new ETag of each winner.</returns>
    public async Task<IReadOnlyList<(string Name, string ETag)>> RaceAsync(string key, string condition, CancellationToken cancellationToken)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $"{key} {condition} {DateTime.UtcNow.AddMilliseconds(15).Ticks}");
        foreach (var process in _processes)
            await process.StandardInput.WriteLineAsync(line.AsMemory(), cancellationToken);
        var winners = new List<(string, string)>();
        foreach (var process in _processes)
        {
            var answer = await process.StandardOutput.ReadLineAsync(cancellationToken)
                ?? throw new InvalidOperationException(await process.StandardError.ReadToEndAsync(cancellationToken));
            winners.AddRange(answer.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(winner => (winner[..32], winner[33..])));
        }
        return winners;
    }

    /// <summary>Lets all of them write unconditionally, kills one process in the middle of it, and starts another in its place.</summary>
    public async Task RaceAndKillOneAsync(string key, TimeSpan after, IReadOnlyDictionary<string, string> environment, CancellationToken cancellationToken)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $"{key} * {DateTime.UtcNow.Ticks}");
        foreach (var process in _processes)
            await process.StandardInput.WriteLineAsync(line.AsMemory(), cancellationToken);
        using var victim = _processes[0];
        _processes.RemoveAt(0);
        await Task.Delay(after, cancellationToken);
        victim.Kill();
        await victim.WaitForExitAsync(cancellationToken);
        foreach (var process in _processes)
            Assert.NotEmpty(await process.StandardOutput.ReadLineAsync(cancellationToken) ?? "");
        _processes.Add(StartOne(environment));
        Assert.Equal("ready", await _processes[^1].StandardOutput.ReadLineAsync(cancellationToken));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }

    private static Process StartOne(IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(
            Path.Combine(AppContext.BaseDirectory, "Shared.Tests.Dummy"),
            [InEach.ToString(CultureInfo.InvariantCulture), ObjectSize.ToString(CultureInfo.InvariantCulture)])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var process = Process.Start(start)!;
        process.StandardInput.AutoFlush = true;
        return process;
    }
}
