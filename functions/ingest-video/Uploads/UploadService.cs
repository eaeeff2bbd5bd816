using System.Text.Json;
using Reelseal;
using Reelseal.Storage;

namespace IngestVideo.Uploads;

/// <summary>
/// Uploads straight to the store, so that a big file passes neither the gateway nor this function, and a part that is lost is sent again alone.
/// </summary>
/// <param name="store">Holds the sources.</param>
/// <param name="uploads">Takes parts in, where the store can.</param>
/// <param name="options">How large a source may be.</param>
/// <param name="clock">The present time.</param>
public sealed class UploadService(IObjectStore store, UploadStore uploads, IngestOptions options, TimeProvider clock)
{
    /// <summary>S3 takes parts of at least 5 MiB, and 10,000 of them at most.</summary>
    private const long SmallestPart = 8 << 20;
    private const int MostParts = 1000;

    /// <summary>A phone on a train gets a part through within an hour; for more there is GET, which gives fresh addresses.</summary>
    private static readonly TimeSpan s_addressLifetime = TimeSpan.FromHours(1);

    public async Task<UploadDocument> BeginAsync(VideoId video, long size, CancellationToken cancellationToken)
    {
        if (size <= 0)
            throw IngestRefusedException.Malformed("size must be the length of the video in bytes.");
        if (size > options.MaxUploadBytes)
            throw IngestRefusedException.TooLarge(options.MaxUploadBytes);
        var mebibytes = (long)Math.Ceiling((double)size / MostParts / (1 << 20));
        var manifest = new UploadManifest(await Parts.BeginAsync(ObjectKeys.Upload(video), cancellationToken), size, Math.Max(SmallestPart, mebibytes << 20));
        using var content = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(manifest, UploadJson.Default.UploadManifest));
        if (await store.PutAsync(ObjectKeys.UploadManifest(video), content, WriteCondition.IfNew, cancellationToken) is null)
        {
            await Parts.AbortAsync(ObjectKeys.Upload(video), manifest.Upload, cancellationToken);
            throw new IngestRefusedException(StatusCodes.Status409Conflict, "There is an upload of this video already.");
        }
        return await DescribeAsync(video, manifest, [], cancellationToken);
    }

    /// <summary>Returns an upload that was begun, or null.</summary>
    public async Task<UploadDocument?> FindAsync(VideoId video, CancellationToken cancellationToken) =>
        await uploads.ReadManifestAsync(video, cancellationToken) is { } manifest
            && await Parts.ListPartsAsync(ObjectKeys.Upload(video), manifest.Upload, cancellationToken) is { } sent
            ? await DescribeAsync(video, manifest, sent, cancellationToken) : null;

    /// <param name="video">Which upload.</param>
    /// <param name="claimed">All of its parts, as the sender knows them; null for those that are there.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>false when there is no such upload.</returns>
    /// <exception cref="IngestRefusedException">400: the parts differ from those that were sent. 413: they are too large together.</exception>
    public async Task<bool> CompleteAsync(VideoId video, IReadOnlyList<SentPart>? claimed, CancellationToken cancellationToken)
    {
        var key = ObjectKeys.Upload(video);
        if (await uploads.ReadManifestAsync(video, cancellationToken) is not { } manifest)
            return false;
        if (await Parts.ListPartsAsync(key, manifest.Upload, cancellationToken) is not { } sent)
            return await store.HeadAsync(key, cancellationToken) is not null; // completed before: the answer to that was lost
        var lengths = sent.ToDictionary(part => part.Number);
        claimed ??= [.. sent.Select(part => new SentPart(part.Number, part.ETag))];
        if (claimed.DistinctBy(part => part.Number).Count() != claimed.Count
            || !claimed.All(part => lengths.TryGetValue(part.Number, out var there) && SameTag(there.ETag, part.Etag)))
            throw IngestRefusedException.Malformed("The parts are not those that were sent: compare their numbers and ETags with GET.");
        var bytes = claimed.Sum(part => lengths[part.Number].Length);
        // An address does not bound what is sent to it.
        if (bytes > options.MaxUploadBytes)
        {
            await uploads.RemoveAsync(video, cancellationToken);
            throw IngestRefusedException.TooLarge(options.MaxUploadBytes);
        }
        if (bytes != manifest.Size)
            throw IngestRefusedException.Malformed($"The parts hold {bytes} bytes together, not the {manifest.Size} that were announced.");
        return await Parts.CompleteAsync(
            key, manifest.Upload, [.. claimed.OrderBy(part => part.Number).Select(part => lengths[part.Number])], cancellationToken)
            ? true : throw IngestRefusedException.Malformed("The store does not take these parts: all but the last must have the part size.");
    }

    private IMultipartStore Parts =>
        uploads.Parts ?? throw new IngestRefusedException(
            StatusCodes.Status501NotImplemented, "This store takes no uploads in parts. Send the video in one request.");

    private async Task<UploadDocument> DescribeAsync(
        VideoId video, UploadManifest manifest, IReadOnlyList<UploadedPart> sent, CancellationToken cancellationToken)
    {
        var expires = clock.GetUtcNow() + s_addressLifetime;
        var toSend = new List<PartToSend>();
        for (var number = 1; (number - 1) * manifest.PartSize < manifest.Size; number++)
        {
            if (sent.All(part => part.Number != number))
                toSend.Add(new(number, await Parts.AddressOfPartAsync(ObjectKeys.Upload(video), manifest.Upload, number, expires, cancellationToken)));
        }
        return new(video.ToString(), manifest.PartSize, toSend, [.. sent.Select(part => new SentPart(part.Number, part.ETag))], expires);
    }

    /// <summary>Whether two ETags are the same; browsers send them in quotes, other clients without.</summary>
    private static bool SameTag(string one, string? other) => one.Trim('"') == other?.Trim('"');
}
