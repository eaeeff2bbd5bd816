using IngestVideo.Media;
using IngestVideo.Planning;
using IngestVideo.Receiving;
using IngestVideo.Status;
using IngestVideo.Uploads;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Reelseal;

namespace IngestVideo.Editing;

/// <summary>The routes that change a video after its upload.</summary>
internal static class EditEndpoints
{
    private const int LargestPicture = 16 << 20; // bytes
    private const double LongestSeconds = 3_600_000; // no video is as long

    /// <summary><c>PATCH /videos/{id}</c>: renames a video, in any state.</summary>
    public static async Task<IResult> RenameAsync(VideoId id, HttpRequest request, StatusStore statuses, CancellationToken cancellationToken)
    {
        var edit = await UploadEndpoints.ReadAsync(request, EditJson.Default.VideoEdit, cancellationToken);
        var title = ReceivedSource.CleanTitle(edit.Title) ?? throw IngestRefusedException.Malformed("title must have at least one visible character.");
        return Answer(await statuses.EditAsync(id, status => status with { Title = title }, cancellationToken));
    }

    /// <summary><c>PUT /videos/{id}/subtitles/{language}</c>: adds subtitles to a video that is ready, or replaces those of the same language.</summary>
    public static async Task<IResult> PutSubtitlesAsync(
        VideoId id,
        string language,
        HttpRequest request,
        SubtitleService subtitles,
        IngestOptions options,
        CancellationToken cancellationToken,
        [FromQuery] string? name = null,
        [FromQuery] string? forced = null,
        [FromQuery(Name = "default")] string? isDefault = null)
    {
        var added = new AddedSubtitles(LanguageOf(language), name, FlagOf("forced", forced) ?? false, FlagOf("default", isDefault));
        return Answer(await subtitles.PutAsync(
            id, added,
            () => ReadAsync(request, TranscodePlan.MaxSubtitleBytes, options.UploadIdleTimeout, "bytes of the subtitles", cancellationToken),
            cancellationToken));
    }

    /// <summary><c>DELETE /videos/{id}/subtitles/{language}</c>: removes the subtitles of a language.</summary>
    public static async Task<IResult> RemoveSubtitlesAsync(
        VideoId id, string language, SubtitleService subtitles, CancellationToken cancellationToken, [FromQuery] string? forced = null) =>
        await subtitles.RemoveAsync(id, LanguageOf(language), FlagOf("forced", forced), cancellationToken)
            ? TypedResults.NoContent() : NotFound("There is no such video, or it has no such subtitles.");

    /// <summary><c>PUT /videos/{id}/poster</c>: makes a moment of the video its poster, or a picture.</summary>
    public static async Task<IResult> PutPosterAsync(
        VideoId id, HttpRequest request, PosterService posters, IngestOptions options, CancellationToken cancellationToken)
    {
        if (request.HasJsonContentType())
        {
            var choice = await UploadEndpoints.ReadAsync(request, EditJson.Default.PosterChoice, cancellationToken);
            return choice.Time is >= 0 and < LongestSeconds
                ? Answer(await posters.PutAsync(id, TimeSpan.FromSeconds(choice.Time.Value), cancellationToken))
                : throw IngestRefusedException.Malformed("time must be a moment of the video, in seconds.");
        }
        return Answer(await posters.PutAsync(
            id, () => ReadAsync(request, LargestPicture, options.UploadIdleTimeout, "bytes of the picture", cancellationToken), cancellationToken));
    }

    /// <summary>The tag of a language, as playlists have it: the shorter of two codes (RFC 5646, 2.2.1).</summary>
    private static string LanguageOf(string language) =>
        LanguageTag.IsWellFormed(language) && LanguageTag.FromIso639(language) is { } tag
            ? tag : throw IngestRefusedException.Malformed("The language must be a tag such as en, pt-br or zh-hant (RFC 5646).");

    private static bool? FlagOf(string name, string? value) => value switch
    {
        null or "" => null,
        "true" => true,
        "false" => false,
        _ => throw IngestRefusedException.Malformed($"{name} must be true or false."),
    };

    /// <summary>Reads a small body whole.</summary>
    /// <exception cref="IngestRefusedException">400, 408 or 413.</exception>
    private static async Task<MemoryStream> ReadAsync(
        HttpRequest request, int mostBytes, TimeSpan idleTimeout, string what, CancellationToken cancellationToken)
    {
        var content = new MemoryStream();
        await using var body = new UploadStream(request.Body, long.MaxValue, idleTimeout);
        var buffer = new byte[16 * 1024];
        if (request.ContentLength <= mostBytes || request.ContentLength is null)
        {
            while (content.Length <= mostBytes && await body.ReadAsync(buffer, cancellationToken) is > 0 and var read)
                content.Write(buffer, 0, read);
        }
        if (request.ContentLength > mostBytes || content.Length > mostBytes)
        {
            await content.DisposeAsync();
            throw new IngestRefusedException(
                StatusCodes.Status413PayloadTooLarge, $"The {what} are more than the {mostBytes:N0} that are accepted here.");
        }
        content.Position = 0;
        return content;
    }

    private static IResult Answer(VideoStatus? edited) => edited is null ? NotFound() : TypedResults.Json(edited, StatusJson.Default.VideoStatus);

    private static ProblemHttpResult NotFound(string detail = "There is no such video.") =>
        TypedResults.Problem(statusCode: StatusCodes.Status404NotFound, detail: detail);
}
