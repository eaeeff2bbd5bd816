using System.Globalization;
using IngestVideo.Chunks;
using IngestVideo.Media;
using IngestVideo.Planning;
using IngestVideo.Probing;
using IngestVideo.Processes;
using IngestVideo.Transcoding;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Reelseal.Playlists;
using Reelseal.Testing;

namespace IngestVideo.Tests.Chunks;

/// <summary>A source that is encoded as a whole and in chunks, each into a folder of its own.</summary>
internal sealed class ChunkedVideo : IDisposable
{
    private readonly TemporaryDirectory _folder = new();
    private readonly ServiceProvider _services;
    private readonly IngestOptions _options;
    private readonly string _source;

    private ChunkedVideo(string source, IngestOptions options)
    {
        (_source, _options) = (source, options);
        _services = new ServiceCollection().AddLogging().AddSingleton(options).AddSingleton(TimeProvider.System)
            .AddSingleton(provider => new Sandbox(provider.GetRequiredService<ILogger<Sandbox>>()))
            .AddSingleton<Prober>().AddSingleton<TimelineScanner>().AddSingleton<SoundCheck>().AddSingleton<SuccessionCheck>().AddSingleton<FieldDetector>()
            .AddSingleton<FrameSizeScanner>().AddSingleton<SourceExaminer>().AddSingleton<PacketScanner>().AddSingleton<CutPointScanner>()
            .AddSingleton<Transcoder>().AddSingleton<StillMaker>().AddSingleton<ChunkCutter>().AddSingleton<ChunkTranscoder>().BuildServiceProvider();
    }

    public TranscodePlan Plan { get; private set; } = null!;

    public Container Container { get; private set; }

    public CutPoints Points { get; private set; } = null!;

    /// <summary>The chunks' results, in order.</summary>
    public IReadOnlyList<(ChunkJob Job, ChunkResult Result)> Chunks { get; private set; } = [];

    public string Whole => Path.Combine(_folder.Path, "whole");

    /// <summary>Examines a source and plans for it, as an ingest does.</summary>
    public static async Task<ChunkedVideo> OfAsync(string source, IngestOptions options)
    {
        var video = new ChunkedVideo(source, options);
        var examined = await video.Get<SourceExaminer>().ExamineAsync(source, CancellationToken.None);
        (video.Container, video.Plan) = (examined.Container, TranscodePlan.For(examined.Media, options.Ladder, options.SegmentFormat));
        if (options.CopySource && video.Plan.MayCopySource
            && await video.Get<PacketScanner>().ScanAsync(examined.Media.Video!, source, video.Container, CancellationToken.None) is var scan
            && video.Plan.AcceptsCopy(scan, video.Container))
            video.Plan = video.Plan.WithCopy(
                scan.LongestGap,
                await video.Get<PacketScanner>().FindConstantSoundsAsync(video.Plan.CopyableSounds, source, video.Container, CancellationToken.None));
        video.Points = await video.Get<CutPointScanner>().ScanAsync(examined.Media, source, video.Container, CancellationToken.None);
        return video;
    }

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    public string FolderOf(Chunk chunk) => Path.Combine(_folder.Path, chunk.Name);

    public string CutFile(Chunk chunk) => Path.Combine(_folder.Path, ChunkCutter.FileOf(chunk));

    public async Task TranscodeWholeAsync()
    {
        foreach (var step in TranscodeStep.Of(Plan))
            await Get<Transcoder>().TranscodeAsync(step, Container, _source, Whole, _ => { }, _ => { }, CancellationToken.None);
    }

    public async Task TranscodeChunksAsync(IReadOnlyList<Chunk> chunks)
    {
        await Get<ChunkCutter>().CutAsync(Plan, _source, Container, chunks, _folder.Path, CancellationToken.None);
        var results = new List<(ChunkJob Job, ChunkResult Result)>();
        foreach (var chunk in chunks)
        {
            Directory.CreateDirectory(FolderOf(chunk));
            var job = ChunkJob.Read(ChunkJob.Of(Plan, chunk, _options).ToJson()); // as a worker gets it
            var result = await Get<ChunkTranscoder>().TranscodeAsync(job, CutFile(chunk), FolderOf(chunk), _ => { }, _ => { }, CancellationToken.None);
            results.Add((job, ChunkResult.Read(result.ToJson(), job)));
        }
        Chunks = results;
    }

    /// <summary>The pictures that the encoders get, each as its time and its hash: those of the whole, or those of a chunk.</summary>
    public async Task<List<string>> PicturesAsync(Chunk? chunk)
    {
        var plan = chunk is null ? Plan : ChunkJob.Of(Plan, chunk, _options).Source.ToPlan();
        var step = chunk is null ? TranscodeStep.Of(plan)[^1] : TranscodeStep.Of(plan, chunk);
        var (input, filters) = Filters(step, chunk);
        var pictures = new List<string>();
        var outputs = Encoded(step).SelectMany((_, index) => (string[])["-map", $"[v{index}]"]);
        // Time begins with the first stream that is read.
        var sounds = plan.Audio.SelectMany(sound => (string[])["-map", $"0:{sound.Track.StreamIndex}", "-c", "copy", "-f", "null", "-"]);
        var list = await Ffmpeg.RunAsync(
            [.. input, "-filter_complex", filters, .. outputs, "-fps_mode", "passthrough", "-f", "framemd5", "-", .. sounds]);
        foreach (var line in list.Split('\n'))
        {
            if (line is [not '#', ..] && line.Split(',', StringSplitOptions.TrimEntries) is [var stream, _, var shown, _, _, var hash])
                pictures.Add($"{stream} {int.Parse(shown, CultureInfo.InvariantCulture):000000} {hash}");
        }
        return pictures;
    }

