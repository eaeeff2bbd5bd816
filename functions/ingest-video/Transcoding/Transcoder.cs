using System.Globalization;
using IngestVideo.Media;
using IngestVideo.Planning;
using IngestVideo.Processes;

namespace IngestVideo.Transcoding;

/// <summary>How far ffmpeg is.</summary>
/// <param name="Done">How much of the video is encoded.</param>
/// <param name="Ran">How long that took.</param>
public readonly record struct TranscodeProgress(TimeSpan Done, TimeSpan Ran);

/// <summary>Runs ffmpeg over a plan, within limits.</summary>
public sealed class Transcoder(Sandbox sandbox, IngestOptions options, TimeProvider clock, ILogger<Transcoder> logger)
{
    private const long LargestSegment = 256 << 20;

    /// <summary>What makes a video playable comes before what adds qualities.</summary>
    private const int Niceness = 10, PatientNiceness = 15;

    /// <summary>How long ffmpeg may encode nothing before it counts as stuck.</summary>
    private static readonly TimeSpan s_longestSilence = TimeSpan.FromMinutes(2);

    /// <param name="step">What to do.</param>
    /// <param name="container">What the source is.</param>
    /// <param name="source">The path of the source.</param>
    /// <param name="output">The folder of the result.</param>
    /// <param name="onProgress">Receives the progress, twice a second.</param>
    /// <param name="onStarted">Is given the process, to stop it while the store is behind.</param>
    /// <param name="cancellationToken">Kills ffmpeg.</param>
    /// <exception cref="IngestRefusedException">422: ffmpeg gave up, or did not end within its limits. 507: the disk is full.</exception>
    /// <exception cref="CopyFailedException">It should copy the source, and reported errors.</exception>
    public async Task TranscodeAsync(
        TranscodeStep step, Container container, string source, string output, Action<TranscodeProgress> onProgress, Action<ChildProcess> onStarted,
            CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(output); // also of a step that makes subtitles only
        foreach (var rendition in step.Segmented)
            Directory.CreateDirectory(Path.Combine(output, rendition.Name));
        // Processor time is bounded by every core being busy for the whole time.
        var cpuTime = options.MaxTranscodeTime * Environment.ProcessorCount;
        var limits = new ProcessLimits(MemoryFor(step), cpuTime, LargestFile(step.Plan), step.Plan.CopiesSource && !step.IsQuick ? PatientNiceness : Niceness);
        var command = await sandbox.WrapAsync(
            "ffmpeg", FfmpegArguments.For(step, container, source, options), limits) with { WorkingDirectory = output };
        logger.LogInformation("{Command}", command);

        using var watch = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var progress = new ProgressReader(step, clock, onProgress);
        ChildProcess? process = null;
        var running = ChildProcess.RunAsync(command, started => onStarted(process = started), progress.Read, watch.Token);
        var overdue = WatchAsync(() => process, progress, running, watch);
        try
        {
            var result = await running;
            if (FfmpegErrors.DiskIsFull(result))
                throw IngestRefusedException.NoRoom();
            if (FfmpegErrors.OutOfMemory(result))
            {
                if (step.IsQuick)
                    throw new CopyFailedException($"It takes more than {MemoryFor(step) >> 20} MiB.");
                throw IngestRefusedException.BeyondLimits(
                    $"The video needs more memory than the {MemoryFor(step) >> 20} MiB that are available for it here (FFMPEG_MEMORY_BYTES).");
            }
            // Damage that a decoder conceals in the encoded renditions would stay in the copy, and break players.
            if (step.Plan.CopiesSource && (result.ExitCode != 0 || result.LastErrors.Count > 0))
                throw new CopyFailedException($"ffmpeg ended with {result.ExitCode}: {string.Join('\n', result.LastErrors)}");
            if (result.ExitCode == 0)
            {
                IngestMetrics.Speed.Record(progress.Speed);
                return;
            }
            logger.LogWarning("Step transcode: ffmpeg ended with {ExitCode}: {Errors}", result.ExitCode, string.Join('\n', result.LastErrors));
            throw IngestRefusedException.Undecodable($"The video cannot be decoded: {FfmpegErrors.Reason(result, source)}.");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw IngestRefusedException.BeyondLimits(await overdue);
        }
        finally
        {
            await watch.CancelAsync();
            await overdue;
        }
    }

