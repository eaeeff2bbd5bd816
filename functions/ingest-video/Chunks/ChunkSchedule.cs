using IngestVideo.Planning;

namespace IngestVideo.Chunks;

/// <summary>Which chunks are left, who works at them, and who should be next. The earliest comes first, because viewers need it first.</summary>
internal sealed class ChunkSchedule
{
    /// <summary>How often others may fail at a chunk, until it is the lead's.</summary>
    public const int MaxFailures = 2;

    private readonly SortedDictionary<int, Entry> _left = [];

    public ChunkSchedule(IEnumerable<Chunk> chunks)
    {
        foreach (var chunk in chunks)
            Add(chunk);
    }

    public bool IsComplete => _left.Count == 0;

    /// <summary>The next chunks whose packets are not in the store.</summary>
    public IReadOnlyList<Chunk> NextToCut(int most) => [.. _left.Values.Where(entry => !entry.IsCut).Select(entry => entry.Chunk).Take(most)];

    /// <summary>The packets of a chunk are in the store.</summary>
    public void MarkCut(Chunk chunk) => _left[chunk.FirstSegment].IsCut = true;

    /// <summary>Takes a chunk for another replica, to be given back unless it is completed.</summary>
    public Chunk? TakeForCall()
    {
        var next = _left.Values.FirstOrDefault(entry => entry is { IsCut: true, IsCalled: false, IsHere: false, Failures: < MaxFailures });
        next?.IsCalled = true;
        return next?.Chunk;
    }

    /// <summary>
    /// Takes a chunk for the lead, to be given back unless it is completed: rather than wait for others, it does at last what they are doing as well.
    /// </summary>
    public Chunk? TakeForLead()
    {
        var next = _left.Values.FirstOrDefault(entry => entry is { IsCut: true, IsCalled: false, IsHere: false });
        if (next is null && _left.Values.All(entry => entry.IsCut))
            next = _left.Values.FirstOrDefault(entry => !entry.IsHere);
        next?.IsHere = true;
        return next?.Chunk;
    }

    /// <summary>Another replica does not work at a chunk any more.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <param name="failures">How many failures at it that was.</param>
    public void ReturnFromCall(Chunk chunk, int failures)
    {
        if (Find(chunk) is not { } entry)
            return;
        entry.IsCalled = false;
        entry.Failures += failures;
    }

    /// <summary>The lead does not work at a chunk any more.</summary>
    public void ReturnFromLead(Chunk chunk) => Find(chunk)?.IsHere = false;

    /// <summary>Has the halves of a chunk encoded instead of it, unless the lead works at it.</summary>
    public bool TryReplace(Chunk chunk, IReadOnlyList<Chunk> halves)
    {
        if (Find(chunk) is not { IsHere: false })
            return false;
        _left.Remove(chunk.FirstSegment);
        foreach (var half in halves)
            Add(half);
        return true;
    }

    /// <summary>A chunk is encoded.</summary>
    /// <returns>false if it was before.</returns>
    public bool Complete(Chunk chunk) => Find(chunk) is not null && _left.Remove(chunk.FirstSegment);

    private void Add(Chunk chunk) => _left.Add(chunk.FirstSegment, new(chunk));

    private Entry? Find(Chunk chunk) => _left.TryGetValue(chunk.FirstSegment, out var entry) && entry.Chunk.Name == chunk.Name ? entry : null;

    private sealed class Entry(Chunk chunk)
    {
        public Chunk Chunk => chunk;

        public bool IsCut { get; set; }

        public bool IsCalled { get; set; }

        public bool IsHere { get; set; }

        public int Failures { get; set; }
    }
}
