namespace IngestVideo.Chunks;

/// <summary>How many calls are made at once, how long their chunks may be, and how long to wait after one that failed.</summary>
/// <remarks>
/// A gateway picks a replica at random, so a refusal says nothing of the others: it takes many in a row until there are fewer calls. A call that succeeds makes
/// it one more.
/// </remarks>
internal sealed class CallWindow
{
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(5);

    private readonly int _most;
    private readonly TimeSpan _timeout;
    private int _refusals;
    private int _setbacks;
    private double? _speed;

    /// <param name="most">How many calls there may be.</param>
    /// <param name="timeout">How long each may take.</param>
    public CallWindow(int most, TimeSpan timeout) => (_most, _timeout, Size) = (most, timeout, most);

    /// <summary>How many calls may be in flight.</summary>
    public int Size { get; private set; }

    /// <summary>No call was refused, and none reached nobody, since the last one that succeeded.</summary>
    public bool IsAnswered => _refusals == 0 && _setbacks == 0;

    /// <summary>The longest chunk that another replica should be given.</summary>
    public TimeSpan LongestChunk { get; private set; } = TimeSpan.MaxValue;

    /// <summary>A call has succeeded.</summary>
    /// <param name="length">The length of its chunk.</param>
    /// <param name="elapsed">How long it took.</param>
    public void Succeed(TimeSpan length, TimeSpan elapsed)
    {
        (_refusals, _setbacks) = (0, 0);
        Size = Math.Min(_most, Size + 1);
        var speed = length / elapsed;
        _speed = _speed is { } before ? (before + speed) / 2 : speed;
        LongestChunk = Scale(_timeout, ChunkCaller.Aim * _speed.Value);
    }

    /// <summary>A call has taken too long.</summary>
    public void TimeOut(TimeSpan length)
    {
        _speed = null;
        LongestChunk = LongestChunk < length / 2 ? LongestChunk : length / 2; // calls that time out together halve it once
    }

    /// <summary>A replica has refused.</summary>
    public void Refuse()
    {
        if (++_refusals >= 2 * _most)
            Shrink();
    }

    /// <summary>Nobody could be reached.</summary>
    public void Shrink()
    {
        (Size, _refusals) = (Math.Max(1, Size - 1), 0);
        _setbacks++;
    }

    /// <summary>How long to wait after a call that failed: hardly at all, until calls fail again and again.</summary>
    public TimeSpan NextPause()
    {
        var pause = TimeSpan.FromMilliseconds(Random.Shared.Next(50, 200)) * Math.Pow(2, Math.Min(_setbacks, 10));
        return pause < s_longestPause ? pause : s_longestPause;
    }

    private static TimeSpan Scale(TimeSpan time, double factor) => factor < 1000 ? time * factor : TimeSpan.MaxValue;
}
