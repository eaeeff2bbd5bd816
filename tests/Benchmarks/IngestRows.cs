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

    public IReadOnlyList<(string Name, Func<Task> Measure)> All => 
        [("ingest.overhead", RunsAsync), ("ingest.playable", PlayableAsync), ("ingest.upload_memory", UploadMemoryAsync)];

    /// <summary>Four ways to make a stream of the clip, in turn.</summary>
    private async Task RunsAsync()
    {
        await bench.PrepareClipAsync(int.Max(3, (int)(ClipSeconds * scale)));
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

    /// <summary>How soon a client can play a source that can be copied.</summary>
    private async Task PlayableAsync()
    {
        await bench.PrepareClipAsync(int.Max(6, (int)(PlayableClipSeconds * scale)));
        await using var function = await bench.StartFunctionAsync(bench.Folder("playable"));
        List<double> ratios = [], seconds = [];
        for (var round = 0; round < Rounds.At(scale, 3); round++)
        {
            var (playable, ready) = await bench.PostAndPlayAsync(function);
            ratios.Add(playable / ready);
            seconds.Add(playable);
        }
        table.Add(new("ingest.playable_vs_ladder", "ratio", Goal.Most(0.03), ratios));
        table.Add(new("ingest.playable", "s", null, seconds));
    }

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
