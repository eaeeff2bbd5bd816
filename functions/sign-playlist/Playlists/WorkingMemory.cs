using System.Threading.RateLimiting;

namespace SignPlaylist.Playlists;

/// <summary>Bounds the playlists that are in memory besides those in the cache: large ones wait for one another.</summary>
internal sealed class WorkingMemory : IDisposable
{
    /// <summary>Six of the longest.</summary>
    private const int Bytes = 6 * Playlist.MaxBytes;

    private readonly ConcurrencyLimiter _limiter =
        new(new() { PermitLimit = Bytes, QueueLimit = int.MaxValue, QueueProcessingOrder = QueueProcessingOrder.OldestFirst });

    public RateLimitLease TryTake(int bytes) => _limiter.AttemptAcquire(int.Max(bytes, 1));

    public ValueTask<RateLimitLease> TakeAsync(int bytes, CancellationToken cancellationToken) => _limiter.AcquireAsync(int.Max(bytes, 1), cancellationToken);

    public void Dispose() => _limiter.Dispose();
}

/// <summary>What one request has taken of the <see cref="WorkingMemory"/>, until it is disposed of.</summary>
internal sealed class Reservation : IDisposable
{
    private readonly Lock _gate = new();
    private RateLimitLease? _lease;
    private bool _isDisposed;

    /// <summary>Hands a lease over. It ends at once if the request has ended already.</summary>
    public void Hold(RateLimitLease lease)
    {
        RateLimitLease? ended;
        lock (_gate)
            (ended, _lease) = _isDisposed ? (lease, null) : (_lease, lease);
        ended?.Dispose();
    }

    public void Dispose()
    {
        RateLimitLease? ended;
        lock (_gate)
            (ended, _lease, _isDisposed) = (_lease, null, true);
        ended?.Dispose();
    }
}
