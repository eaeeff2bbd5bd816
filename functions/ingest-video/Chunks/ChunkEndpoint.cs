using System.Text.Json;
using IngestVideo.Planning;
using Microsoft.AspNetCore.Http.HttpResults;

namespace IngestVideo.Chunks;

/// <summary><c>POST /chunks</c>: encodes a chunk of a video for the replica that leads its ingest. Only a <see cref="ChunkToken"/> opens it.</summary>
/// <remarks>
/// <list type="number">
/// <item>404 without a key, 401 without a token for this body, 400 for a body that is not a call.</item>
/// <item>429 when the call has come back to the lead, 409 when the lead has another image.</item>
/// <item>429 when no slot may be taken, 503 when an ingest needs it after all.</item>
/// <item>200 when the chunk is encoded, 422 when it cannot be: a <see cref="ChunkAnswer"/>. Everything else means: try again.</item>
/// </list>
/// When the caller is gone, ffmpeg is killed.
/// </remarks>
internal sealed class ChunkEndpoint(
    ChunkWorker worker, TranscodeSlots slots, Replica replica, IngestOptions options, TimeProvider clock, ILogger<ChunkEndpoint> logger)
{
    public async Task<IResult> EncodeAsync(HttpContext context)
    {
        if (options.WorkerKey is not { } key)
            return Problem(StatusCodes.Status404NotFound, "This function does not work for others: it has no key for it.");
        if (await ReadAsync(context.Request, context.RequestAborted) is not { } body)
            return Problem(StatusCodes.Status413PayloadTooLarge, $"The body is longer than {ChunkCall.MaxBytes} bytes.");
        // Nothing of the body is read before it is known to be a replica's.
        if (context.Request.Headers[ChunkToken.Header] is not [{ } token] || !ChunkToken.IsValid(token, key, body, clock.GetUtcNow()))
        {
            context.Response.Headers.CacheControl = "no-store";
            context.Response.Headers.WWWAuthenticate = "Chunk";
            return Problem(StatusCodes.Status401Unauthorized, "Only another replica can call this, with a token for this very body.");
        }
        ChunkCall call;
        try
        {
            call = ChunkCall.Read(body);
        }
        catch (FormatException e)
        {
            return Problem(StatusCodes.Status400BadRequest, e.Message);
        }
        if (call.Caller == replica.Id)
            return Problem(StatusCodes.Status429TooManyRequests, "The call has come back to its caller.");
        if (call.Image != replica.Image)
            return Problem(StatusCodes.Status409Conflict, "This replica has another image than the caller.");
        using var slot = slots.TryTakeForChunk();
        return slot is null
            ? Problem(StatusCodes.Status429TooManyRequests, "This replica has no slot to spare.")
            : await EncodeAsync(call, slot, context.RequestAborted);
    }

    private async Task<IResult> EncodeAsync(ChunkCall call, TranscodeSlots.ChunkSlot slot, CancellationToken requestAborted)
    {
        var begun = clock.GetTimestamp();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(requestAborted, slot.Recalled);
        try
        {
            await worker.EncodeAsync(call.Id, call.Job, cutFile: null, _ => { }, ended.Token);
            logger.LogInformation(
                "Chunk {Chunk} of {Video} was encoded for another replica in {Elapsed:0.0} s",
                call.Id.Name, call.Video, clock.GetElapsedTime(begun).TotalSeconds);
            return Answer(call.Id, StatusCodes.Status200OK, failure: null);
        }
        catch (OperationCanceledException) when (requestAborted.IsCancellationRequested)
        {
            return Results.Empty; // nobody is there to read an answer
        }
        catch (OperationCanceledException) when (slot.Recalled.IsCancellationRequested)
        {
            return Problem(StatusCodes.Status503ServiceUnavailable, "An ingest needs this replica.");
        }
        catch (IngestRefusedException e)
        {
            logger.LogWarning("Chunk {Chunk} of {Video} cannot be encoded here: {Reason}", call.Id.Name, call.Video, e.Message);
            return Problem(StatusCodes.Status503ServiceUnavailable, e.Message);
        }
        catch (Exception e) when (e is ChunkMismatchException or CopyFailedException)
        {
            logger.LogWarning("Chunk {Chunk} of {Video} cannot be encoded: {Reason}", call.Id.Name, call.Video, e.Message);
            return Answer(call.Id, StatusCodes.Status422UnprocessableEntity, e.Message);
        }
    }

    /// <summary>The whole body, or null when it is too long.</summary>
    private static async Task<byte[]?> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var buffer = new byte[ChunkCall.MaxBytes + 1];
        var length = await request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return length <= ChunkCall.MaxBytes ? buffer[..length] : null;
    }

    /// <summary>With its length, so that one that is cut off is noticed on the way.</summary>
    private static Utf8ContentHttpResult Answer(ChunkId chunk, int status, string? failure) => TypedResults.Text(
        JsonSerializer.SerializeToUtf8Bytes(new(chunk.Plan, chunk.Name, failure), CallJson.Default.ChunkAnswer), "application/json", status);

    private static ProblemHttpResult Problem(int status, string detail) => TypedResults.Problem(statusCode: status, detail: detail);
}
