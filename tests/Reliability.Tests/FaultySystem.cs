using Reelseal.Testing;

namespace Reelseal.Reliability.Tests;

/// <summary>The system with a fault-injecting proxy between the functions and S3.</summary>
internal sealed class FaultySystem : IAsyncDisposable
{
    private int _faults;

    private FaultySystem(S3System system, FaultProxy proxy, IngestRun run) => (System, Proxy, Run) = (system, proxy, run);

    public S3System System { get; }

    public FaultProxy Proxy { get; }

    public IngestRun Run { get; }

    /// <summary>The number of affected requests.</summary>
    public int Faults => _faults;

    public static async Task<FaultySystem> StartAsync(CephRgw s3, params (string Name, string Value)[] settings)
    {
        FaultProxy? proxy = null;
        var system = await S3System.StartAsync(s3, target => proxy = new(target), // and sign-playlist asks it every time
            [("PLAYLIST_FRESHNESS", "1ms"), .. settings]);
        try
        {
            return new(system, proxy!, await IngestRun.PrepareAsync(system));
        }
        catch
        {
            await system.DisposeAsync();
            await proxy!.DisposeAsync();
            throw;
        }
    }

    public Func<ProxiedRequest, Fault?> Counting(Func<ProxiedRequest, Fault?> choose) => request =>
    {
        var fault = choose(request);
        if (fault is not null)
            Interlocked.Increment(ref _faults);
        return fault;
    };

    public async ValueTask DisposeAsync()
    {
        await System.DisposeAsync();
        await Proxy.DisposeAsync();
    }
}
