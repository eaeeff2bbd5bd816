using Reelseal.Benchmarks.Servers;
using Reelseal.Local.Gateway;

namespace Reelseal.Benchmarks;

/// <summary>The rows of several replicas at one video. Each has a share of the processors, and so has the one that encodes it alone.</summary>
/// <param name="bench">The store and the programs.</param>
/// <param name="table">Where the rows go.</param>
/// <param name="scale">How long to measure: 1 for the table in docs/benchmarks.md, less for a smoke test.</param>
internal sealed class ChunkRows(IngestBench bench, Table table, double scale)
{
    private const string Encoder = "-c:v libx264 -preset veryfast -b:v 5M -maxrate 7M -bufsize 10M -g 60 -keyint_min 60 -sc_threshold 0";

    /// <summary>Long enough for a replica that has a fifth of a core.</summary>
    private const string Timeout = "10m";

    public IReadOnlyList<(string Name, Func<Task> Measure)> All => [("chunks.efficiency_2", TwoAsync), ("chunks.efficiency_8", EightAsync)];

    /// <summary>One replica on one core; two on a core each, at one video; and two that have a video each, so that nothing is divided.</summary>
    private async Task TwoAsync()
    {
        var film = await FilmAsync(minutes: 5);
        await using var one = await StartAsync(Cores.Server);
        await using var another = await StartAsync(Cores.Load);
        await using var two = await StartAsync(Cores.Server, Cores.Load);
        List<double> efficiency = [], efficiencyOfVideos = [], bytes = [], processor = [], processorOfVideos = [], likeness = [];
        for (var round = 0; round < Rounds.At(scale, 5); round++)
        {
            var (alone, together) = (await EncodeAsync(one, film), await EncodeAsync(two, film));
            efficiency.Add(alone.Seconds / (2 * together.Seconds));
            var videos = await Task.WhenAll(EncodeAsync(one, film), EncodeAsync(another, film));
            efficiencyOfVideos.Add(videos.Average(video => video.Seconds) / (2 * together.Seconds));
            bytes.Add((double)together.Bytes / alone.Bytes);
            processor.Add(together.ProcessorTime / alone.ProcessorTime);
            processorOfVideos.Add(together.ProcessorTime.TotalSeconds / videos.Average(video => video.ProcessorTime.TotalSeconds));
            if (likeness.Count == 0) // later rounds make the same pictures
                likeness.Add(await bench.LikenessAsync(together.Video, film) - await bench.LikenessAsync(alone.Video, film));
        }
        table.Add(new("chunks.efficiency_2", "ratio", Goal.Least(0.9), efficiency));
        table.Add(new("chunks.efficiency_2_vs_two_videos", "ratio", Goal: null, efficiencyOfVideos));
        table.Add(new("chunks.bytes", "ratio", Goal.Most(1.02), bytes));
        table.Add(new("chunks.ssim", "SSIM", Goal.Least(-0.001), likeness));
        table.Add(new("chunks.cpu", "ratio", Goal.Most(1.05), processor));
        table.Add(new("chunks.cpu_vs_two_videos", "ratio", Goal: null, processorOfVideos));
    }

    /// <summary>One replica with a fifth of a core, and eight.</summary>
    private async Task EightAsync()
    {
        if (!ProcessorShare.IsPossible)
        {
            Console.WriteLine("chunks.efficiency_8 needs the cpu controller of cgroup v1, and to be root: left out.");
            return;
        }
        // Of five minutes, eight replicas would get two or three chunks each, and most of what is measured would be how evenly these can be shared out.
        var film = await FilmAsync(minutes: 10);
        await using var one = await StartAsync(ProcessorShare.Fifths(1));
        await using var eight = await StartAsync(ProcessorShare.Fifths(8));
        // Once: that takes half an hour.
        var efficiency = (await EncodeAsync(one, film)).Seconds / (8 * (await EncodeAsync(eight, film)).Seconds);
        table.Add(new("chunks.efficiency_8", "ratio", Goal.Least(0.8), [efficiency]));
    }

    /// <summary>Minutes of 1080p.</summary>
    private Task<string> FilmAsync(int minutes) =>
        bench.MakeLoopAsync($"film-{minutes}.mp4", Encoder, seconds: 20, times: int.Max(3, (int)(3 * minutes * scale)));

    private Task<Replicas> StartAsync(params string[] cores) => StartAsync([.. cores.Select(core => (core, (ProcessorShare?)null))]);

    private Task<Replicas> StartAsync(IReadOnlyList<ProcessorShare> shares) => StartAsync([.. shares.Select(share => (Cores.All, (ProcessorShare?)share))]);

    private async Task<Replicas> StartAsync(IReadOnlyList<(string Cores, ProcessorShare? Share)> places)
    {
        var ladder = bench.Folder("ladder.json");
        await File.WriteAllTextAsync(ladder, IngestRows.Ladder);
        var gateway = await FunctionGateway.StartAsync(0, _ => { }, CancellationToken.None);
        var processes = new List<ServerProcess>();
        foreach (var (cores, share) in places)
            processes.Add(await bench.StartFunctionAsync(
                bench.Folder($"replica-{Guid.NewGuid()}"), cores, share, ("COPY_SOURCE", "false"), ("LADDER_FILE", ladder),
                ("FUNCTION_GATEWAY", gateway.Address), ("CHUNK_CALLS", $"{places.Count - 1}"), ("CHUNK_TIMEOUT", Timeout)));
        gateway.Register("ingest-video", [.. processes.Select(process => process.Address)]);
        return new(gateway, processes, [.. places.Select(place => place.Share).OfType<ProcessorShare>()]);
    }

    private async Task<Encoded> EncodeAsync(Replicas replicas, string film)
    {
        var (video, before) = (VideoId.New(), replicas.ProcessorTime);
        await using var content = File.OpenRead(film);
        var seconds = await bench.PostAsync(replicas.Processes[0], content, video);
        return new(video, seconds, replicas.ProcessorTime - before, await bench.PictureBytesAsync(video));
    }

    /// <summary>An ingest.</summary>
    private sealed record Encoded(VideoId Video, double Seconds, TimeSpan ProcessorTime, long Bytes);

    /// <summary>Processes of the function, behind a gateway. The first gets the video.</summary>
    private sealed record Replicas(FunctionGateway Gateway, IReadOnlyList<ServerProcess> Processes, IReadOnlyList<ProcessorShare> Shares) : IAsyncDisposable
    {
        /// <summary>What all have used so far, with the programs that they have run.</summary>
        public TimeSpan ProcessorTime => Processes.Aggregate(TimeSpan.Zero, (sum, process) => sum + process.ProcessorTimeWithChildren);

        public async ValueTask DisposeAsync()
        {
            foreach (var process in Processes)
                await process.DisposeAsync();
            foreach (var share in Shares)
                share.Dispose();
            await Gateway.DisposeAsync();
        }
    }
}
