using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.HttpResults;
using Reelseal;

namespace IngestVideo.Uploads;

/// <summary>The routes of uploads straight to the store.</summary>
internal static class UploadEndpoints
{
    public static async Task<IResult> BeginAsync(HttpContext context, UploadService uploads, CancellationToken cancellationToken)
    {
        var video = VideoId.FromCallId(context.Request.Headers["X-Call-Id"]) ?? VideoId.New();
        if (!IngestFilter.ClaimsOf(context).Allows(video))
            return TypedResults.Problem(
                statusCode: StatusCodes.Status403Forbidden, detail: "The token is not for this video: name it in the header X-Call-Id.");
        var request = await ReadAsync(context.Request, UploadJson.Default.UploadRequest, cancellationToken);
        var upload = await uploads.BeginAsync(video, request.Size, cancellationToken);
        return TypedResults.Json(upload, UploadJson.Default.UploadDocument, statusCode: StatusCodes.Status201Created);
    }

    public static async Task<IResult> FindAsync(VideoId id, UploadService uploads, HttpContext context, CancellationToken cancellationToken)
    {
        context.Response.Headers.CacheControl = "no-store";
        return await uploads.FindAsync(id, cancellationToken) is { } upload ? TypedResults.Json(upload, UploadJson.Default.UploadDocument) : NotFound();
    }

    public static async Task<IResult> CompleteAsync(VideoId id, UploadService uploads, HttpContext context, CancellationToken cancellationToken)
    {
        IReadOnlyList<SentPart>? parts = null;
        if (!await IsEmptyAsync(context.Request, cancellationToken))
        {
            parts = (await ReadAsync(context.Request, UploadJson.Default.UploadCompletion, cancellationToken)).Parts;
            if (parts is null or [] || parts.Any(part => part?.Etag is null))
                throw IngestRefusedException.Malformed("parts must list the number and the etag of every part; without a body, all that are there count.");
        }
        return await uploads.CompleteAsync(id, parts, cancellationToken)
            ? TypedResults.Json(new(ObjectKeys.Upload(id)), UploadJson.Default.CompletedUpload) : NotFound();
    }

    public static async Task<IResult> RemoveAsync(VideoId id, UploadStore uploads, CancellationToken cancellationToken) =>
        await uploads.RemoveAsync(id, cancellationToken) ? TypedResults.NoContent() : NotFound();

    /// <summary>Whether a request has no body. Behind the gateway there is no Content-Length that would say so.</summary>
    private static async Task<bool> IsEmptyAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var read = await request.BodyReader.ReadAsync(cancellationToken);
        request.BodyReader.AdvanceTo(read.Buffer.Start);
        return read.Buffer.IsEmpty;
    }

    /// <summary>Reads a JSON body.</summary>
    /// <exception cref="IngestRefusedException">400: the body is not JSON, or not of this type.</exception>
    public static async Task<T> ReadAsync<T>(HttpRequest request, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        try
        {
            return await JsonSerializer.DeserializeAsync(request.Body, type, cancellationToken) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new IngestRefusedException(StatusCodes.Status400BadRequest, "The body is not the JSON document that this route takes.", e);
        }
    }

    private static ProblemHttpResult NotFound() => TypedResults.Problem(statusCode: StatusCodes.Status404NotFound, detail: "There is no such upload.");
}
