using IngestVideo.Callbacks;
using IngestVideo.Receiving;
using IngestVideo.Status;
using IngestVideo.Uploads;
using Microsoft.AspNetCore.Http.HttpResults;
using Reelseal;

namespace IngestVideo;

/// <summary><c>POST /</c>: a video as the raw body, in a form, or by reference to what was uploaded to the store.</summary>
internal sealed class IngestEndpoint(
    IngestPipeline pipeline, SourceReceiver receiver, SourceFetcher fetcher, UploadStore uploads, StatusStore statuses, CallbackSender callbacks,
    CallbackDelivery delivery, TranscodeSlots slots, TimeProvider clock, ILogger<IngestEndpoint> logger)
{
    public async Task<IResult> IngestAsync(HttpContext context)
    {
        var reference = context.Request.HasJsonContentType()
            ? await UploadEndpoints.ReadAsync(context.Request, UploadJson.Default.IngestRequest, context.RequestAborted) : null;
        var video = reference is not null ? VideoOf(reference) : VideoId.FromCallId(context.Request.Headers["X-Call-Id"]) ?? VideoId.New();
        if (!IngestFilter.ClaimsOf(context).Allows(video))
            return Problem(StatusCodes.Status403Forbidden, "The token is not for this video: name it in the header X-Call-Id.");
        // Known before the work where it can be; a form may bring it after the video.
        var callback = callbacks.Check(reference?.Callback ?? context.Request.Query["callback"]);
        IngestResult result;
        var playable = Task.CompletedTask;
        try
        {
            using var slot = slots.TryTake();
            if (slot is null)
            {
                context.Response.Headers.RetryAfter = IngestRefusedException.RetryAfter;
                return Problem(StatusCodes.Status429TooManyRequests, "This machine is ingesting as many videos as it can. Try again soon.");
            }
            result = reference is not null
                ? await IngestUploadAsync(video, reference, ReportPlayable, context.RequestAborted)
                : await pipeline.IngestAsync(
                    video,
                    async (workspace, cancellationToken) =>
                    {
                        var received = await receiver.ReceiveAsync(context.Request, workspace, cancellationToken);
                        callback ??= callbacks.Check(received.Callback);
                        return received;
                    },
                    ReportPlayable, isSynchronous: true, context.RequestAborted);
        }
        catch (Exception e) when (callback is not null && e is not IngestRefusedException { StatusCode: StatusCodes.Status409Conflict })
        {
            await playable;
            await ReportFailureAsync(callback, video, e);
            throw;
        }
        await playable; // in the order in which it happened
        if (callback is not null)
            await delivery.EnqueueAsync(callback, VideoEvent.Ready, result.Status);
        return TypedResults.Json(
            result.Status, StatusJson.Default.VideoStatus, statusCode: result.Existed ? StatusCodes.Status200OK : StatusCodes.Status201Created);

        void ReportPlayable(VideoStatus status)
        {
            if (callback is not null)
                playable = delivery.EnqueueAsync(callback, VideoEvent.Playable, status);
        }
    }

    /// <summary>Reports that an ingest has failed, unless another worker has the video, and reports its end itself.</summary>
    private async Task ReportFailureAsync(Uri callback, VideoId video, Exception cause)
    {
        VideoStatus? status = null;
        try
        {
            status = (await statuses.ReadAsync(video, CancellationToken.None))?.Status;
        }
        catch (UpstreamException)
        {
            // The cause is known all the same.
        }
        if (status is null && cause is OperationCanceledException)
            return; // the sender hung up, and nothing is left of it
        if (status is not (null or { State: VideoState.Failed }) && (cause is not UpstreamException || status.State == VideoState.Ready))
            return;
        var now = clock.GetUtcNow();
        // What a sender learns from the answer leaves no status behind; an attempt that was cut off from the store could not write it.
        status ??= new() { Id = video.ToString(), State = VideoState.Failed, Created = now, Updated = now, Attempt = Guid.NewGuid().ToString("N") };
        if (status.State != VideoState.Failed || status.Error is null)
        {
            var reason = cause is IngestRefusedException or UpstreamException ? cause.Message : IngestAttempt.InternalError;
            status = status with { State = VideoState.Failed, Error = reason };
        }
        await delivery.EnqueueAsync(callback, VideoEvent.Failed, status);
    }

    /// <summary>By reference: the caller may be gone, so a failure stays in the status. The upload is removed once it is no longer needed.</summary>
    private async Task<IngestResult> IngestUploadAsync(
        VideoId video, IngestRequest reference, Action<VideoStatus> onPlayable, CancellationToken requestAborted)
    {
        // Without an upload there is no video that could fail. One that is ready no longer has an upload.
        if (!await uploads.ExistsAsync(video, requestAborted) && await statuses.ReadAsync(video, requestAborted) is null)
            throw SourceFetcher.Missing();
        try
        {
            var result = await pipeline.IngestAsync(
                video,
                async (workspace, cancellationToken) =>
                {
                    await fetcher.FetchAsync(video, workspace, cancellationToken);
                    return new(ReceivedSource.CleanTitle(reference.Title), ReceivedSource.TitleOfFile(reference.FileName), Callback: null);
                },
                onPlayable, isSynchronous: false, requestAborted);
            await RemoveUploadAsync(video);
            return result;
        }
        catch (IngestRefusedException e) when (
            e.StatusCode is StatusCodes.Status400BadRequest or StatusCodes.Status413PayloadTooLarge or StatusCodes.Status415UnsupportedMediaType)
        {
            await RemoveUploadAsync(video); // it will not become a video by being tried again
            throw;
        }
    }

    /// <summary>
    /// Removes a source that is no longer needed. Where that fails, the outcome of the ingest stays what it is, and the bucket's rule removes the source.
    /// </summary>
    private async Task RemoveUploadAsync(VideoId video)
    {
        try
        {
            await uploads.RemoveAsync(video, CancellationToken.None);
        }
        catch (UpstreamException e)
        {
            logger.LogWarning("The source of {Video} could not be removed: {Reason}", video, e.Reason);
        }
    }

    private static VideoId VideoOf(IngestRequest reference) =>
        reference.Source?.StartsWith(ObjectKeys.UploadsPrefix, StringComparison.Ordinal) == true
            && VideoId.TryParse(reference.Source[ObjectKeys.UploadsPrefix.Length..], provider: null, out var video)
            ? video : throw IngestRefusedException.Malformed("source must be uploads/ and the id that POST /uploads gave.");

    private static ProblemHttpResult Problem(int status, string detail) => TypedResults.Problem(statusCode: status, detail: detail);
}
