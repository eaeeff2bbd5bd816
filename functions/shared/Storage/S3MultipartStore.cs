using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace Reelseal.Storage;

/// <summary>Multipart uploads to a bucket, by presigned addresses.</summary>
public sealed class S3MultipartStore(S3Options options, Lazy<IAmazonS3> client) : IMultipartStore
{
    public async Task<string> BeginAsync(string key, CancellationToken cancellationToken)
    {
        var request = new InitiateMultipartUploadRequest { BucketName = options.Bucket, Key = key, ContentType = ObjectHeaders.For(key).ContentType };
        return (await CallAsync(token => client.Value.InitiateMultipartUploadAsync(request, token), _ => null, cancellationToken))!.UploadId;
    }

    public async Task<Uri> AddressOfPartAsync(string key, string upload, int number, DateTimeOffset expires, CancellationToken cancellationToken)
    {
        var request = new GetPreSignedUrlRequest
        {
            BucketName = options.Bucket,
            Key = key,
            Verb = HttpVerb.PUT,
            UploadId = upload,
            PartNumber = number,
            Expires = expires.UtcDateTime,
            Protocol = options.Endpoint?.Scheme == Uri.UriSchemeHttp ? Protocol.HTTP : Protocol.HTTPS,
        };
        return new((await CallAsync(_ => client.Value.GetPreSignedURLAsync(request), _ => null, cancellationToken))!);
    }

    public async Task<IReadOnlyList<UploadedPart>?> ListPartsAsync(string key, string upload, CancellationToken cancellationToken)
    {
        var parts = new List<UploadedPart>();
        var request = new ListPartsRequest { BucketName = options.Bucket, Key = key, UploadId = upload };
        while (true)
        {
            if (await CallAsync<ListPartsResponse>(
                    token => client.Value.ListPartsAsync(request, token),
                    e => e.ErrorCode == "NoSuchUpload" ? new(null) : null,
                    cancellationToken) is not { } page)
                return null;
            parts.AddRange((page.Parts ?? []).Select(part => new UploadedPart(part.PartNumber ?? 0, part.ETag, part.Size ?? 0)));
            if (page.IsTruncated != true)
                return parts;
            request.PartNumberMarker = page.NextPartNumberMarker?.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    public async Task<bool> CompleteAsync(string key, string upload, IReadOnlyList<UploadedPart> parts, CancellationToken cancellationToken)
    {
        var request = new CompleteMultipartUploadRequest
        {
            BucketName = options.Bucket,
            Key = key,
            UploadId = upload,
            PartETags = [.. parts.Select(part => new PartETag(part.Number, part.ETag))],
        };
        return await CallAsync<CompleteMultipartUploadResponse>(
            token => client.Value.CompleteMultipartUploadAsync(request, token),
            e => e.ErrorCode is "InvalidPart" or "InvalidPartOrder" or "EntityTooSmall" or "NoSuchUpload" or "MalformedXML" ? new(null) : null,
            cancellationToken) is not null;
    }

    public Task AbortAsync(string key, string upload, CancellationToken cancellationToken) => CallAsync<AbortMultipartUploadResponse>(
        token => client.Value.AbortMultipartUploadAsync(options.Bucket, key, upload, token),
        e => e.ErrorCode == "NoSuchUpload" ? new(null) : null,
        cancellationToken);

    /// <summary>Makes a call. A refusal that <paramref name="expected"/> maps to a result is not a store error.</summary>
    private async Task<T?> CallAsync<T>(
        Func<CancellationToken, Task<T>> call,
        Func<AmazonServiceException, Answer<T>?> expected,
        CancellationToken cancellationToken)
        where T : class
    {
        using var deadline = new Deadline(options.Timeout, cancellationToken);
        try
        {
            return await call(deadline.Token);
        }
        catch (AmazonServiceException e) when (e.StatusCode >= HttpStatusCode.Continue)
        {
            return expected(e) is { } answer
                ? answer.Value
                : throw new UpstreamException($"The object store answered {(int)e.StatusCode} {e.ErrorCode}.", timedOut: false, e);
        }
        catch (Exception e)
        {
            throw deadline.Translate(e);
        }
    }

    private sealed record Answer<T>(T? Value);
}
