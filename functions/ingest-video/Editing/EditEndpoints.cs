using IngestVideo.Receiving;
using IngestVideo.Status;
using IngestVideo.Uploads;
using Microsoft.AspNetCore.Http.HttpResults;
using Reelseal;

namespace IngestVideo.Editing;

/// <summary>The routes that change a video after its upload.</summary>
internal static class EditEndpoints
{
    /// <summary><c>PATCH /videos/{id}</c>: renames a video, in any state.</summary>
    public static async Task<IResult> RenameAsync(VideoId id, HttpRequest request, StatusStore statuses, CancellationToken cancellationToken)
    {
        var edit = await UploadEndpoints.ReadAsync(request, EditJson.Default.VideoEdit, cancellationToken);
        var title = ReceivedSource.CleanTitle(edit.Title) ?? throw IngestRefusedException.Malformed("title must have at least one visible character.");
        return Answer(await statuses.EditAsync(id, status => status with { Title = title }, cancellationToken));
    }

    private static IResult Answer(VideoStatus? edited) => edited is null ? NotFound() : TypedResults.Json(edited, StatusJson.Default.VideoStatus);

    private static ProblemHttpResult NotFound() => TypedResults.Problem(statusCode: StatusCodes.Status404NotFound, detail: "There is no such video.");
}
