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
    CallbackDelivery delivery, TranscodeSlots slots, IngestOptions options, TimeProvider clock, ILogger<IngestEndpoint> logger)
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
        IngestAttempt? attempt = null;
        var reported = Task.CompletedTask;
        try
        {
            using var slot = slots.TryTake();
            if (slot is null)
            {
                context.Response.Headers.RetryAfter = IngestRefusedException.RetryAfter;
                return Problem(StatusCodes.Status429TooManyRequests, "This machine is ingesting as many videos as it can. Try again soon.");
            }
            result = reference is not null
                ? await IngestUploadAsync(video, reference, Watch, context.RequestAborted)
                : await pipeline.IngestAsync(
                    video,
                    async (workspace, cancellationToken) =>
                    {
                        var received = await receiver.ReceiveAsync(context.Request, workspace, cancellationToken);
                        callback ??= callbacks.Check(received.Callback);
                        return received;
                    },
                    Watch, isSynchronous: true, context.RequestAborted);
        }
        catch (Exception e) when (callback is not null && e is not IngestRefusedException { StatusCode: StatusCodes.Status409Conflict })
        {
            await reported;
            await ReportFailureAsync(callback, video, attempt, e);
            throw;
        }
        if (attempt is null)
            reported = ReportAsync(VideoEvent.Ready, result.Status); // it was ready before
        await reported;
        return TypedResults.Json(
            result.Status, StatusJson.Default.VideoStatus, statusCode: result.Existed ? StatusCodes.Status200OK : StatusCodes.Status201Created);

        void Watch(IngestAttempt begun)
        {
            attempt = begun;
            begun.Playable += (_, _) => reported = ReportAsync(VideoEvent.Playable, begun.Status);
            begun.Completed += (_, _) => reported = ReportAsync(VideoEvent.Ready, begun.Status);
        }

        async Task ReportAsync(VideoEvent happened, VideoStatus status)
        {
            await reported; // in the order in which it happened
            if (callback is not null)
                await delivery.EnqueueAsync(callback, happened, status);
        }
    }

    /// <summary>Reports how an ingest ended that failed, unless another worker has the video, and reports its end itself.</summary>
    /// <param name="callback">Where to report it.</param>
    /// <param name="video">The video's id.</param>
    /// <param name="attempt">The attempt that failed; null when it failed before there was one.</param>
    /// <param name="cause">What failed.</param>
    private async Task ReportFailureAsync(Uri callback, VideoId video, IngestAttempt? attempt, Exception cause)
    {
        if (attempt is { IsCommitted: true })
        {
            await delivery.EnqueueAsync(callback, VideoEvent.Ready, attempt.Status); // viewers have all of it, even if its status could not be written
            return;
        }
        // What a sender learns from the answer leaves no status behind; an attempt that was cut off from the store could not write it.
        var now = clock.GetUtcNow();
        var status = attempt?.Status
            ?? new() { Id = video.ToString(), State = VideoState.Failed, Created = now, Updated = now, Attempt = Guid.NewGuid().ToString("N") };
        var isKnown = false;
        try
        {
            if (await statuses.ReadAsync(video, CancellationToken.None) is { Status: var stored } found)
            {
                // The last status of our own attempt may not have come through, and a worker that is silent reports nothing any more.
                var hasEnded = stored.State == VideoState.Failed || stored.Attempt == attempt?.Status.Attempt || found.Age > options.ClaimLifetime;
                if (stored.State == VideoState.Ready || !hasEnded)
                    return;
                (status, isKnown) = (stored, true);
            }
        }
        catch (UpstreamException)
        {
            // The cause is known all the same.
        }
        if (!isKnown && cause is OperationCanceledException)
            return; // the sender hung up, and nothing is left of it
        if (status.State != VideoState.Failed || status.Error is null)
        {
            var reason = cause is IngestRefusedException or UpstreamException ? cause.Message : IngestAttempt.InternalError;
            status = status with { State = VideoState.Failed, Error = reason };
        }
        await delivery.EnqueueAsync(callback, VideoEvent.Failed, status);
    }

    /// <summary>By reference: the caller may be gone, so a failure stays in the status. The upload is removed once it is no longer needed.</summary>
    private async Task<IngestResult> IngestUploadAsync(
        VideoId video, IngestRequest reference, Action<IngestAttempt> onBegun, CancellationToken requestAborted)
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
                onBegun, isSynchronous: false, requestAborted);
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
