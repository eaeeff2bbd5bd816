using System.Text.Json;
using Reelseal;
using Reelseal.Storage;

namespace IngestVideo.Uploads;

/// <summary>The sources in the store, and what is known of their uploads in parts.</summary>
/// <param name="store">Holds the sources.</param>
/// <param name="parts">Accepts parts; null if the store cannot.</param>
public sealed class UploadStore(IObjectStore store, IMultipartStore? parts = null)
{
    /// <summary>The store's multipart uploads; null where it has none.</summary>
    internal IMultipartStore? Parts => parts;

    internal async Task<UploadManifest?> ReadManifestAsync(VideoId video, CancellationToken cancellationToken)
    {
        await using var stored = await store.GetAsync(ObjectKeys.UploadManifest(video), range: null, unlessETag: null, cancellationToken);
        return stored is null ? null : await JsonSerializer.DeserializeAsync(stored.Content, UploadJson.Default.UploadManifest, cancellationToken);
    }

    /// <summary>Whether a source is there, whole.</summary>
    public async Task<bool> ExistsAsync(VideoId video, CancellationToken cancellationToken) =>
        await store.HeadAsync(ObjectKeys.Upload(video), cancellationToken) is not null;

    /// <summary>Removes a source, or aborts its upload.</summary>
    /// <returns>false when there was neither.</returns>
    public async Task<bool> RemoveAsync(VideoId video, CancellationToken cancellationToken)
    {
        var manifest = await ReadManifestAsync(video, cancellationToken);
        if (manifest is not null && parts is not null)
            await parts.AbortAsync(ObjectKeys.Upload(video), manifest.Upload, cancellationToken);
        var existed = manifest is not null || await store.HeadAsync(ObjectKeys.Upload(video), cancellationToken) is not null;
        if (existed)
            await store.DeleteAsync([ObjectKeys.Upload(video), ObjectKeys.UploadManifest(video)], cancellationToken);
        return existed;
    }
}
