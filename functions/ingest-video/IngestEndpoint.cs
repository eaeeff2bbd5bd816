using IngestVideo.Callbacks;
using IngestVideo.Receiving;
using IngestVideo.Status;
using IngestVideo.Uploads;
using Microsoft.AspNetCore.Http.HttpResults;
using Reelseal;

namespace IngestVideo;

/// <summary><c>POST /</c>: a video as the raw body, in a form, or by reference to what was uploaded to the store.</summary>
internal sealed class IngestEndpoint(
    IngestPipeline pipeline, SourceReceiver receiver, SourceFetcher fetcher, UploadStore uploads, CallbackSender callbacks, TranscodeSlots slots)
{
    public async Task<IResult> IngestAsync(HttpContext context)
    {
        var reference = context.Request.HasJsonContentType()
            ? await UploadEndpoints.ReadAsync(context.Request, UploadJson.Default.IngestRequest, context.RequestAborted) : null;
        var video = reference is not null ? VideoOf(reference) : VideoId.FromCallId(context.Request.Headers["X-Call-Id"]) ?? VideoId.New();
        if (!IngestFilter.ClaimsOf(context).Allows(video))
            return Problem(StatusCodes.Status403Forbidden, "The token is not for this video: name it in the header X-Call-Id.");
        using var slot = slots.TryTake();
        if (slot is null)
        {
            context.Response.Headers.RetryAfter = IngestRefusedException.RetryAfter;
            return Problem(StatusCodes.Status429TooManyRequests, "As many videos as this machine can take are being worked on. Try again soon.");
        }

        // Known before the work where it can be; a form may bring it after the video.
        var callback = callbacks.Check(reference?.Callback ?? context.Request.Query["callback"]);
        IngestResult result;
        var playable = Task.CompletedTask;
        try
        {
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
        catch (Exception e) when (callback is not null && e is IngestRefusedException { StatusCode: not StatusCodes.Status409Conflict } or UpstreamException)
        {
            await playable;
            await callbacks.SendAsync(callback!, video, VideoEvent.Failed, CancellationToken.None);
            throw;
        }
        await playable; // in the order in which it happened
        if (callback is not null)
            await callbacks.SendAsync(callback, video, VideoEvent.Ready, CancellationToken.None);
        return TypedResults.Json(
            result.Status, StatusJson.Default.VideoStatus, statusCode: result.Existed ? StatusCodes.Status200OK : StatusCodes.Status201Created);

        void ReportPlayable()
        {
            if (callback is not null)
                playable = SendAfterAsync(playable, callback);
        }

        async Task SendAfterAsync(Task earlier, Uri address)
        {
            await earlier;
            await callbacks.SendAsync(address, video, VideoEvent.Playable, CancellationToken.None);
        }
    }

    /// <summary>By reference: the caller may be gone, so a failure stays in the status. The upload is removed once it is no longer needed.</summary>
    private async Task<IngestResult> IngestUploadAsync(VideoId video, IngestRequest reference, Action onPlayable, CancellationToken requestAborted)
    {
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
            await uploads.RemoveAsync(video, CancellationToken.None);
            return result;
        }
        catch (IngestRefusedException e) when (
            e.StatusCode is StatusCodes.Status400BadRequest or StatusCodes.Status413PayloadTooLarge or StatusCodes.Status415UnsupportedMediaType)
        {
            await uploads.RemoveAsync(video, CancellationToken.None); // it will not become a video by being tried again
            throw;
        }
    }

    private static VideoId VideoOf(IngestRequest reference) =>
        reference.Source?.StartsWith(ObjectKeys.UploadsPrefix, StringComparison.Ordinal) == true
            && VideoId.TryParse(reference.Source[ObjectKeys.UploadsPrefix.Length..], provider: null, out var video)
            ? video : throw IngestRefusedException.Malformed("source must be uploads/ and the id that POST /uploads gave.");

    private static ProblemHttpResult Problem(int status, string detail) => TypedResults.Problem(statusCode: status, detail: detail);
}
