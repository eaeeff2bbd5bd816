using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using Reelseal.Infra;
using Reelseal.Local.Edge.Signing;
using Reelseal.Storage;

namespace Reelseal.Local.Edge.Origins;

/// <summary>
/// The bucket behind origin access control: its policy lets CloudFront read <c>videos/*</c> and <c>downloads/*</c>, and never <c>status/</c> or
/// <c>uploads/</c>.
/// </summary>
/// <param name="store">The bucket.</param>
/// <param name="cache">Which of the viewer's parameters reach it.</param>
internal sealed class ObjectOrigin(IObjectStore store, CacheRule cache) : IOrigin
{
    public async Task ServeAsync(HttpContext context, ViewerUrl url)
    {
        var cancellationToken = context.RequestAborted;
        if (HttpMethods.IsOptions(context.Request.Method))
        {
            await BucketCors.AnswerPreflightAsync(context);
            return;
        }
        if (!ViewerPath.TryReadKey(url.Path, out var key) || !IsReadable(key)
            || await store.HeadAsync(key, cancellationToken) is not { } entry)
        {
            await EdgeError.WriteMissingAsync(context);
            return;
        }
        var (request, response) = (context.Request.GetTypedHeaders(), context.Response);
        var headers = ObjectHeaders.For(key);
        response.Headers.ETag = entry.ETag;
        response.Headers.LastModified = HeaderUtilities.FormatDate(entry.LastModified);
        response.Headers.CacheControl = headers.CacheControl;
        response.Headers.AcceptRanges = "bytes";
        response.Headers["X-Cache"] = "Miss from cloudfront";
        // S3 does as a signed request asks (GetObject), and origin access control signs.
        if (QueryHelpers.ParseQuery(url.QueryOf(cache.QueryParameters.AsSpan())).TryGetValue("response-content-disposition", out var disposition))
            response.Headers.ContentDisposition = disposition;
        if (Conditions.AreUnmodified(request, entry.ETag, entry.LastModified))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }
        var range = Conditions.AllowRange(request, entry.ETag, entry.LastModified) ? RequestedRange.Read(request, entry.Length) : RequestedRange.Whole;
        if (range.IsUnsatisfiable)
        {
            response.Headers.ContentRange = $"bytes */{entry.Length}";
            await EdgeError.WriteInvalidRangeAsync(context);
            return;
        }
        if (range.Bytes is { } bytes)
        {
            response.StatusCode = StatusCodes.Status206PartialContent;
            response.Headers.ContentRange = string.Create(
                CultureInfo.InvariantCulture, $"bytes {bytes.Offset}-{bytes.Offset + bytes.Length - 1}/{entry.Length}");
        }
        response.ContentType = headers.ContentType;
        response.ContentLength = range.Bytes?.Length ?? entry.Length;
        if (HttpMethods.IsHead(context.Request.Method))
            return;
        await using var content = await store.GetAsync(key, range.Bytes, unlessETag: null, cancellationToken);
        if (content is null)
            context.Abort(); // deleted in the meantime; the status line may have been sent
        else
            await content.Content.CopyToAsync(response.Body, cancellationToken);
    }

    private static bool IsReadable(string key) =>
        key.StartsWith(ObjectKeys.VideosPrefix, StringComparison.Ordinal) || key.StartsWith(ObjectKeys.DownloadsPrefix, StringComparison.Ordinal);
}
