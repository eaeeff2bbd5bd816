using System.Collections.Concurrent;
using IngestVideo.Media;
using IngestVideo.Planning;
using IngestVideo.Publishing;

namespace IngestVideo.Chunks;

/// <summary>
/// Joins chunks to renditions: copies their segments into the attempt, inside the store, so that only a video's lead ever writes what players read.
/// </summary>
public sealed class ChunkPublisher(ChunkWork work, ChunkStore chunks, Publication publication)
{
    private readonly ConcurrentDictionary<int, (Chunk Chunk, ChunkResult Result)> _published = new(); // by the number of the first segment

    private readonly ConcurrentDictionary<string, (string Codecs, long? InitBytes)> _descriptions = new(StringComparer.Ordinal);

    /// <summary>How much can be played: from the beginning to the first chunk that is missing.</summary>
    public TimeSpan Playable => Contiguous().Aggregate(TimeSpan.Zero, (sum, part) => sum + work.LengthOf(part.Chunk));

    /// <summary>The renditions that consist of chunks, in the order of the plan.</summary>
    private IEnumerable<Rendition> Renditions => TranscodeStep.Of(work.Plan, work.Chunks.Between(0, 1)).Segmented;

    /// <summary>Publishes the segments of a chunk, and keeps its stills.</summary>
    public async Task AddAsync(Chunk chunk, FinishedChunk finished, CancellationToken cancellationToken)
    {
        foreach (var rendition in finished.Result.Renditions)
        {
            var description = (rendition.Codecs, rendition.InitSection?.Bytes);
            if (_descriptions.GetOrAdd(rendition.Name, description) != description)
                throw new ChunkMismatchException($"{rendition.Name} of chunk {chunk.Name} is encoded in another way than the others.");
        }
        // Init sections are all the same.
        var renditions = finished.Result.Renditions.Select(rendition => chunk.First == 0 ? rendition : rendition with { InitSection = null });
        await Parallel.ForEachAsync(
            renditions.SelectMany(ChunkStore.FilesOf), ChunkStore.Limit(cancellationToken),
            async (file, token) =>
            {
                if (!await publication.TryCopyAsync(finished.Folder + file.Path, file.Path, file.Bytes, token))
                    throw Gone(chunk);
            });
        foreach (var still in finished.Result.Stills)
        {
            if (!await chunks.FetchAsync(finished.Folder + still.Name, StillOf(chunk, still.Name), cancellationToken))
                throw Gone(chunk);
        }
        _published[chunk.FirstSegment] = (chunk, finished.Result);
    }

    /// <summary>It was removed while a replica wrote the rest of it.</summary>
    private static ChunkMismatchException Gone(Chunk chunk) => new($"A part of chunk {chunk.Name} has gone from the store.");

    /// <summary>What can be played so far: each picture from its beginning to the first chunk that is missing; empty while there is nothing.</summary>
    public IReadOnlyList<PublishedRendition> FindPlayable(Ladder ladder)
    {
        var contiguous = Contiguous();
        return contiguous is [] ? [] :
        [
            .. Join(contiguous).Where(rendition => rendition.Rendition is not IFrameRendition)
                .Select(rendition => rendition with { Bandwidth = MeasuredBandwidth.Declared(rendition.Rendition, ladder) }),
        ];
    }

    /// <summary>Puts together what all chunks have given, and writes the media playlists.</summary>
    /// <param name="earlier">What is published of the same picture.</param>
    /// <param name="growing">The playlists that players may be reading already.</param>
    /// <param name="cancellationToken">Ends the writes.</param>
    /// <exception cref="CopyFailedException">The pictures are not cut where those of the copy are.</exception>
    public async Task<IReadOnlyList<PublishedRendition>> FinishAsync(
        IReadOnlyList<PublishedRendition> earlier, GrowingPlaylists growing, CancellationToken cancellationToken)
    {
        var all = Contiguous();
        Directory.CreateDirectory(work.Workspace.Output); // where all else is made of nothing, nobody has
        foreach (var name in all.SelectMany(part => part.Result.Stills).Select(still => still.Name).Distinct(StringComparer.Ordinal))
        {
            await using var whole = File.Create(Path.Combine(work.Workspace.Output, name));
            foreach (var part in all.Where(part => part.Result.Stills.Any(still => still.Name == name)))
            {
                await using var still = File.OpenRead(StillOf(part.Chunk, name));
                await still.CopyToAsync(whole, cancellationToken);
            }
        }
        var renditions = Join(all);
        CutsOfCopy.Check(work.Plan, [.. earlier, .. renditions]);
        await growing.CompleteAsync(renditions, cancellationToken);
        return renditions;
    }

    private List<(Chunk Chunk, ChunkResult Result)> Contiguous()
    {
        var parts = new List<(Chunk Chunk, ChunkResult Result)>();
        for (var next = 0; _published.TryGetValue(next, out var part); next += part.Chunk.Segments)
            parts.Add(part);
        return parts;
    }

    private List<PublishedRendition> Join(List<(Chunk Chunk, ChunkResult Result)> contiguous)
    {
        var renditions = new List<PublishedRendition>();
        foreach (var rendition in Renditions)
        {
            var parts = contiguous.SelectMany(part => part.Result.Renditions.Where(made => made.Name == rendition.Name)).ToList();
            var segments = parts.SelectMany(part => part.Segments).Select(segment => new MediaSegment(segment.Name, segment.Seconds, segment.Bytes)).ToList();
            if (segments is not [])
                renditions.Add(new(rendition, parts[0].Codecs, MeasuredBandwidth.Of(segments), segments)
                {
                    Captions = CaptionScanner.Merge(parts.Select(part => part.Captions)),
                });
        }
        return renditions;
    }

    private string StillOf(Chunk chunk, string name) =>
        Path.Combine(Directory.CreateDirectory(Path.Combine(work.Workspace.Root, "stills")).FullName, $"{chunk.Name}.{name}");
}
