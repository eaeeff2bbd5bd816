using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace Reelseal.Storage;

/// <summary>Objects in a bucket of Amazon S3, or of any S3 with conditional writes.</summary>
/// <param name="options">The bucket, and how long to wait.</param>
/// <param name="client">Talks to it.</param>
public sealed class S3ObjectStore(S3Options options, Lazy<IAmazonS3> client) : IObjectStore
{
    private const int MostKeysInADelete = 1000;
    private const int MostConflicts = 10;
    private const int MostBuffered = 4 * 1024 * 1024; // bytes: Linux's largest send buffer (tcp_wmem)
    private const int SlowestLine = 256 * 1024; // bytes a second

    /// <summary>The metadata by which a conditional write is recognised (<see cref="WriteCondition.Id"/>).</summary>
    private const string WriteId = "x-amz-meta-reelseal-write";

    private const int MostParts = 10_000;

    private readonly StoreClock _clock = new();

    /// <summary>The most bytes that one request may write. What is larger is written in parts (S3 User Guide, "Uploading objects").</summary>
    internal long LargestPut { get; init; } = 5L << 30;

    /// <summary>The bytes of a part, unless that would be too many parts.</summary>
    internal long PartBytes { get; init; } = 64 << 20;

    private IAmazonS3 Client
    {
        get
        {
            _clock.Follow(client.Value);
            return client.Value;
        }
    }

