using Reelseal.Testing;

namespace Reelseal.Corpus;

/// <summary>Picture and sound, made small: 50 pictures a second of 16×16 grey pixels, and 8000 samples a second, both from time zero on.</summary>
internal sealed class Signals
{
    private const int PicturesPerSecond = 50, PictureBytes = 256, SamplesPerSecond = 8000;
    private const double LongestLag = 0.5;
    private byte[] _pictures = [];
    private short[] _samples = [];

    /// <param name="inputs">ffmpeg's input options.</param>
    /// <param name="pictureStart">The picture's time stamp of time zero, in seconds, as an expression of ffmpeg.</param>
    /// <param name="soundStart">The sound's.</param>
    /// <param name="picture">Which stream is the picture.</param>
    /// <param name="sound">Which stream is the sound.</param>
    public async Task ReadAsync(IReadOnlyList<string> inputs, string pictureStart, string soundStart, string picture, string sound)
    {
        var small = $"setpts=PTS-({pictureStart})/TB,fps={PicturesPerSecond}:start_time=0,scale=16:16,format=gray";
        var plain = $"asetpts=PTS-({soundStart})/TB,aresample={SamplesPerSecond}:ochl=mono:async=1:first_pts=0";
        _pictures = await Ffmpeg.BytesAsync([.. inputs, "-map", picture, "-vf", small, "-f", "rawvideo", "-", .. Beside(sound)]);
        string[] samples = ["-map", sound, "-af", plain, "-c:a", "pcm_s16le", "-f", "s16le", "-"];
        var bytes = await Ffmpeg.BytesAsync([.. inputs, .. samples, .. Beside(picture)]);
        _samples = new short[bytes.Length / 2];
        Buffer.BlockCopy(bytes, 0, _samples, 0, _samples.Length * 2);
    }

    /// <summary>The other stream is read along: in a transport stream, ffmpeg's time begins with the first of those that it is asked for.</summary>
    private static string[] Beside(string stream) => ["-map", stream, "-c", "copy", "-f", "null", "-"];

    /// <summary>How much later the picture of a second is seen; null where nothing moves, or it is not found.</summary>
    public static double? PictureLag(Signals before, Signals after, double at)
    {
        var (from, window, reach) = ((int)(at * PicturesPerSecond), PicturesPerSecond, (int)(LongestLag * PicturesPerSecond));
        return BestLag(from, window, reach, before._pictures.Length / PictureBytes, after._pictures.Length / PictureBytes, lag =>
        {
            double difference = 0;
            for (var i = 0; i < window * PictureBytes; i++)
                difference += Math.Abs(before._pictures[from * PictureBytes + i] - after._pictures[(from + lag) * PictureBytes + i]);
            return difference / (window * PictureBytes);
        }, distinct: 1.0) is { } best ? (double)best / PicturesPerSecond : null;
    }

    /// <summary>How much later the sound of a second is heard; null where it is silent or even, or not found.</summary>
    public static double? SoundLag(Signals before, Signals after, double at)
    {
        // The loudness of 5 ms at a time: a tone looks the same a period later.
        const int step = SamplesPerSecond / 200;
        double[] was = Loudness(before._samples, step), became = Loudness(after._samples, step);
        var (from, window, reach) = ((int)(at * 200), 400, (int)(LongestLag * 200));
        return BestLag(from, window, reach, was.Length, became.Length, lag =>
        {
            double difference = 0;
            for (var i = 0; i < window; i++)
                difference += Math.Abs(was[from + i] - became[from + lag + i]);
            return difference / window;
        }, distinct: 150) is { } best ? best / 200.0 : null;
    }

    /// <summary>
    /// The lag at which the difference is least, if it is least by far: half of, and by <paramref name="distinct"/> less than, what it is further away.
    /// </summary>
    private static int? BestLag(int from, int window, int reach, int before, int after, Func<int, double> difference, double distinct)
    {
        var (least, most) = (Math.Max(-reach, -from), Math.Min(reach, after - window - from));
        if (from + window > before || most - least < reach)
            return null;
        var differences = Enumerable.Range(least, most - least + 1).ToDictionary(lag => lag, difference);
        var best = differences.MinBy(pair => (pair.Value, Math.Abs(pair.Key)));
        var others = differences.Where(pair => Math.Abs(pair.Key - best.Key) > reach / 5).Select(pair => pair.Value).DefaultIfEmpty(0).Min();
        return others > 2 * best.Value && others - best.Value > distinct ? best.Key : null;
    }

    private static double[] Loudness(short[] samples, int step)
    {
        var loudness = new double[samples.Length / step];
        for (var i = 0; i < loudness.Length; i++)
        {
            for (var j = 0; j < step; j++)
                loudness[i] += Math.Abs((int)samples[i * step + j]) / (double)step;
        }
        return loudness;
    }
}
