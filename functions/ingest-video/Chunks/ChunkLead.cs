using System.Security.Cryptography;
using IngestVideo.Media;
using IngestVideo.Planning;
using IngestVideo.Probing;
using Reelseal;

namespace IngestVideo.Chunks;

/// <summary>Spreads the picture of a video over replicas of this function, and does a share of it itself.</summary>
public sealed class ChunkLead(
    CutPointScanner scanner, ChunkStore chunks, ChunkWorker worker, ChunkCutter cutter, ChunkCaller caller, Replica replica, IngestOptions options,
    TimeProvider clock, ILogger<ChunkLead> logger)
{
    /// <summary>How long chunks are: longer ones take fewer bytes and less time in all, shorter ones are ready earlier.</summary>
    private static readonly TimeSpan s_length = TimeSpan.FromSeconds(24);

    /// <summary>Plans how to encode a picture in chunks; null when it is encoded as a whole: where no calls are wanted, or chunks are not possible.</summary>
    public async Task<ChunkWork?> PlanAsync(
        VideoId video, TranscodePlan plan, Container container, Workspace workspace, CancellationToken cancellationToken)
    {
        if (options.ChunkCalls == 0 || plan.Video.All(rendition => rendition.Copied))
            return null;
        var hashing = HashAsync(workspace.Source, cancellationToken);
        var scanning = scanner.ScanAsync(plan.Source, workspace.Source, container, cancellationToken);
        await Task.WhenAll(hashing, scanning);
        if (ChunkPlan.FindObstacle(plan, await scanning, s_length) is { } obstacle)
        {
            logger.LogInformation("{Video} is encoded by this replica alone: {Obstacle}", video, obstacle);
            return null;
        }
        var division = ChunkPlan.For(plan, await scanning);
        var hash = Hash(await hashing, ChunkJob.Of(plan, division.Between(0, 1), options));
        return new(video, hash, plan, division, container, workspace);
    }

    /// <summary>Encodes all chunks and publishes them. When it ends, no call is left.</summary>
    /// <exception cref="ChunkMismatchException">The picture has to be encoded as a whole.</exception>
    /// <exception cref="IngestRefusedException">The source cannot be decoded.</exception>
    /// <exception cref="UpstreamException">The store failed.</exception>
    public async Task RunAsync(ChunkWork work, ChunkPublisher publisher, Action<ChunkProgress> onProgress, CancellationToken cancellationToken)
    {
        using var all = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var window = new CallWindow(options.ChunkCalls, options.ChunkTimeout);
        var run = new ChunkRun(work, publisher, window, chunks, worker, cutter, CallAsync, JobOf, onProgress, clock, all);
        await run.EncodeAsync(work.Chunks.Of(s_length, replicas: options.ChunkCalls + 1));

        ChunkJob JobOf(Chunk chunk) => ChunkJob.Of(work.Plan, chunk, options);

        Task<ChunkVerdict> CallAsync(Chunk chunk, CancellationToken token) =>
            caller.CallAsync(new(work.Video, work.Hash, replica.Image, replica.Id, JobOf(chunk)), token);
    }

    private string Hash(byte[] source, ChunkJob job)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(source);
        hash.AppendData(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(replica.Image)));
        hash.AppendData(job.Source.ToJson());
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static async Task<byte[]> HashAsync(string path, CancellationToken cancellationToken)
    {
        await using var source = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 20, useAsync: true);
        return await SHA256.HashDataAsync(source, cancellationToken);
    }
}
