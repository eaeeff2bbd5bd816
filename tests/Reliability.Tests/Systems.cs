using Reelseal.Testing;

namespace Reelseal.Reliability.Tests;

/// <summary>Hands one system on from test to test, because its start takes longer than most of them. A test that fails takes its system with it.</summary>
public sealed class Systems : IAsyncDisposable
{
    private FaultySystem? _free;

    /// <summary>Does a test on a system in which nothing is wrong so far.</summary>
    internal async Task UseAsync(CephRgw s3, Func<FaultySystem, Task> test)
    {
        var system = _free ?? await FaultySystem.StartAsync(s3);
        _free = null;
        try
        {
            await test(system);
            _free = system;
        }
        finally
        {
            if (_free is null)
                await system.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_free is not null)
            await _free.DisposeAsync();
    }
}
