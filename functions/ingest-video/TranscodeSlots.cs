namespace IngestVideo;

/// <summary>
/// Limits the number of concurrent ingests, of posters that are made afterwards, and of chunks of videos that other replicas ingest. The watchdog's
/// <c>max_inflight</c> cannot, because it counts requests for a status as well.
/// </summary>
/// <remarks>An ingest comes before a chunk: chunks leave the last free slot to it, and where there is only one slot, a chunk gives it up.</remarks>
public sealed class TranscodeSlots(IngestOptions options)
{
    private readonly Lock _lock = new();
    private int _free = options.MaxTranscodes;
    private ChunkSlot? _onLoan; // the only slot there is, while a chunk has it

    /// <summary>Returns a slot, to be released by disposing of it, or null if all are taken.</summary>
    public IDisposable? TryTake()
    {
        ChunkSlot? recalled = null;
        lock (_lock)
        {
            if (_free > 0)
                _free--;
            else if (_onLoan is null)
                return null;
            else
                recalled = TakeBack(_onLoan);
        }
        recalled?.Recall();
        IngestMetrics.Running.Add(1);
        return new Slot(this);
    }

    /// <summary>Returns a slot for a chunk, to be released by disposing of it, or null if none may be taken.</summary>
    public ChunkSlot? TryTakeForChunk()
    {
        lock (_lock)
        {
            var isOnly = options.MaxTranscodes == 1;
            if (_free < (isOnly ? 1 : 2))
                return null;
            _free--;
            var slot = new ChunkSlot(this);
            _onLoan = isOnly ? slot : null;
            return slot;
        }
    }

    /// <summary>Takes a chunk's slot from it.</summary>
    private ChunkSlot TakeBack(ChunkSlot slot)
    {
        (slot.IsReleased, _onLoan) = (true, null);
        return slot;
    }

    private void Release()
    {
        lock (_lock)
            _free++;
    }

    /// <summary>A slot that a chunk has.</summary>
    public sealed class ChunkSlot : IDisposable
    {
        private readonly TranscodeSlots _slots;
        private readonly CancellationTokenSource _recalled = new();

        internal ChunkSlot(TranscodeSlots slots) => (_slots, Recalled) = (slots, _recalled.Token);

        /// <summary>Is cancelled when an ingest needs the slot, and has it from then on.</summary>
        public CancellationToken Recalled { get; }

        /// <summary>It is another's; read and written under the lock.</summary>
        internal bool IsReleased { get; set; }

        internal void Recall() => _recalled.Cancel();

        public void Dispose()
        {
            lock (_slots._lock)
            {
                if (IsReleased)
                    return;
                _slots.TakeBack(this);
                _slots._free++;
            }
        }
    }

    private sealed class Slot(TranscodeSlots slots) : IDisposable
    {
        public void Dispose()
        {
            IngestMetrics.Running.Add(-1);
            slots.Release();
        }
    }
}
