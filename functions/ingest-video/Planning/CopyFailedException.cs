namespace IngestVideo.Planning;

/// <summary>The source turned out not to be fit for being its own rendition. It is encoded instead.</summary>
public sealed class CopyFailedException(string message) : Exception(message);
