using Reelseal.Local;
using Reelseal.Testing;

namespace Reelseal.EndToEnd.Tests;

/// <summary>A system that the tests of a class share. It starts with the first test, so a missing program skips that test.</summary>
public abstract class SharedSystem : IAsyncDisposable
{
    private RunningSystem? _system;

    internal async Task<RunningSystem> StartedAsync()
    {
        Published.Require();
        return _system ??= await RunningSystem.StartAsync(await OptionsAsync(), TestContext.Current.CancellationToken);
    }

    internal abstract Task<LocalOptions> OptionsAsync();

    public virtual async ValueTask DisposeAsync()
    {
        if (_system is not null)
            await _system.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

/// <summary>The system with a folder as its store.</summary>
public sealed class DirectorySystem : SharedSystem
{
    private readonly TemporaryDirectory _store = new();

    internal override Task<LocalOptions> OptionsAsync() => Task.FromResult(new LocalOptions { StoreDirectory = _store.Path });

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _store.Dispose();
    }
}

/// <summary>The system with a bucket of a real S3.</summary>
public sealed class S3System(CephRgw s3) : SharedSystem
{
    internal override async Task<LocalOptions> OptionsAsync()
    {
        var bucket = await s3.CreateBucketAsync();
        return new() { Store = bucket.CreateStore(TimeSpan.FromSeconds(5)), Settings = bucket.Environment };
    }
}
