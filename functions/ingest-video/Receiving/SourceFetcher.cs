using Reelseal;
using Reelseal.Storage;

namespace IngestVideo.Receiving;

/// <summary>Brings a source that was uploaded to the store into the workspace.</summary>
public sealed class SourceFetcher(IObjectStore store, IngestOptions options)
{
    /// <exception cref="IngestRefusedException">404: there is no such upload. 413: it is too large.</exception>
    public async Task FetchAsync(VideoId video, Workspace workspace, CancellationToken cancellationToken)
    {
        await using var stored = await store.GetAsync(ObjectKeys.Upload(video), range: null, unlessETag: null, cancellationToken)
            ?? throw new IngestRefusedException(StatusCodes.Status404NotFound, "There is no such upload, or it is not completed.");
        if (stored.Entry.Length > options.MaxUploadBytes)
            throw IngestRefusedException.TooLarge(options.MaxUploadBytes);
        await using var file = new FileStream(workspace.Source, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0, FileOptions.Asynchronous);
        await stored.Content.CopyToAsync(file, 1 << 17, cancellationToken);
    }
}
