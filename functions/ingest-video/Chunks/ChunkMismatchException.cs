namespace IngestVideo.Chunks;

/// <summary>What came of a chunk is not what the whole encode would show there: the picture has to be encoded as a whole.</summary>
public sealed class ChunkMismatchException(string message) : Exception(message);
