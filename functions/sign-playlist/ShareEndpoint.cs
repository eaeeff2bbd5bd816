using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Reelseal;
using Reelseal.Revocation;
using Reelseal.Tokens;
using SignPlaylist.Playlists;

namespace SignPlaylist;

/// <summary>
/// <c>GET /videos/{video}/share?until=…</c>: makes what a share link consists of. Its holder needs no token, and gets tickets until it ends or is revoked.
/// </summary>
internal static class ShareEndpoint
{
    public static async Task<Results<Ok<ShareLink>, ProblemHttpResult>> GetShare(
        string video,
        string? until,
        HttpContext context,
        [FromServices] TokenGate gate,
        [FromServices] Revocations revocations,
        [FromServices] PlaylistSource source,
        [FromServices] SigningOptions options,
        [FromServices] TimeProvider clock)
    {
        if (!VideoId.TryParse(video, provider: null, out var id))
            return Problem("A video's id is a UUID in lower case with hyphens.");
        var admission = await gate.AdmitAsync(context.Request, Scopes.Share, id, allowQuery: false, orScope: Scopes.Ingest);
        if (!admission.Granted)
            return admission.Refusal;

        var now = clock.GetUtcNow();
        var latest = now + options.ShareLifetime;
        if (admission.Claims.Until < latest)
            latest = admission.Claims.Until.Value;
        if (!EpochSeconds.TryParse(until ?? $"{latest.ToUnixTimeSeconds()}", out var end) || end <= now || end > latest)
            return Problem($"until must be a time in the future, in whole seconds since the epoch, and not after {latest.ToUnixTimeSeconds()}.");

        var cancellationToken = context.RequestAborted;
        if (await source.FetchAsync(PlaylistKey.Multivariant(id), cancellationToken) is null)
            return TypedResults.Problem(statusCode: StatusCodes.Status404NotFound, detail: "There is no such video.");
        var epoch = await revocations.EpochOfAsync(id, cancellationToken);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new ShareLink(id.ToString(), end.ToUnixTimeSeconds(), options.OriginProof.ShareFor(id, end, epoch)));
    }

    private static ProblemHttpResult Problem(string detail) => TypedResults.Problem(statusCode: StatusCodes.Status400BadRequest, detail: detail);
}
