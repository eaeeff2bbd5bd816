using Reelseal.Testing;

namespace Reelseal.Reliability.Tests;

/// <summary>Holds certain requests to S3, so that an ingest stays where it is for as long as a test needs.</summary>
internal sealed class Hold(Func<ProxiedRequest, bool> isHeld)
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes with the first request that is held.</summary>
    public Task Reached => _reached.Task;

    /// <summary>What happens to a request; null for nothing.</summary>
    public Fault? Choose(ProxiedRequest request)
    {
        if (_released.Task.IsCompleted || !isHeld(request))
            return null;
        _reached.TrySetResult();
        return new() { HeldUntil = _released.Task };
    }

    public void Release() => _released.TrySetResult();
}
