using IngestVideo.Planning;
using IngestVideo.Processes;
using IngestVideo.Publishing;
using IngestVideo.Transcoding;

namespace IngestVideo.Chunks;

/// <summary>Encodes a chunk, with the arguments and within the limits of a whole video.</summary>
public sealed class ChunkTranscoder(Sandbox sandbox, IngestOptions options, TimeProvider clock, ILogger<Transcoder> logger)
{
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(200);

    /// <param name="job">What to make.</param>
    /// <param name="cutFile">What <see cref="ChunkCutter"/> wrote.</param>
    /// <param name="folder">Where the result goes; it exists, and is empty.</param>
    /// <param name="onProgress">Receives the progress, twice a second.</param>
    /// <param name="onComplete">Receives the path of a segment within the folder as soon as it is complete.</param>
    /// <param name="cancellationToken">Kills ffmpeg.</param>
    /// <exception cref="ChunkMismatchException">The pictures are not the ones that the chunk should have.</exception>
    /// <exception cref="IngestRefusedException">As of <see cref="Transcoder"/>.</exception>
    /// <exception cref="CopyFailedException">As of <see cref="Transcoder"/>, beside a copy.</exception>
    public async Task<ChunkResult> TranscodeAsync(
        ChunkJob job, string cutFile, string folder, Action<TranscodeProgress> onProgress, Action<string> onComplete, CancellationToken cancellationToken)
    {
        var plan = job.Source.ToPlan();
        var step = TranscodeStep.Of(plan, job.Chunk);
        var transcoder = new Transcoder(sandbox, options with { Ladder = job.Source.Ladder, X264Preset = job.Source.X264Preset }, clock, logger);
        var joiners = step.Segmented.ToDictionary(rendition => rendition, rendition => PieceJoiner.For(rendition, step, folder));
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var transcoding = transcoder.TranscodeAsync(step, new("nut"), cutFile, folder, onProgress, onStarted: _ => { }, end.Token);
        try
        {
            while (await Task.WhenAny(transcoding, Task.Delay(s_poll, CancellationToken.None)) != transcoding)
                Join(hasEnded: false);
            await transcoding;
        }
        finally
        {
            await end.CancelAsync();
            await transcoding.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        foreach (var rendition in step.Video)
            await PacketList.CheckAsync(Path.Combine(folder, OutputFiles.PacketList(rendition)), rendition, plan, job.Chunk, cancellationToken);
        Join(hasEnded: true);
        var renditions = new List<ChunkRendition>();
        foreach (var rendition in step.Segmented)
            renditions.Add(await MeasureAsync(rendition, plan, job.Chunk, Path.Combine(folder, rendition.Name), cancellationToken));
        var stills = ((string[])[OutputFiles.PosterFrames, OutputFiles.StoryboardFrames]).Select(name => new FileInfo(Path.Combine(folder, name)))
            .Where(file => file.Exists).Select(file => new ChunkFile(file.Name, file.Length));
        return new(renditions, [.. stills]);

        void Join(bool hasEnded)
        {
            foreach (var (rendition, joiner) in joiners)
            {
                foreach (var segment in joiner.Join(hasEnded))
                    onComplete($"{rendition.Name}/{segment}");
            }
        }
    }

    private static async Task<ChunkRendition> MeasureAsync(
        Rendition rendition, TranscodePlan plan, Chunk chunk, string folder, CancellationToken cancellationToken)
    {
        var planned = ChunkRendition.Planned(rendition, plan, chunk);
        var segments = planned.Segments.Select(segment => segment with { Bytes = LengthOf(segment.Name) }).ToList();
        var init = planned.InitSection is { } file ? file with { Bytes = LengthOf(file.Name) } : null;
        var isMore = Directory.EnumerateFiles(folder, $"*{OutputFiles.SegmentExtension(plan.SegmentFormat)}").Count() != segments.Count;
        if (isMore || segments.Exists(segment => segment.Bytes == 0) || init is { Bytes: 0 })
            throw new ChunkMismatchException($"{rendition.Name} of chunk {chunk.Name} is cut in another way than planned.");
        var captions = new CaptionScanner();
        if (rendition is VideoRendition picture && plan.CarriesCaptions(picture))
        {
            foreach (var segment in segments)
            {
                await using var content = File.OpenRead(Path.Combine(folder, segment.Name));
                await captions.ReadAsync(content, cancellationToken);
            }
        }
        return planned with
        {
            Codecs = await CodecOfAsync(Path.Combine(folder, init?.Name ?? segments[0].Name), cancellationToken),
            Captions = captions.Found,
            InitSection = init,
            Segments = segments,
        };

        long LengthOf(string name) => new FileInfo(Path.Combine(folder, name)) is { Exists: true } found ? found.Length : 0;
    }

    private static async Task<string> CodecOfAsync(string path, CancellationToken cancellationToken)
    {
        var start = new byte[CodecString.BytesNeeded];
        await using var file = File.OpenRead(path);
        var read = await file.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellationToken);
        return CodecString.OfH264(start.AsSpan(0, read)) ?? throw new ChunkMismatchException($"{Path.GetFileName(path)} holds no H.264.");
    }
}
