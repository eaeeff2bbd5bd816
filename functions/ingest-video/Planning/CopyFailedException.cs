namespace IngestVideo.Planning;

/// <summary>The source turned out to be unfit for copying. It is encoded instead.</summary>
public sealed class CopyFailedException(string message) : Exception(message);
