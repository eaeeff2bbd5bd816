namespace Reelseal.Storage;

/// <summary>A part of an upload that the store has.</summary>
/// <param name="Number">From 1 to 10,000.</param>
/// <param name="ETag">As the store answered when it was sent, in quotes.</param>
/// <param name="Length">In bytes.</param>
public sealed record UploadedPart(int Number, string ETag, long Length);

/// <summary>Uploads that go straight to the store, part by part, to addresses that need no credentials: S3's multipart upload, presigned.</summary>
/// <remarks>Every member throws <see cref="UpstreamException"/> when the store fails.</remarks>
public interface IMultipartStore
{
    /// <summary>Begins an upload of an object, which appears only when it is completed.</summary>
    /// <returns>What the store calls the upload.</returns>
    Task<string> BeginAsync(string key, CancellationToken cancellationToken);

    /// <summary>Where to PUT a part, until a certain time. The answer's <c>ETag</c> is needed to complete the upload.</summary>
    Task<Uri> AddressOfPartAsync(string key, string upload, int number, DateTimeOffset expires, CancellationToken cancellationToken);

    /// <summary>The parts that are there, by number, or null when there is no such upload.</summary>
    Task<IReadOnlyList<UploadedPart>?> ListPartsAsync(string key, string upload, CancellationToken cancellationToken);

    /// <summary>Makes the object of its parts, in the order of their numbers.</summary>
    /// <returns>false when these are not the parts that were sent, or one but the last is too small (S3: 5 MiB).</returns>
    Task<bool> CompleteAsync(string key, string upload, IReadOnlyList<UploadedPart> parts, CancellationToken cancellationToken);

    /// <summary>Aborts an upload and removes its parts; a missing one is not an error.</summary>
    Task AbortAsync(string key, string upload, CancellationToken cancellationToken);
}
