using System.Security.Cryptography;
using System.Text.Json;
using IngestVideo.Publishing;
using Reelseal;
using Reelseal.Storage;

namespace IngestVideo.Chunks;

/// <summary>A chunk that is encoded.</summary>
/// <param name="Folder">The common start of the keys of its files.</param>
/// <param name="Result">Its files.</param>
public sealed record FinishedChunk(string Folder, ChunkResult Result);

/// <summary>What says that a chunk is encoded: the object that exactly one of all who encode it writes.</summary>
/// <param name="Run">The folder of the files.</param>
/// <param name="Result">The files.</param>
internal sealed record ChunkMarker(string? Run, JsonElement Result);

/// <summary>What replicas that work on one video hand to each other in the store: packets of the source, and what came of them.</summary>
/// <remarks>
/// Each run writes a folder of its own, because an encoder makes other bytes of the same pictures on other machines, and a late one must not change what
/// another has finished.
/// </remarks>
/// <param name="store">Waits until the store is back when it fails for a while.</param>
/// <param name="logger">For what could not be removed.</param>
public sealed class ChunkStore(IObjectStore store, ILogger<ChunkStore> logger)
{
    private const string Cut = "cut.nut", Marker = "done.json";
    private const int Transfers = 8;
    private const int RunLength = 32;

    /// <summary>The name of a new run's folder.</summary>
    internal static string NewRun() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(RunLength / 2));

    public async Task PutCutAsync(ChunkId chunk, string path, CancellationToken cancellationToken)
    {
        await using var content = File.OpenRead(path);
        await store.PutAsync(chunk.Folder + Cut, content, WriteCondition.None, cancellationToken);
    }

    /// <exception cref="IngestRefusedException">409: the packets are gone, because nobody needs the chunk any more.</exception>
    public async Task FetchCutAsync(ChunkId chunk, string path, CancellationToken cancellationToken)
    {
        if (!await FetchAsync(chunk.Folder + Cut, path, cancellationToken))
            throw new IngestRefusedException(StatusCodes.Status409Conflict, "The packets of this chunk are gone.");
    }

    /// <summary>Finds what a run has made of a chunk; null where none has finished.</summary>
    /// <exception cref="ChunkMismatchException">What says so cannot be read.</exception>
    public async Task<FinishedChunk?> FindAsync(ChunkId chunk, ChunkJob job, CancellationToken cancellationToken)
    {
        using var text = new MemoryStream();
        if (!await store.TryAppendAsync(chunk.Folder + Marker, text, cancellationToken))
            return null;
        try
        {
            var marker = JsonSerializer.Deserialize(text.ToArray(), CallJson.Default.ChunkMarker);
            return marker is { Run: { Length: RunLength } run, Result.ValueKind: JsonValueKind.Object }
                ? new($"{chunk.Folder}{run}/", ChunkResult.Read(JsonSerializer.SerializeToUtf8Bytes(marker.Result, CallJson.Default.JsonElement), job))
                : throw new FormatException("It names no run.");
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            throw new ChunkMismatchException($"What came of chunk {chunk.Name} cannot be read: {e.Message}");
        }
    }

    /// <summary>The names of a plan's chunks that are encoded.</summary>
    public async Task<IReadOnlySet<string>> ListFinishedAsync(VideoId video, string plan, CancellationToken cancellationToken)
    {
        var folder = ObjectKeys.Work(video, plan);
        return await store.ListAsync(folder, cancellationToken).Select(entry => entry.Key[folder.Length..])
            .Where(path => path.EndsWith('/' + Marker, StringComparison.Ordinal)).Select(path => path[..^(Marker.Length + 1)])
            .ToHashSetAsync(StringComparer.Ordinal, cancellationToken);
    }

    /// <summary>Begins to write what a run makes of a chunk.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <param name="job">What the run makes.</param>
    /// <param name="output">The folder that it is made in.</param>
    /// <param name="hasOwnPackets">Packets of this replica's own are encoded, so it leads. Those of others are in the store as long as they are needed.</param>
    /// <param name="cancellationToken">Ends the writes.</param>
    public ChunkUpload Begin(ChunkId chunk, ChunkJob job, string output, bool hasOwnPackets, CancellationToken cancellationToken) =>
        new(store, this, chunk, job, output, hasOwnPackets, logger, cancellationToken);

    /// <summary>Says that a chunk is encoded.</summary>
    /// <returns>false when another run has said so before.</returns>
    internal async Task<bool> TryMarkAsync(ChunkId chunk, string run, ChunkResult result, CancellationToken cancellationToken)
    {
        var marker = new ChunkMarker(run, JsonSerializer.Deserialize(result.ToJson(), CallJson.Default.JsonElement));
        using var text = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(marker, CallJson.Default.ChunkMarker));
        return await store.PutAsync(chunk.Folder + Marker, text, WriteCondition.IfNew, cancellationToken) is not null;
    }

    /// <summary>Takes back that a chunk is encoded.</summary>
    internal Task RemoveMarkerAsync(ChunkId chunk, CancellationToken cancellationToken) => store.DeleteAsync([chunk.Folder + Marker], cancellationToken);

    /// <summary>Whether the packets of a chunk are not in the store (any more).</summary>
    internal async Task<bool> IsGoneAsync(ChunkId chunk, CancellationToken cancellationToken) =>
        await store.HeadAsync(chunk.Folder + Cut, cancellationToken) is null;

    /// <summary>Downloads an object into a file.</summary>
    /// <returns>false if the object does not exist.</returns>
    public async Task<bool> FetchAsync(string key, string path, CancellationToken cancellationToken)
    {
        await using var file = File.Create(path);
        return await store.TryAppendAsync(key, file, cancellationToken);
    }

    /// <summary>The paths of all files of a chunk, below the folder of its run.</summary>
    internal static IEnumerable<string> FilesOf(ChunkResult result) =>
        [.. result.Renditions.SelectMany(FilesOf).Select(file => file.Path), .. result.Stills.Select(still => still.Name)];

    /// <summary>A rendition's files, each with its path below the folder of the run, and its length.</summary>
    internal static IEnumerable<(string Path, long Bytes)> FilesOf(ChunkRendition rendition) =>
    [
        .. rendition.InitSection is { } init ? [($"{rendition.Name}/{init.Name}", init.Bytes)] : ((string, long)[])[],
        .. rendition.Segments.Select(segment => ($"{rendition.Name}/{segment.Name}", segment.Bytes)),
    ];

    internal static ParallelOptions Limit(CancellationToken cancellationToken) =>
        new() { MaxDegreeOfParallelism = Transfers, CancellationToken = cancellationToken };
}