    /// <summary>Two processes at one video share what one would have: that which encodes no picture needs little.</summary>
    private long MemoryFor(TranscodeStep step)
    {
        var encodesPicture = step.Video.Any(rendition => !rendition.Copied);
        var isOneOfTwo = step.Plan.CopiesSource || step.Chunk is not null || (!encodesPicture && step.Plan.Video is not []);
        var little = isOneOfTwo ? MemoryBudget.ForCopy(options.FfmpegMemoryBytes) : 0;
        return isOneOfTwo && !encodesPicture ? little : options.FfmpegMemoryBytes - little;
    }

    /// <summary>
    /// No file is larger than this: a segment is some megabytes, and the keyframes for the storyboard are less than the whole of the smallest rendition.
    /// </summary>
    private long LargestFile(TranscodePlan plan)
    {
        var storyboard = plan.Video is [var smallest, ..] ? (long)(smallest.MaxBitsPerSecond / 4 * options.MaxDuration.TotalSeconds) : 0; // twice its cap
        return LargestSegment + storyboard;
    }

    /// <summary>Kills ffmpeg when it is overdue or stuck, and says which. Time in which it is stopped does not count.</summary>
    private async Task<string> WatchAsync(Func<ChildProcess?> process, ProgressReader progress, Task running, CancellationTokenSource watch)
    {
        var tick = TimeSpan.FromSeconds(1);
        TimeSpan ran = default, silent = default, last = default;
        using var timer = new PeriodicTimer(tick, clock);
        while (!running.IsCompleted)
        {
            try
            {
                await timer.WaitForNextTickAsync(watch.Token);
            }
            catch (OperationCanceledException)
            {
                break;
            }
            if (process() is null or { Paused: true })
                continue;
            ran += tick;
            silent = progress.Done > last ? default : silent + tick;
            last = progress.Done;
            if (ran < options.MaxTranscodeTime && silent < s_longestSilence)
                continue;
            await watch.CancelAsync();
            return silent >= s_longestSilence
                ? $"The video cannot be decoded: nothing came of it for {s_longestSilence.TotalMinutes:0} minutes."
                : $"The video could not be encoded within {options.MaxTranscodeTime.ToText()}.";
        }
        return "";
    }

    /// <summary>Reads ffmpeg's <c>-progress</c>: lines of <c>key=value</c>, a block at a time.</summary>
    private sealed class ProgressReader(TranscodeStep step, TimeProvider clock, Action<TranscodeProgress> onProgress)
    {
        private readonly long _start = clock.GetTimestamp();
        private readonly double? _framesPerSecond = step.Video.LastOrDefault()?.FrameRate.PerSecond;

        public TimeSpan Done { get; private set; }

        /// <summary>Seconds of video in a second.</summary>
        public double Speed => Done / clock.GetElapsedTime(_start);

        public void Read(string line)
        {
            // Pictures are counted where there are any: ffmpeg's own time is that of the sound, which runs ahead of the picture.
            if (_framesPerSecond is { } rate)
                Advance(line, "frame=", frames => frames / rate);
            else
                Advance(line, "out_time_us=", microseconds => microseconds / 1e6);
            if (line.StartsWith("progress=", StringComparison.Ordinal))
                onProgress(new(Done, clock.GetElapsedTime(_start)));
        }

        private void Advance(string line, string key, Func<long, double> toSeconds)
        {
            if (line.StartsWith(key, StringComparison.Ordinal) && long.TryParse(line.AsSpan(key.Length), CultureInfo.InvariantCulture, out var count)
                && toSeconds(count) > Done.TotalSeconds)
                Done = TimeSpan.FromSeconds(toSeconds(count));
        }
    }
}
