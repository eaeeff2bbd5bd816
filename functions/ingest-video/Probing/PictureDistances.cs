namespace IngestVideo.Probing;

/// <summary>
/// Finds the usual distance between two pictures. Their times are added in the order of decoding: distances are the same there, in another order.
/// </summary>
internal sealed class PictureDistances
{
    /// <summary>More different ones say nothing any more; a stranger's file may have as many as it likes.</summary>
    private const int MostDistances = 4096;

    /// <summary>Fewer make no rate.</summary>
    private const int LeastPictures = 12;

    /// <summary>How far a distance may be from the median to count as the same: containers of milliseconds alternate between 33 and 34.</summary>
    private const double Same = 0.25;

    private readonly SortedDictionary<long, long> _counts = [];
    private long? _before;
    private double _unit;

    public void Add(long time, double unit)
    {
        if (_before is { } before && time > before && (_counts.Count < MostDistances || _counts.ContainsKey(time - before)))
            _counts[time - before] = _counts.GetValueOrDefault(time - before) + 1;
        (_before, _unit) = (time, unit);
    }

    /// <summary>Pictures a second; null where there are too few.</summary>
    public double? Rate
    {
        get
        {
            var all = _counts.Values.Sum();
            if (all < LeastPictures)
                return null;
            long passed = 0, median = 0;
            foreach (var (distance, count) in _counts)
            {
                median = distance;
                if ((passed += count) * 2 >= all)
                    break;
            }
            var same = _counts.Where(pair => Math.Abs(pair.Key - median) <= Same * median).ToList();
            return same.Sum(pair => pair.Value) / (same.Sum(pair => (double)pair.Key * pair.Value) * _unit);
        }
    }
}