    /// <summary>How like the source each picture of the encoded renditions is (SSIM, up to 1): of the whole, and of the chunks.</summary>
    public async Task<IReadOnlyDictionary<string, (double[] Whole, double[] Chunks)>> CompareAsync()
    {
        var step = TranscodeStep.Of(Plan)[^1];
        var (input, filters) = Filters(step, chunk: null);
        var (inputs, outputs) = (new List<string>(), new List<string>());
        foreach (var (index, rendition) in Encoded(step).Index())
        {
            filters += $";[v{index}]split[r{index}0][r{index}1]";
            foreach (var (side, files) in ((List<string>[])[WholeFiles(rendition), ChunkFiles(rendition)]).Index())
            {
                inputs.AddRange(["-i", Joined(files)]);
                filters += $";[{inputs.Count / 2}:v]setpts=PTS-STARTPTS[e{index}{side}];[e{index}{side}][r{index}{side}]"
                    + $"ssim=stats_file={StatisticsOf(rendition, side)}[o{index}{side}]";
                outputs.AddRange(["-map", $"[o{index}{side}]"]);
            }
        }
        await Ffmpeg.RunAsync([.. input, .. inputs, "-filter_complex", filters, .. outputs, "-f", "null", "-"]);
        return Encoded(step).ToDictionary(rendition => rendition.Name, rendition => (Read(rendition, 0), Read(rendition, 1)), StringComparer.Ordinal);

        // n:1 Y:0.97 U:0.98 V:0.98 All:0.97 (16.0)
        double[] Read(Rendition rendition, int side) =>
        [
            .. File.ReadLines(StatisticsOf(rendition, side)).Select(line => line.Split(' ').First(word => word.StartsWith("All:", StringComparison.Ordinal)))
                .Select(word => double.Parse(word.AsSpan("All:".Length), CultureInfo.InvariantCulture)),
        ];

        string StatisticsOf(Rendition rendition, int side) => Path.Combine(_folder.Path, $"{rendition.Name}.{side}.ssim");
    }

    /// <summary>The files of a rendition of the whole, in order: the init section, where there is one, and the segments.</summary>
    public List<string> WholeFiles(Rendition rendition) =>
        WithInit(Path.Combine(Whole, rendition.Name), SegmentsOf(rendition).Select(segment => segment.Name));

    /// <summary>The segments of a rendition by ffmpeg's playlist of the whole.</summary>
    public List<(string Name, double Seconds)> SegmentsOf(Rendition rendition)
    {
        var playlist = MediaPlaylist.Read(File.ReadAllText(Path.Combine(Whole, rendition.Name, "playlist.m3u8")));
        return [.. playlist.Segments.Select(segment => (segment.Uri, segment.Duration))];
    }

    /// <summary>The same of the chunks.</summary>
    public List<string> ChunkFiles(Rendition rendition) =>
    [
        .. Chunks.SelectMany((chunk, index) => WithInit(
                Path.Combine(FolderOf(chunk.Job.Chunk), rendition.Name), Of(chunk.Result, rendition).Segments.Select(segment => segment.Name))
            .Skip(index == 0 || Plan.SegmentFormat == SegmentFormat.MpegTs ? 0 : 1)),
    ];

    /// <summary>A URL under which ffmpeg reads files as one.</summary>
    public static string Joined(List<string> files) => "concat:" + string.Join('|', files);

    public static ChunkRendition Of(ChunkResult result, Rendition rendition) => result.Renditions.Single(part => part.Name == rendition.Name);

    public void Dispose()
    {
        _services.Dispose();
        _folder.Dispose();
    }

    private static IEnumerable<VideoRendition> Encoded(TranscodeStep step) => step.Video.Where(rendition => !rendition.Copied);

    /// <summary>ffmpeg's arguments up to its input, and the filters, which give a picture for each encoder.</summary>
    private (IEnumerable<string> Input, string Filters) Filters(TranscodeStep step, Chunk? chunk)
    {
        var arguments = FfmpegArguments.For(step, chunk is null ? Container : new("nut"), chunk is null ? _source : CutFile(chunk), _options);
        var filters = arguments.Index().First(argument => argument.Item == "-filter_complex").Index;
        return (arguments.Take(filters).Where(word => word is not ("-progress" or "pipe:1")), arguments[filters + 1]);
    }

    private static List<string> WithInit(string folder, IEnumerable<string> names) =>
        [.. (File.Exists(Path.Combine(folder, "init.mp4")) ? names.Prepend("init.mp4") : names).Select(name => Path.Combine(folder, name))];
}
