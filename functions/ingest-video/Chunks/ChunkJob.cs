using IngestVideo.Media;
using IngestVideo.Planning;

namespace IngestVideo.Chunks;

/// <summary>
/// Everything that a worker needs beside the packets to encode a chunk: what the source is and how it is encoded, from which the worker makes the same plan as
/// the lead.
/// </summary>
public sealed record ChunkJob
{
    public required Chunk Chunk { get; init; }

    /// <summary>The same for all chunks of a plan: its JSON, with the source's hash and the image, is what a plan hash covers.</summary>
    public required ChunkSource Source { get; init; }

    public static ChunkJob Of(TranscodePlan plan, Chunk chunk, IngestOptions options) => throw new NotImplementedException();

    /// <summary>Reads a job, as a stranger's.</summary>
    /// <exception cref="FormatException">It is none; the message says why.</exception>
    public static ChunkJob Read(ReadOnlySpan<byte> json) => throw new NotImplementedException();

    public byte[] ToJson() => throw new NotImplementedException();
}

/// <summary>What all chunks of a plan have in common.</summary>
public sealed record ChunkSource
{
    /// <summary>As JSON, always the same for the same values.</summary>
    public byte[] ToJson() => throw new NotImplementedException();
}
