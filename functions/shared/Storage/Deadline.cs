namespace Reelseal.Storage;

/// <summary>Ends one call to the store when it makes no progress for a while or when the caller cancels, and distinguishes the two.</summary>
internal sealed class Deadline : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly CancellationToken _caller;
    private readonly TimeSpan _limit;

    public Deadline(TimeSpan limit, CancellationToken caller)
    {
        (_limit, _caller) = (limit, caller);
        _source = CancellationTokenSource.CreateLinkedTokenSource(caller);
        Extend();
    }

    public CancellationToken Token => _source.Token;

    /// <summary>Restarts the time after progress.</summary>
    public void Extend() => _source.CancelAfter(_limit);

    /// <summary>Nothing is being waited for.</summary>
    public void Pause() => _source.CancelAfter(Timeout.InfiniteTimeSpan);

    /// <summary>What to throw instead of what the store's client threw: an abort surfaces there as almost any exception.</summary>
    public Exception Translate(Exception thrown) =>
        _caller.IsCancellationRequested ? new OperationCanceledException(thrown.Message, thrown, _caller)
        : thrown is UpstreamException ? thrown
        : _source.IsCancellationRequested ? new UpstreamException("The object store did not answer in time.", timedOut: true, thrown)
        : Unreachable(thrown);

    public static UpstreamException Unreachable(Exception thrown) => new("The object store cannot be reached, or broke off.", timedOut: false, thrown);

    public void Dispose() => _source.Dispose();
}
