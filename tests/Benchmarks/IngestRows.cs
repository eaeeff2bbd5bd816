using System.Buffers.Binary;
using System.Globalization;
using Reelseal.Benchmarks.Servers;
using Reelseal.Testing;

namespace Reelseal.Benchmarks;

/// <summary>The rows of ingest-video.</summary>
/// <param name="bench">The clip, the store and the programs.</param>
/// <param name="table">Where the rows go.</param>
/// <param name="scale">How long to measure: 1 for the table in docs/benchmarks.md, less for a smoke test.</param>
internal sealed class IngestRows(IngestBench bench, Table table, double scale)
{
    private const int ClipSeconds = 60;
    private const int PlayableClipSeconds = 600;
    private const long MiB = 1 << 20;

    private const string Encoder = "-c:v libx264 -preset veryfast -b:v 2M -maxrate 3M -bufsize 4M -g 60 -keyint_min 60 -sc_threshold 0";
    /// <summary>Two cores encode it faster than it plays.</summary>
    public const string Ladder =
        """{"rungs":[{"name":"360p","width":640,"height":360,"kilobitsPerSecond":800},{"name":"540p","width":960,"height":540,"kilobitsPerSecond":2000}]}""";

    public IReadOnlyList<(string Name, Func<Task> Measure)> All =>
    [
        ("ingest.overhead", RunsAsync), ("ingest.vs_encoders", EncodersAsync), ("ingest.playable_vs_ladder", PlayableAsync),
        ("ingest.playable_growth", GrowthAsync), ("ingest.playable_hevc", EncodedAsync), ("ingest.upload_memory", UploadMemoryAsync),
    ];

    /// <summary>Four ways to make a stream of the clip, in turn.</summary>
    private async Task RunsAsync()
    {
        await bench.PrepareClipAsync(Seconds(ClipSeconds));
        var (work, copyWork) = (bench.Folder("encode"), bench.Folder("copy"));
        await using var function = await bench.StartFunctionAsync(work, ("COPY_SOURCE", "false"));
        await using var copying = await bench.StartFunctionAsync(copyWork);
        await using var article = await bench.StartArticleAsync();
        List<double> overhead = [], versusArticle = [], copyGain = [], disk = [];
        for (var round = 0; round < Rounds.At(scale, 5); round++)
        {
            // In this order, because figures that are compared should be measured one after the other.
            var (copied, copyPeak) = await DiskPeak.DuringAsync(copyWork, () => bench.PostClipAsync(copying));
            var (ours, peak) = await DiskPeak.DuringAsync(work, () => bench.PostClipAsync(function));
            copyGain.Add(copied / ours);
            overhead.Add(ours / await bench.RunFfmpegAsync());
            versusArticle.Add(ours / await bench.PostClipAsync(article));
            disk.Add((double)long.Max(peak, copyPeak) / MiB);
        }
        table.Add(new("ingest.overhead", "ratio", Goal.Most(1.05), overhead));
        table.Add(new("ingest.vs_article", "ratio", Goal.Most(0.8), versusArticle));
        table.Add(new("ingest.copy_gain", "ratio", Goal.Most(0.7), copyGain));
        table.Add(new("ingest.disk_peak", "MiB", Goal.Most(64), disk));
    }

    /// <summary>A whole ingest of a source that can be copied, and one ffmpeg that does nothing but decode, scale and encode.</summary>
    private async Task EncodersAsync()
    {
        await bench.PrepareClipAsync(Seconds(ClipSeconds));
        await using var function = await bench.StartFunctionAsync(bench.Folder("encoders"));
        table.Add(new("ingest.vs_encoders", "ratio", Goal.Most(1.0), await Rounds.RatiosAsync(
            Rounds.At(scale, 5), () => bench.PostClipAsync(function), bench.RunEncodersAsync)));
    }

    /// <summary>How soon a client can play a source that can be copied.</summary>
    private async Task PlayableAsync()
    {
        await bench.PrepareClipAsync(Seconds(PlayableClipSeconds));
        await using var function = await bench.StartFunctionAsync(bench.Folder("playable"));
        var rounds = await PlayAsync(function, Rounds.At(scale, 5), bench.Clip);
        table.Add(new("ingest.playable_vs_ladder", "ratio", Goal.Most(0.03), [.. rounds.Select(round => round.Playable / round.Ready)]));
        table.Add(new("ingest.playable", "s", null, [.. rounds.Select(round => round.Playable)]));
    }

