namespace IngestVideo.Media;

/// <summary>A constant frame rate, exactly: 29.97 is 30000/1001.</summary>
public readonly record struct FrameRate(int Numerator, int Denominator)
{
    /// <summary>The rates that screens and editors use. A source with another or a variable rate gets the next higher one.</summary>
    private static readonly FrameRate[] s_common =
    [
        new(10, 1), new(12, 1), new(25, 2), new(15, 1), new(20, 1), new(24000, 1001), new(24, 1), new(25, 1), new(30000, 1001), new(30, 1),
        new(48, 1), new(50, 1), new(60000, 1001), new(60, 1),
    ];

    public double PerSecond => (double)Numerator / Denominator;

    /// <summary>Half as many: every second frame, so that keyframes of both rates fall together.</summary>
    public FrameRate Half => new(Numerator, Denominator * 2);

    /// <summary>The common rate for a source, at most 60 a second.</summary>
    public static FrameRate For(double perSecond)
    {
        // 120 → 60, 119.88 → 59.94, 100 → 50: every n-th frame stays, and motion stays even.
        while (perSecond > 61)
            perSecond /= 2;
        foreach (var rate in s_common)
        {
            if (Math.Abs(rate.PerSecond / perSecond - 1) < 0.0004) // 29.97 and 30 differ by 0.001
                return rate;
        }
        return s_common.FirstOrDefault(rate => rate.PerSecond >= perSecond * 0.99, s_common[^1]);
    }

    public override string ToString() => Denominator == 1 ? $"{Numerator}" : $"{Numerator}/{Denominator}";
}
