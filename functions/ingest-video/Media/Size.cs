namespace IngestVideo.Media;

/// <summary>A size in pixels.</summary>
public readonly record struct Size(int Width, int Height)
{
    public int ShortSide => Math.Min(Width, Height);

    public int LongSide => Math.Max(Width, Height);

    public double AspectRatio => (double)Width / Height;

    /// <summary>
    /// The largest size of the same shape, even in both directions as 4:2:0 asks, that lies in a box held either way round and is not larger than this one.
    /// </summary>
    public Size FittedInto(Size box)
    {
        var scale = Math.Min(1, Math.Min((double)box.LongSide / LongSide, (double)box.ShortSide / ShortSide));
        return new(Even(Width * scale), Even(Height * scale));
    }

    public override string ToString() => $"{Width}x{Height}";

    /// <summary>The nearest even number; an encoder takes no picture smaller than a macroblock well.</summary>
    private static int Even(double length) => Math.Max(16, (int)Math.Round(length / 2) * 2);
}