    /// <summary>How much later a client can play an hour than a minute. Nobody waits for the rest of the hour.</summary>
    private async Task GrowthAsync()
    {
        var minute = await bench.MakeLoopAsync("minute.mp4", Encoder, Seconds(60), times: 1);
        var hour = await bench.MakeLoopAsync("hour.mp4", Encoder, Seconds(60), Times(60));
        await using var function = await bench.StartFunctionAsync(bench.Folder("growth"));
        List<double> ratios = [], seconds = [];
        for (var round = 0; round < Rounds.At(scale, 5); round++)
        {
            seconds.Add(await bench.PostAndCancelAsync(function, hour));
            ratios.Add(seconds[^1] / await bench.PostAndCancelAsync(function, minute));
        }
        table.Add(new("ingest.playable_growth", "ratio", Goal.Most(5), ratios));
        table.Add(new("ingest.playable_hour", "s", null, seconds));
    }

    /// <summary>How soon a client can play a source that must be encoded, by a ladder that two cores encode faster than it plays.</summary>
    private async Task EncodedAsync()
    {
        var clip = await bench.MakeLoopAsync(
            "hevc.mp4", "-c:v libx265 -preset ultrafast -x265-params log-level=error -b:v 5M -tag:v hvc1", Seconds(20), Times(15));
        var ladder = bench.Folder("ladder.json");
        await File.WriteAllTextAsync(ladder, Ladder);
        await using var function = await bench.StartFunctionAsync(bench.Folder("hevc"), ("LADDER_FILE", ladder));
        var rounds = await PlayAsync(function, Rounds.At(scale, 5), clip);
        table.Add(new("ingest.playable_hevc_vs_ladder", "ratio", Goal.Most(0.15), [.. rounds.Select(round => round.Playable / round.Ready)]));
    }

    private async Task<List<(double Playable, double Ready)>> PlayAsync(ServerProcess function, int count, string clip)
    {
        var rounds = new List<(double, double)>();
        for (var round = 0; round < count; round++)
            rounds.Add(await bench.PostAndPlayAsync(function, clip));
        return rounds;
    }

    /// <summary>A length at this scale; at least two segments.</summary>
    private int Seconds(int length) => int.Max(13, (int)(length * scale));

    private int Times(int count) => int.Max(2, (int)(count * scale));

    /// <summary>A gibibyte sent to a fresh process: the clip, followed by an empty box.</summary>
    private async Task UploadMemoryAsync()
    {
        var runs = new List<double>();
        for (var round = 0; round < Rounds.At(scale, 5); round++)
        {
            await using var function = await bench.StartFunctionAsync(bench.Folder($"memory-{round}"));
            await using var video = await PaddedAsync((long)(1024 * MiB * Math.Min(1, scale)));
            await bench.PostAsync(function, video);
            var status = await File.ReadAllLinesAsync($"/proc/{function.Id}/status");
            var peak = status.Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
            runs.Add(double.Parse(peak, CultureInfo.InvariantCulture) / 1024);
        }
        table.Add(new("ingest.upload_memory", "MiB", Goal.Most(150), runs));
    }

    /// <summary>A short clip, with a box <c>free</c> (ISO/IEC 14496-12, 8.1.2) that makes it as long as wanted; on disk it is a hole.</summary>
    private async Task<FileStream> PaddedAsync(long length)
    {
        var path = bench.Folder("padded.mp4");
        await Ffmpeg.RunAsync("-y", "-f", "lavfi", "-i", "testsrc2=s=320x180:d=2", "-c:v", "libx264", "-pix_fmt", "yuv420p", path);
        var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        var header = new byte[16];
        BinaryPrimitives.WriteInt32BigEndian(header, 1); // the size is in the 64 bits after the type
        "free"u8.CopyTo(header.AsSpan(4));
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(8), long.Max(header.Length, length - file.Length));
        file.Seek(0, SeekOrigin.End);
        await file.WriteAsync(header);
        file.SetLength(long.Max(length, file.Length));
        file.Position = 0;
        return file;
    }
}
