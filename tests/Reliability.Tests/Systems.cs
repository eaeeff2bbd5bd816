using Reelseal.Testing;

namespace Reelseal.Reliability.Tests;

/// <summary>Passes one system from test to test, because starting it takes longer than most of them. A failed test discards its system.</summary>
public sealed class Systems : IAsyncDisposable
{
    private FaultySystem? _free;

    /// <summary>Runs a test on a system without earlier errors.</summary>
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
