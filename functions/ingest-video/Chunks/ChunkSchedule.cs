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

    /// <summary>The next chunks whose packets are not cut out.</summary>
    /// <param name="most">How many.</param>
    /// <param name="enough">When so many wait for somebody to encode them, only those that come before.</param>
    public IReadOnlyList<Chunk> NextToCut(int most, int enough)
    {
        var waiting = _left.Values.Where(entry => entry is { IsWaiting: true, Failures: < MaxFailures }).Take(enough).ToList();
        var end = waiting.Count == enough ? waiting[^1].Chunk.First : int.MaxValue;
        return [.. _left.Values.Where(entry => !entry.IsCut && entry.Chunk.First < end).Select(entry => entry.Chunk).Take(most)];
    }

    /// <summary>The packets of a chunk are in a file of the lead's.</summary>
    public void MarkCut(Chunk chunk) => _left[chunk.FirstSegment].IsCut = true;

    /// <summary>Takes a chunk whose packets should be put into the store.</summary>
    /// <param name="most">How many that wait there for another replica are enough.</param>
    public Chunk? TakeToStore(int most)
    {
        if (_left.Values.Count(entry => entry is { IsStored: not null, IsWaiting: true, Failures: < MaxFailures }) >= most)
            return null;
        var next = _left.Values.FirstOrDefault(entry => entry is { IsStored: null, IsWaiting: true });
        next?.IsStored = false;
        return next?.Chunk;
    }

    /// <summary>The packets of a chunk are in the store.</summary>
    public void MarkStored(Chunk chunk) => Find(chunk)?.IsStored = true;

    /// <summary>Takes a chunk for another replica, to be given back unless it is completed.</summary>
    public Chunk? TakeForCall()
    {
        var next = _left.Values.FirstOrDefault(entry => entry is { IsStored: true, IsWaiting: true, Failures: < MaxFailures });
        next?.IsCalled = true;
        return next?.Chunk;
    }

    /// <summary>
    /// Takes a chunk for the lead, to be given back unless it is completed: rather than wait for others, it does at last what they are doing as well.
    /// </summary>
    /// <param name="othersHelp">Others will soon take what is in the store for them.</param>
    public Chunk? TakeForLead(bool othersHelp)
    {
        var next = _left.Values.FirstOrDefault(entry => entry.IsWaiting && !(othersHelp && entry is { IsStored: not null, Failures: < MaxFailures }))
            ?? _left.Values.FirstOrDefault(entry => entry.IsWaiting);
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

        /// <summary>The packets are in the store; null when they are not on their way there either.</summary>
        public bool? IsStored { get; set; }

        public bool IsCalled { get; set; }

        public bool IsHere { get; set; }

        /// <summary>It can be encoded, and nobody does.</summary>
        public bool IsWaiting => IsCut && !IsCalled && !IsHere;

        public int Failures { get; set; }
    }
}
