using System.Globalization;
using IngestVideo.Planning;
using IngestVideo.Transcoding;

namespace IngestVideo.Chunks;

/// <summary>Encodes the chunks of one video: cuts packets out, calls other replicas, encodes one chunk at a time itself, and publishes what is done.</summary>
/// <remarks>
/// Each task ends with an action, and one loop carries the actions out, so nothing here is changed by two at once. Nothing depends on the others: a chunk
/// that they refuse, fail at or do not finish is encoded here, also while a call for it still runs.
/// </remarks>
internal sealed class ChunkRun(
    ChunkWork work,
    ChunkPublisher publisher,
    CallWindow window,
    ChunkStore chunks,
    ChunkWorker worker,
    ChunkCutter cutter,
    Func<Chunk, CancellationToken, Task<ChunkVerdict>> call,
    Func<Chunk, ChunkJob> jobOf,
    Action<ChunkProgress> onProgress,
    TimeProvider clock,
    CancellationTokenSource all)
{
    /// <summary>Each output of a pass has a thread and buffers of its own.</summary>
    private const int MostCut = 64;

    private const int Uploads = 4;

    private readonly ChunkMeter _meter = new(clock);
    private readonly string _cuts = Directory.CreateDirectory(Path.Combine(work.Workspace.Root, "cuts")).FullName;
    private readonly List<Task<Action>> _running = [];
    private readonly Dictionary<string, CancellationTokenSource> _calls = new(StringComparer.Ordinal);
    private ChunkSchedule _schedule = null!;
    private (Chunk Chunk, CancellationTokenSource End)? _here;
    private int _toCut = Math.Min(MostCut, window.Size + 1);
    private int _busyCalls, _uploading, _publishing;
    private bool _isCutting;

    public async Task EncodeAsync(IReadOnlyList<Chunk> planned)
    {
        try
        {
            var left = new List<Chunk>();
            var before = new List<(Chunk Chunk, FinishedChunk Finished)>();
            var finished = await chunks.ListFinishedAsync(work.Video, work.Hash, all.Token);
            foreach (var chunk in planned.SelectMany(chunk => DivideAsBefore(chunk, finished)))
            {
                if (finished.Contains(chunk.Name) && await chunks.FindAsync(work.IdOf(chunk), jobOf(chunk), all.Token) is { } found)
                    before.Add((chunk, found));
                else
                    left.Add(chunk);
            }
            _schedule = new(left);
            TakeOver(before);
            while (!_schedule.IsComplete || _publishing > 0)
            {
                Start();
                var ended = await Task.WhenAny(_running);
                _running.Remove(ended);
                (await ended)();
                Report();
            }
        }
        finally
        {
            // Calls for chunks that were encoded here, or, after a failure, everything.
            await all.CancelAsync();
            await ((Task)Task.WhenAll(_running)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Directory.Delete(_cuts, recursive: true); // after a failure it is not empty
        }
    }

    /// <summary>The parts of a chunk that an earlier attempt has divided it into.</summary>
    private IEnumerable<Chunk> DivideAsBefore(Chunk chunk, IReadOnlySet<string> finished)
    {
        var isDivided = chunk.Segments > 1 && !finished.Contains(chunk.Name) && finished.Any(name => IsWithin(name, chunk));
        return isDivided ? work.Halve(chunk).SelectMany(half => DivideAsBefore(half, finished)) : [chunk];
    }

    private static bool IsWithin(string name, Chunk chunk) =>
        int.TryParse(name.Split('-')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
        && first >= chunk.FirstSegment && first < chunk.FirstSegment + chunk.Segments;

    private void TakeOver(List<(Chunk Chunk, FinishedChunk Finished)> before)
    {
        foreach (var (chunk, _) in before)
            _meter.TakeOver(work.LengthOf(chunk));
        Publish(before);
    }

    /// <summary>Starts everything that can be done now.</summary>
    private void Start()
    {
        // What is encoded here need not be uploaded.
        if (_here is null && _schedule.TakeForLead(window.IsAnswered) is { } own)
            EncodeHere(own);
        while (_uploading < Uploads && _schedule.TakeToStore(most: window.Size) is { } cut)
            Upload(cut);
        while (_busyCalls < window.Size && _schedule.TakeForCall() is { } next)
        {
            if (next.Segments == 1 || work.LengthOf(next) <= window.LongestChunk || !TryHalve(next))
                Call(next);
        }
        if (!_isCutting && _schedule.NextToCut(_toCut, enough: 2 * (window.Size + 1)) is [_, ..] batch)
            Cut(batch);
    }

    /// <summary>Each pass over the source begins at its beginning. The first ends early, so that work can begin, and the next reach farther.</summary>
    private void Cut(IReadOnlyList<Chunk> batch)
    {
        (_isCutting, _toCut) = (true, Math.Min(MostCut, _toCut * 4));
        _running.Add(CutAsync());

        async Task<Action> CutAsync()
        {
            await cutter.CutAsync(work.Plan, work.Workspace.Source, work.Container, batch, _cuts, all.Token);
            return () =>
            {
                _isCutting = false;
                foreach (var chunk in batch)
                    _schedule.MarkCut(chunk);
            };
        }
    }

    /// <summary>Puts packets into the store, for other replicas.</summary>
    private void Upload(Chunk chunk)
    {
        _uploading++;
        _running.Add(UploadAsync());

        async Task<Action> UploadAsync()
        {
            await chunks.PutCutAsync(work.IdOf(chunk), CutFileOf(chunk), all.Token);
            return () =>
            {
                _uploading--;
                _schedule.MarkStored(chunk);
            };
        }
    }

    private bool TryHalve(Chunk chunk)
    {
        if (!_schedule.TryReplace(chunk, work.Halve(chunk)))
            return false;
        File.Delete(CutFileOf(chunk));
        return true;
    }

    private string CutFileOf(Chunk chunk) => Path.Combine(_cuts, ChunkCutter.FileOf(chunk));

    private void EncodeHere(Chunk chunk)
    {
        var end = CancellationTokenSource.CreateLinkedTokenSource(all.Token);
        _here = (chunk, end);
        var here = _meter.Begin(chunk.Name, work.LengthOf(chunk), isHere: true);
        var cutFile = File.Exists(CutFileOf(chunk)) ? CutFileOf(chunk) : null;
        _running.Add(RunAsync());

        async Task<Action> RunAsync()
        {
            FinishedChunk? finished = null;
            try
            {
                finished = await worker.EncodeAsync(work.IdOf(chunk), jobOf(chunk), cutFile, OnProgress, end.Token);
            }
            catch (OperationCanceledException) when (!all.IsCancellationRequested)
            {
                // Another replica was faster.
            }
            catch (IngestRefusedException e)
            {
                // The whole has more memory, and does not need what was cut.
                throw new ChunkMismatchException($"Chunk {chunk.Name} could not be encoded: {e.Message}");
            }
            return () =>
            {
                end.Dispose();
                _here = null;
                File.Delete(CutFileOf(chunk));
                _meter.End(here, isFinished: finished is not null);
                _schedule.ReturnFromLead(chunk);
                if (finished is not null)
                    Complete(chunk, finished);
            };
        }

        void OnProgress(TranscodeProgress progress)
        {
            _meter.Advance(here, progress.Done);
            Report();
        }
    }

    private void Call(Chunk chunk)
    {
        var end = CancellationTokenSource.CreateLinkedTokenSource(all.Token);
        _calls[chunk.Name] = end;
        _busyCalls++;
        var calling = _meter.Begin(chunk.Name, work.LengthOf(chunk), isHere: false);
        _running.Add(CallAsync());

        async Task<Action> CallAsync()
        {
            var begun = clock.GetTimestamp();
            ChunkVerdict? verdict = null; // it was encoded here meanwhile
            FinishedChunk? finished = null;
            try
            {
                verdict = await call(chunk, end.Token);
                // Also after a failure: what was lost may be the answer only.
                if (verdict is not (ChunkVerdict.Refused or ChunkVerdict.Unreachable))
                    finished = await chunks.FindAsync(work.IdOf(chunk), jobOf(chunk), end.Token);
            }
            catch (OperationCanceledException) when (!all.IsCancellationRequested)
            {
                verdict = null;
            }
            return () =>
            {
                _calls.Remove(chunk.Name);
                end.Dispose();
                _meter.End(calling, isFinished: finished is not null);
                if (finished is not null)
                {
                    _busyCalls--;
                    window.Succeed(work.LengthOf(chunk), clock.GetElapsedTime(begun));
                    Complete(chunk, finished);
                }
                else if (verdict is null)
                    _busyCalls--;
                else
                    Retry(chunk, verdict.Value);
            };
        }
    }

    /// <summary>Gives back a chunk that another replica has not encoded, and leaves its call unused for a moment.</summary>
    private void Retry(Chunk chunk, ChunkVerdict verdict)
    {
        // What is said to be done, and is not there, is a failure as well.
        _schedule.ReturnFromCall(chunk, verdict switch
        {
            ChunkVerdict.Refused or ChunkVerdict.Unreachable => 0,
            ChunkVerdict.Impossible => ChunkSchedule.MaxFailures,
            _ => 1,
        });
        switch (verdict)
        {
            case ChunkVerdict.Refused:
                window.Refuse();
                break;
            case ChunkVerdict.Unreachable:
                window.Shrink();
                break;
            case ChunkVerdict.TimedOut:
                window.TimeOut(work.LengthOf(chunk));
                if (chunk.Segments > 1)
                    TryHalve(chunk);
                break;
        }
        _running.Add(PauseAsync());

        async Task<Action> PauseAsync()
        {
            await Task.Delay(window.NextPause(), clock, all.Token);
            return () => _busyCalls--;
        }
    }

    private void Complete(Chunk chunk, FinishedChunk finished)
    {
        if (!_schedule.Complete(chunk))
            return;
        if (_calls.TryGetValue(chunk.Name, out var call))
            call.Cancel();
        if (_here is { } here && here.Chunk == chunk)
            here.End.Cancel();
        else
            File.Delete(CutFileOf(chunk));
        Publish([(chunk, finished)]);
    }

    /// <summary>Publishes chunks, one after the other.</summary>
    private void Publish(List<(Chunk Chunk, FinishedChunk Finished)> made)
    {
        _publishing++;
        _running.Add(PublishAsync());

        async Task<Action> PublishAsync()
        {
            foreach (var (chunk, finished) in made)
                await publisher.AddAsync(chunk, finished, all.Token);
            return () => _publishing--;
        }
    }

    private void Report() => onProgress(_meter.Read());
}
