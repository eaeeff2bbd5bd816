using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Reelseal;
using Reelseal.Storage;
using SignPlaylist.Playlists;

namespace SignPlaylist.Downloads;

/// <summary>A file to keep.</summary>
/// <param name="Rendition">The quality's name.</param>
/// <param name="Key">The object's key.</param>
/// <param name="Size">In bytes.</param>
internal sealed record Download(string Rendition, string Key, long Size);

/// <summary>Finds out which files to keep a video has, and what it is called.</summary>
internal sealed class DownloadSource(PlaylistSource playlists, IObjectStore store)
{
    /// <summary>Finds a file in the manifest of the published attempt. Returns null if the manifest does not name it.</summary>
    /// <param name="video">Which video.</param>
    /// <param name="rendition">Which file; null for the first.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="UpstreamException">The store failed.</exception>
    public async Task<Download?> FindAsync(VideoId video, string? rendition, CancellationToken cancellationToken)
    {
        if (await playlists.FetchAsync(PlaylistKey.Multivariant(video), cancellationToken) is not { } multivariant
            || PublishedAttempt.Read(Encoding.UTF8.GetString(multivariant.Content)) is not { Stage: PublicationStage.Final, Attempt: var attempt })
            return null;
        var manifest = await ReadAsync(ObjectKeys.Manifest(video, attempt), DownloadJson.Default.Manifest, cancellationToken);
        var named = manifest?.Downloads?.FirstOrDefault(download => rendition is null || download.Rendition == rendition);
        // What is signed is an object of this video, whatever the manifest says, and its URL has no wildcards.
        return named is { Rendition: { } name } && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
            ? new(name, ObjectKeys.Download(video, attempt, name), named.Size) : null;
    }

    /// <summary>Returns the title of a video, or null if it has none.</summary>
    /// <exception cref="UpstreamException">The store failed.</exception>
    public async Task<string?> ReadTitleAsync(VideoId video, CancellationToken cancellationToken) =>
        (await ReadAsync(ObjectKeys.Status(video), DownloadJson.Default.Status, cancellationToken))?.Title;

    private async Task<T?> ReadAsync<T>(string key, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        await using var stored = await store.GetAsync(key, range: null, unlessETag: null, cancellationToken);
        if (stored is null)
            return null;
        try
        {
            return await JsonSerializer.DeserializeAsync(stored.Content, type, cancellationToken);
        }
        catch (JsonException e)
        {
            throw new UnreadableObjectException("What is stored of this video cannot be read.", e);
        }
    }
}

/// <summary>What matters here of the manifest that ingest-video writes.</summary>
internal sealed record Manifest(IReadOnlyList<NamedDownload>? Downloads);

/// <summary>A file to keep, as the manifest names it.</summary>
internal sealed record NamedDownload(string? Rendition, long Size);

/// <summary>What matters here of the status document that ingest-video writes.</summary>
internal sealed record Status(string? Title);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Manifest))]
[JsonSerializable(typeof(Status))]
internal sealed partial class DownloadJson : JsonSerializerContext;
