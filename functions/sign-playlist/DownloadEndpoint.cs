using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Reelseal;
using Reelseal.Tokens;
using SignPlaylist.Downloads;
using SignPlaylist.Playlists;

namespace SignPlaylist;

/// <summary><c>GET /videos/{video}/download[?rendition=…]</c>: gives the signed URL of a file to keep, which opens nothing else.</summary>
internal static class DownloadEndpoint
{
    public static async Task<Results<Ok<DownloadTicket>, ProblemHttpResult>> GetDownload(
        string video,
        string? rendition,
        HttpContext context,
        [FromServices] TokenGate gate,
        [FromServices] DownloadSource downloads,
        [FromServices] PlaylistSigner signer,
        [FromServices] SigningOptions options,
        [FromServices] TimeProvider clock)
    {
        if (!VideoId.TryParse(video, provider: null, out var id))
            return Problem(StatusCodes.Status400BadRequest, "A video's id is a UUID in lower case with hyphens.");
        var admission = await gate.AdmitAsync(context.Request, Scopes.Download, id, allowQuery: false);
        if (!admission.Granted)
            return admission.Refusal;
        context.Response.Headers.CacheControl = "no-store";

        var cancellationToken = context.RequestAborted;
        if (await downloads.FindAsync(id, rendition, cancellationToken) is not { } download)
            return Problem(StatusCodes.Status404NotFound, "There is no such video, or no such file of it to keep.");

        var disposition = ContentDisposition.Of(await downloads.ReadTitleAsync(id, cancellationToken) ?? id.ToString());
        var url = $"{options.Distribution.UrlOf(download.Key)}?{ContentDisposition.Parameter}={Uri.EscapeDataString(disposition)}";
        var expires = options.Lifetime.EndFor(clock.GetUtcNow(), admission.Claims.Until);
        var signature = await signer.SignUrlAsync(url, expires, cancellationToken);
        return TypedResults.Ok(new DownloadTicket($"{url}&{signature.Query}", download.Rendition, download.Size, expires.ToUnixTimeSeconds()));
    }

    private static ProblemHttpResult Problem(int status, string detail) => TypedResults.Problem(statusCode: status, detail: detail);
}
