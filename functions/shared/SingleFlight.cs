using System.Collections.Concurrent;

namespace Reelseal;

/// <summary>Lets callers that want the same thing at the same time share one piece of work.</summary>
public sealed class SingleFlight<TKey, TValue> where TKey : notnull
{
    private readonly ConcurrentDictionary<TKey, Lazy<Task<TValue>>> _running = new();

    /// <summary>Joins the work that is under way for a key, or starts it. A caller that goes away does not stop it for the others.</summary>
    public async Task<TValue> RunAsync(TKey key, Func<Task<TValue>> work, CancellationToken cancellationToken)
    {
        var flight = _running.GetOrAdd(key, key => new(() => Task.Run(async () =>
        {
            try
            {
                return await work();
            }
            finally
            {
                _running.TryRemove(key, out _);
            }
        })));
        return await flight.Value.WaitAsync(cancellationToken);
    }
}
