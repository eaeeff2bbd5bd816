namespace IngestVideo.Chunks;

/// <summary>Measures how far a picture is that several replicas encode.</summary>
/// <remarks>
/// What others have encoded is known only when a chunk of theirs is finished, and often several finish at the same time. What they have probably done since is
/// estimated, or the time left would be several times too long before each of these moments. Progress goes by facts alone, because it must never fall.
/// </remarks>
internal sealed class ChunkMeter(TimeProvider clock)
{
    private readonly Lock _lock = new(); // the lead's ffmpeg reports on a thread of its own
    private readonly long _start = clock.GetTimestamp();
    private readonly List<Work> _running = [];
    private readonly HashSet<string> _finished = new(StringComparer.Ordinal);
    private TimeSpan _done, _before;
    private TimeSpan _encoded, _spent; // by everything that has ended well: how much, and how long that took

    /// <summary>An earlier attempt had finished a chunk of this length.</summary>
    public void TakeOver(TimeSpan length)
    {
        lock (_lock)
            (_done, _before) = (_done + length, _before + length);
    }

    /// <summary>The lead, or another replica, begins to encode a chunk.</summary>
    public Work Begin(string chunk, TimeSpan length, bool isHere)
    {
        var work = new Work(chunk, length, clock.GetTimestamp(), isHere);
        lock (_lock)
            _running.Add(work);
        return work;
    }

    /// <summary>The lead has encoded so much of its chunk.</summary>
    public void Advance(Work work, TimeSpan done)
    {
        lock (_lock)
            work.Done = done < work.Length ? done : work.Length;
    }

    /// <summary>Work at a chunk has ended. If the chunk is finished, what another does at it counts no more.</summary>
    public void End(Work work, bool isFinished)
    {
        lock (_lock)
        {
            _running.Remove(work);
            if (!isFinished)
                return;
            (_encoded, _spent) = (_encoded + work.Length, _spent + clock.GetElapsedTime(work.Begun));
            _running.RemoveAll(other => other.Chunk == work.Chunk);
            if (_finished.Add(work.Chunk))
                _done += work.Length;
        }
    }

    public ChunkProgress Read()
    {
        lock (_lock)
        {
            var here = _running.Find(work => work.IsHere);
            var doneHere = here?.Done ?? TimeSpan.Zero;
            var spent = _spent + (here is null ? TimeSpan.Zero : clock.GetElapsedTime(here.Begun));
            var speed = spent > TimeSpan.Zero ? (_encoded + doneHere) / spent : 0; // of one replica
            var underWay = TimeSpan.Zero;
            foreach (var call in _running.Where(work => !work.IsHere))
            {
                var probably = clock.GetElapsedTime(call.Begun) * speed;
                var more = (probably < call.Length ? probably : call.Length) - (call.Chunk == here?.Chunk ? doneHere : TimeSpan.Zero);
                underWay += more > TimeSpan.Zero ? more : TimeSpan.Zero;
            }
            return new(_done + doneHere, underWay, _before, clock.GetElapsedTime(_start));
        }
    }

    /// <summary>One replica at one chunk.</summary>
    internal sealed class Work(string chunk, TimeSpan length, long begun, bool isHere)
    {
        public string Chunk => chunk;

        public TimeSpan Length => length;

        public long Begun => begun;

        public bool IsHere => isHere;

        public TimeSpan Done { get; set; }
    }
}

/// <summary>How far a picture is.</summary>
/// <param name="Done">How much of it is encoded.</param>
/// <param name="UnderWay">How much more other replicas have probably encoded of chunks that they have not finished.</param>
/// <param name="Before">How much of what is encoded an earlier attempt had encoded.</param>
/// <param name="Ran">How long this one has run.</param>
public readonly record struct ChunkProgress(TimeSpan Done, TimeSpan UnderWay, TimeSpan Before, TimeSpan Ran);
