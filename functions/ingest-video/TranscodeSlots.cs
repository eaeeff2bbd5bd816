namespace IngestVideo;

/// <summary>
/// Limits the number of concurrent ingests, and of posters that are made afterwards. The watchdog's <c>max_inflight</c> cannot, because it counts requests for
/// a status as well.
/// </summary>
public sealed class TranscodeSlots(IngestOptions options) : IDisposable
{
    private readonly SemaphoreSlim _free = new(options.MaxTranscodes);

    /// <summary>Returns a slot, to be released by disposing of it, or null if all are taken.</summary>
    public IDisposable? TryTake()
    {
        if (!_free.Wait(TimeSpan.Zero))
            return null;
        IngestMetrics.Running.Add(1);
        return new Slot(_free);
    }

    public void Dispose() => _free.Dispose();

    private sealed class Slot(SemaphoreSlim free) : IDisposable
    {
        public void Dispose()
        {
            IngestMetrics.Running.Add(-1);
            free.Release();
        }
    }
}
