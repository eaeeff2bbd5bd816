using IngestVideo.Media;
using IngestVideo.Processes;

namespace IngestVideo.Probing;

/// <summary>Finds where the picture of a source can be cut, by its packets.</summary>
public sealed class CutPointScanner(Sandbox sandbox, IngestOptions options)
{
    /// <param name="media">The source, measured.</param>
    /// <param name="source">Its path.</param>
    /// <param name="container">What it is.</param>
    /// <param name="cancellationToken">Ends the scan.</param>
    public Task<CutPoints> ScanAsync(MediaInfo media, string source, Container container, CancellationToken cancellationToken) =>
        throw new NotImplementedException();
}
