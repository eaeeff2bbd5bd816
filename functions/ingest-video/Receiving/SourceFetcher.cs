using Reelseal;
using Reelseal.Storage;

namespace IngestVideo.Receiving;

/// <summary>Downloads an uploaded source from the store into the workspace.</summary>
public sealed class SourceFetcher(IObjectStore store, IngestOptions options, TimeProvider clock, ILogger<SourceFetcher> logger)
{
    private const int BufferBytes = 128 * 1024;

    /// <summary>How often in a row the store may break off without sending a byte.</summary>
    private const int MaxFailures = 6;

    private static readonly TimeSpan s_shortestWait = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Reads the upload into <see cref="Workspace.Source"/>. Where the store breaks off, it goes on from there: a break in the last of several gigabytes does
    /// not cost the others.
    /// </summary>
    /// <exception cref="IngestRefusedException">404: there is no such upload. 413: it is too large.</exception>
    /// <exception cref="UpstreamException">The store sends nothing any more.</exception>
    public async Task FetchAsync(VideoId video, Workspace workspace, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(workspace.Source, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0, FileOptions.Asynchronous);
        ObjectEntry? source = null;
        for (var failures = 0; source is null || file.Position < source.Length;)
        {
            var from = file.Position;
            try
            {
                await using var stored = await OpenAsync(video, source is null ? null : new(from, source.Length - from), cancellationToken);
                if (source is not null && stored.Entry.ETag != source.ETag)
                {
                    // Uploaded again meanwhile: what is here is the beginning of another file.
                    file.SetLength(0);
                    source = null;
                    continue;
                }
                source = stored.Entry;
                await stored.Content.CopyToAsync(file, BufferBytes, cancellationToken);
            }
            catch (UpstreamException e)
            {
                failures = file.Position > from ? 0 : failures + 1;
                if (failures == MaxFailures)
                    throw;
                var wait = s_shortestWait * (1 << failures);
                logger.LogInformation(
                    "The upload of {Video} broke off at byte {Position} and is continued in {Wait}: {Reason}", video, file.Position, wait, e.Message);
                await Task.Delay(wait, clock, cancellationToken);
            }
        }
    }

    /// <summary>404: there is nothing to fetch.</summary>
    internal static IngestRefusedException Missing() => new(StatusCodes.Status404NotFound, "There is no such upload, or it is not completed.");

    private async Task<StoredObject> OpenAsync(VideoId video, ByteRange? range, CancellationToken cancellationToken)
    {
        var stored = await store.GetAsync(ObjectKeys.Upload(video), range, unlessETag: null, cancellationToken)
            ?? throw Missing();
        if (stored.Entry.Length <= options.MaxUploadBytes)
            return stored;
        await stored.DisposeAsync();
        throw IngestRefusedException.TooLarge(options.MaxUploadBytes);
    }
}
