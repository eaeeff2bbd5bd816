namespace IngestVideo;

/// <summary>How many videos are worked on at once. The watchdog's <c>max_inflight</c> could not tell: it counts requests for a status as well.</summary>
public sealed class TranscodeSlots(IngestOptions options) : IDisposable
{
    private readonly SemaphoreSlim _free = new(options.MaxTranscodes);

    /// <summary>A slot to give back by disposing of it, or null when all are taken.</summary>
    public IDisposable? TryTake() => _free.Wait(TimeSpan.Zero) ? new Slot(_free) : null;

    public void Dispose() => _free.Dispose();

    private sealed class Slot(SemaphoreSlim free) : IDisposable
    {
        public void Dispose() => free.Release();
    }
}