    public async Task<ObjectEntry?> HeadAsync(string key, CancellationToken cancellationToken)
    {
        if (!ObjectKey.IsValid(key))
            return null;
        try
        {
            return await CallAsync(async token => EntryOf(key, await Client.GetObjectMetadataAsync(options.Bucket, key, token)), cancellationToken);
        }
        catch (AmazonServiceException e) when (e.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
        catch (AmazonServiceException e) when (e.StatusCode == HttpStatusCode.Forbidden)
        {
            // An answer to HEAD has no body that would say why it was refused; an answer to GET has.
            await using var found = await GetAsync(key, range: null, unlessETag: null, cancellationToken);
            return found?.Entry;
        }
        catch (AmazonServiceException e)
        {
            throw Refused(e);
        }
    }

    public async Task<StoredObject?> GetAsync(string key, ByteRange? range, string? unlessETag, CancellationToken cancellationToken)
    {
        if (!ObjectKey.IsValid(key))
            return null;
        var request = new GetObjectRequest { BucketName = options.Bucket, Key = key, EtagToNotMatch = unlessETag };
        if (range is { } wanted)
            request.ByteRange = new(wanted.Within(long.MaxValue).Offset, wanted.Offset + wanted.Length - 1);
        try
        {
            var response = await CallAsync(token => Client.GetObjectAsync(request, token), cancellationToken);
            var content = new ContentStream(
                (buffer, _, token) => response.ResponseStream.ReadAsync(buffer, token), response, response.ContentLength, options.Timeout, cancellationToken);
            try
            {
                var entry = EntryOf(key, response);
                if (content.Length != (range?.Length ?? entry.Length))
                    throw new UpstreamException(
                        $"The object store answered with {content.Length} bytes instead of {range?.Within(entry.Length).Length ?? entry.Length}.",
                        timedOut: false);
                return new(entry, content);
            }
            catch
            {
                await content.DisposeAsync();
                throw;
            }
        }
        catch (AmazonServiceException e) when (e.StatusCode == HttpStatusCode.NotModified)
        {
            return new(new(key, 0, unlessETag!, default), content: null);
        }
        catch (AmazonServiceException e) when (e.ErrorCode == "NoSuchKey")
        {
            return null;
        }
        catch (AmazonServiceException e) when (e is { ErrorCode: "AccessDenied", StatusCode: HttpStatusCode.Forbidden })
        {
            return await IsMissingAsync(key, cancellationToken) ? null : throw Refused(e);
        }
        catch (AmazonServiceException e) when (e.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            throw new ArgumentOutOfRangeException(nameof(range), e.Message);
        }
        catch (AmazonServiceException e)
        {
            throw Refused(e);
        }
    }

    public async Task<string?> PutAsync(string key, Stream content, WriteCondition condition, CancellationToken cancellationToken)
    {
        ObjectKey.ThrowIfInvalid(key);
        for (var conflicts = 0; ; conflicts++)
        {
            try
            {
                return condition == WriteCondition.None && content.Length > LargestPut
                    ? await PutInPartsAsync(key, content, cancellationToken)
                    : await PutOnceAsync(key, content, condition, cancellationToken);
            }
            catch (AmazonServiceException e) when (e.StatusCode == HttpStatusCode.PreconditionFailed)
            {
                // The SDK repeats a request whose answer was lost, and then meets its own earlier write.
                return condition.Id is { } id ? await FindOwnAsync(key, id, cancellationToken) : null;
            }
            catch (AmazonServiceException e) when (e.ErrorCode == "NoSuchKey" && condition.ETag is not null)
            {
                return null;
            }
            catch (AmazonServiceException e) when (e.StatusCode == HttpStatusCode.Conflict && conflicts < MostConflicts)
            {
                // Another conditional write is under way, and S3 asks to try again (PutObject, ConditionalRequestConflict).
                await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(5, 50 << Math.Min(conflicts, 4))), cancellationToken);
            }
            catch (AmazonServiceException e)
            {
                throw Refused(e);
            }
        }
    }

    public async Task<bool> CopyAsync(string from, string to, CancellationToken cancellationToken)
    {
        ObjectKey.ThrowIfInvalid(to);
        if (!ObjectKey.IsValid(from))
            return false;
        var headers = ObjectHeaders.For(to);
        var request = new CopyObjectRequest
        {
            SourceBucket = options.Bucket,
            SourceKey = from,
            DestinationBucket = options.Bucket,
            DestinationKey = to,
            // The headers of the source follow from another key.
            MetadataDirective = S3MetadataDirective.REPLACE,
            ContentType = headers.ContentType,
        };
        request.Headers.CacheControl = headers.CacheControl;
        try
        {
            _ = await CallAsync(async token => Known((await Client.CopyObjectAsync(request, token)).ETag), cancellationToken);
            return true;
        }
        catch (AmazonServiceException e) when (e.ErrorCode == "NoSuchKey")
        {
            return false;
        }
        catch (AmazonServiceException e)
        {
            throw Refused(e);
        }
    }

    public async Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        foreach (var batch in keys.Chunk(MostKeysInADelete))
        {
            var request = new DeleteObjectsRequest
            {
                BucketName = options.Bucket,
                Quiet = true,
                Objects = [.. batch.Select(key => new KeyVersion { Key = key })],
            };
            try
            {
                await CallAsync(token => Client.DeleteObjectsAsync(request, token), cancellationToken);
            }
            catch (DeleteObjectsException e)
            {
                var first = e.Response.DeleteErrors[0];
                throw new UpstreamException(
                    $"The object store did not delete {e.Response.DeleteErrors.Count} of {batch.Length} objects ({first.Code}).",
                    timedOut: false, e);
            }
            catch (AmazonServiceException e)
            {
                throw Refused(e);
            }
        }
    }

    public async IAsyncEnumerable<ObjectEntry> ListAsync(string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = new ListObjectsV2Request { BucketName = options.Bucket, Prefix = prefix, StartAfter = startAfter };
        do
        {
            ListObjectsV2Response page;
            try
            {
                page = await CallAsync(token => Client.ListObjectsV2Async(request, token), cancellationToken);
                _ = Known(page.Name);
            }
            catch (AmazonServiceException e)
            {
                throw Refused(e);
            }
            foreach (var item in page.S3Objects ?? [])
                yield return _clock.EntryOf(item.Key, item.Size ?? 0, item.ETag, item.LastModified);
            request.ContinuationToken = page.IsTruncated == true ? page.NextContinuationToken : null;
        }
        while (request.ContinuationToken is not null);
    }

    private async Task<string?> PutOnceAsync(string key, Stream content, WriteCondition condition, CancellationToken cancellationToken)
    {
        using var deadline = DeadlineFor(content.Length, cancellationToken);
        content.Position = 0;
        var headers = ObjectHeaders.For(key);
        var request = new PutObjectRequest
        {
            BucketName = options.Bucket,
            Key = key,
            InputStream = new ProgressStream(content, deadline.Extend),
            AutoCloseStream = false,
            ContentType = headers.ContentType,
            IfNoneMatch = condition.MustBeNew ? "*" : null,
            IfMatch = condition.ETag,
        };
        request.Headers.CacheControl = headers.CacheControl;
        if (condition.Id is { } id)
            request.Metadata.Add(WriteId, id.ToString("N"));
        return await CallAsync(async token => Known((await Client.PutObjectAsync(request, token)).ETag), deadline);
    }

    /// <summary>Writes an object that is too large for one request. Parts of one that was given up on expire (lifecycle).</summary>
    private async Task<string> PutInPartsAsync(string key, Stream content, CancellationToken cancellationToken)
    {
        var headers = ObjectHeaders.For(key);
        var begin = new InitiateMultipartUploadRequest { BucketName = options.Bucket, Key = key, ContentType = headers.ContentType };
        begin.Headers.CacheControl = headers.CacheControl;
        var upload = Known((await CallAsync(token => Client.InitiateMultipartUploadAsync(begin, token), cancellationToken)).UploadId);
        var partBytes = long.Max(PartBytes, content.Length / MostParts + 1);
        var parts = new List<PartETag>();
        for (long at = 0; at < content.Length; at += partBytes)
        {
            var length = long.Min(partBytes, content.Length - at);
            using var deadline = DeadlineFor(length, cancellationToken);
            content.Position = at;
            var part = new UploadPartRequest
            {
                BucketName = options.Bucket,
                Key = key,
                UploadId = upload,
                PartNumber = parts.Count + 1,
                PartSize = length,
                InputStream = new ProgressStream(content, deadline.Extend),
            };
            parts.Add(new(parts.Count + 1, Known((await CallAsync(token => Client.UploadPartAsync(part, token), deadline)).ETag)));
        }
        var complete = new CompleteMultipartUploadRequest { BucketName = options.Bucket, Key = key, UploadId = upload, PartETags = parts };
        return Known((await CallAsync(token => Client.CompleteMultipartUploadAsync(complete, token), cancellationToken)).ETag);
    }

    /// <summary>A deadline for sending bytes: what the SDK has taken may still be in the system's buffers, which a slow line empties slowly.</summary>
    private Deadline DeadlineFor(long bytes, CancellationToken cancellationToken) =>
        new(options.Timeout + TimeSpan.FromSeconds((double)Math.Min(bytes, MostBuffered) / SlowestLine), cancellationToken);

    /// <summary>The ETag of an object that a certain write has written, or null when it is another's.</summary>
    private async Task<string?> FindOwnAsync(string key, Guid id, CancellationToken cancellationToken)
    {
        try
        {
            var found = await CallAsync(token => Client.GetObjectMetadataAsync(options.Bucket, key, token), cancellationToken);
            return found.Metadata[WriteId] == id.ToString("N") ? found.ETag : null;
        }
        catch (AmazonServiceException e) when (e.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
        catch (AmazonServiceException e) when (e.StatusCode == HttpStatusCode.Forbidden)
        {
            // Also the answer to HEAD for a missing object where the bucket may not be listed; the answer to GET has a reason.
            await using var found = await GetAsync(key, range: null, unlessETag: null, cancellationToken);
            return found is null ? null : throw Refused(e);
        }
        catch (AmazonServiceException e)
        {
            throw Refused(e);
        }
    }

    private async Task<T> CallAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        using var deadline = new Deadline(options.Timeout, cancellationToken);
        return await CallAsync(call, deadline);
    }

    /// <summary>Makes a call; what comes out is the answer, S3's refusal, or an exception of the store's contract.</summary>
    private static async Task<T> CallAsync<T>(Func<CancellationToken, Task<T>> call, Deadline deadline)
    {
        // The SDK may block while it fetches credentials, and the caller may be the thread that reads from all sockets.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            return await call(deadline.Token);
        }
        catch (Exception e) when (e is not AmazonServiceException { StatusCode: >= HttpStatusCode.Continue })
        {
            throw deadline.Translate(e);
        }
    }

    /// <summary>Whether an object that S3 denied is missing: an object beside it, which always exists, can be read.</summary>
    /// <remarks>
    /// To those who may not list the bucket, S3 says AccessDenied both of a missing key and of a permission that was taken away (GetObject, "Permissions").
    /// The other object is read after the denial and never remembered, so that no key passes for missing because something could be read before.
    /// </remarks>
    private async Task<bool> IsMissingAsync(string key, CancellationToken cancellationToken)
    {
        if (ObjectKeys.WitnessOf(key) is not { } witness)
            return false;
        try
        {
            _ = await CallAsync(token => client.Value.GetObjectMetadataAsync(options.Bucket, witness, token), cancellationToken);
            return true;
        }
        catch (AmazonServiceException e) when (e.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Forbidden)
        {
            return false;
        }
        catch (AmazonServiceException e)
        {
            throw Refused(e);
        }
    }

    private static UpstreamException Refused(AmazonServiceException e) =>
        new($"The object store answered {(int)e.StatusCode} {e.ErrorCode}.", timedOut: false, e);

    private ObjectEntry EntryOf(string key, GetObjectMetadataResponse response) =>
        _clock.EntryOf(key, response.ContentLength, Known(response.ETag), response.LastModified);

    private ObjectEntry EntryOf(string key, GetObjectResponse response)
    {
        // Of a range, Content-Range ("bytes 0-9/100") holds the length of the whole.
        var whole = response.ContentRange is { } range
            && long.TryParse(range.AsSpan(range.LastIndexOf('/') + 1), CultureInfo.InvariantCulture, out var length)
            ? length
            : response.ContentLength;
        return _clock.EntryOf(key, whole, Known(response.ETag), response.LastModified);
    }

    /// <summary>A value that every answer of S3 has; it is missing where a proxy or a sign-in page has answered instead.</summary>
    private static string Known(string? told) => told ?? throw new UpstreamException("Something else than an object store has answered.", timedOut: false);
}
