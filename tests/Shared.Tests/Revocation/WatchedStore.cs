using System.Collections.Concurrent;
using Reelseal.Storage;

namespace Reelseal.Tests.Revocation;

/// <summary>A store that remembers its calls, and that a test can make fail or wait.</summary>
internal sealed class WatchedStore(IObjectStore store) : IObjectStore
{
    private readonly TaskCompletionSource _isHeld = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile TaskCompletionSource? _held;
    private volatile string? _heldKey;
    private int _calls;

    /// <summary>What every call throws, or null.</summary>
    public UpstreamException? Failure { get; set; }

    public ConcurrentQueue<string> Reads { get; } = new();

    public ConcurrentQueue<string> Writes { get; } = new();

    /// <summary>Fails every further call and waits for those that run, such as a check in the background.</summary>
    public void Stop()
    {
        Failure = new("The test is over.", timedOut: false);
        SpinWait.SpinUntil(() => Volatile.Read(ref _calls) == 0);
    }

    /// <summary>Ends when a read is being held after <see cref="HoldAfterReading"/>.</summary>
    public Task IsHeld => _isHeld.Task;

    /// <summary>Lets every read wait until the result is set.</summary>
    public TaskCompletionSource Hold() => _held = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Lets the next read of a key wait when it has its answer, until the result is set.</summary>
    public TaskCompletionSource HoldAfterReading(string key)
    {
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        (_held, _heldKey) = (held, key);
        return held;
    }

    public Task<ObjectEntry?> HeadAsync(string key, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<StoredObject?> GetAsync(
        string key, ByteRange? range, string? unlessETag, CancellationToken cancellationToken) => CallAsync(Reads, key, async () =>
    {
        var found = await store.GetAsync(key, range, unlessETag, cancellationToken);
        if (_held is { } held && _heldKey == key)
        {
            (_held, _heldKey) = (null, null);
            _isHeld.SetResult();
            await held.Task;
        }
        return found;
    });

    public Task<string?> PutAsync(string key, Stream content, WriteCondition condition, CancellationToken cancellationToken) =>
        CallAsync(Writes, key, () => store.PutAsync(key, content, condition, cancellationToken));

    public Task<bool> CopyAsync(string from, string to, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken) => throw new NotSupportedException();

    public IAsyncEnumerable<ObjectEntry> ListAsync(string prefix, string? startAfter, CancellationToken cancellationToken) => throw new NotSupportedException();

    private async Task<T> CallAsync<T>(ConcurrentQueue<string> calls, string key, Func<Task<T>> call)
    {
        Interlocked.Increment(ref _calls);
        try
        {
            calls.Enqueue(key);
            if (_held is { } everything && _heldKey is null)
                await everything.Task;
            return Failure is { } failure ? throw failure : await call();
        }
        finally
        {
            Interlocked.Decrement(ref _calls);
        }
    }
}
