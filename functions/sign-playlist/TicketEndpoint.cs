using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Reelseal;
using Reelseal.Revocation;
using Reelseal.Tokens;
using SignPlaylist.CloudFront;
using SignPlaylist.Playlists;

namespace SignPlaylist;

/// <summary><c>GET /videos/{video}</c>: gives the signed CloudFront URL of the multivariant playlist to the holder of a token, or of a share link.</summary>
internal static class TicketEndpoint
{
    public static async Task<Results<Ok<Ticket>, ProblemHttpResult>> GetTicket(
        string video,
        string? until,
        string? share,
        bool? cookies,
        HttpContext context,
        [FromServices] TokenGate gate,
        [FromServices] Revocations revocations,
        [FromServices] PlaylistSource source,
        [FromServices] PlaylistSigner signer,
        [FromServices] SigningOptions options,
        [FromServices] TimeProvider clock)
    {
        if (!VideoId.TryParse(video, provider: null, out var id))
            return Problem(StatusCodes.Status400BadRequest, "A video's id is a UUID in lower case with hyphens.");
        context.Response.Headers.CacheControl = "no-store";
        var (now, cancellationToken) = (clock.GetUtcNow(), context.RequestAborted);
        long epoch;
        DateTimeOffset expires;
        if (share is not null)
        {
            if (!EpochSeconds.TryParse(until, out var end))
                return Problem(StatusCodes.Status400BadRequest, "until must be the time in the share link.");
            if (options.OriginProof.EpochOfShare(share, id, end) is not { } epochOfLink)
                return Problem(StatusCodes.Status403Forbidden, "This is not a share link of this video.");
            if (end <= now)
                return Problem(StatusCodes.Status403Forbidden, "The share link has ended.");
            epoch = await revocations.EpochOfAsync(id, cancellationToken);
            if (epoch != epochOfLink)
                return Problem(StatusCodes.Status403Forbidden, "The share link has been revoked.");
            expires = options.Lifetime.EndFor(now, end);
        }
        else
        {
            var admission = await gate.AdmitAsync(context.Request, Scopes.Play, id, allowQuery: true);
            if (!admission.Granted)
                return admission.Refusal;
            expires = options.Lifetime.EndFor(now, admission.Claims.Until);
            if (until is not null)
            {
                if (!EpochSeconds.TryParse(until, out var end) || end <= now)
                    return Problem(
                        StatusCodes.Status400BadRequest,
                        "until must be a time in the future, in whole seconds since the epoch without leading zeros.");
                expires = end < expires ? end : expires;
            }
            epoch = await revocations.EpochOfAsync(id, cancellationToken);
        }
        if (cookies == true && options.CookieDomain is null)
            return Problem(
                StatusCodes.Status400BadRequest,
                "Cookies are unavailable: COOKIE_DOMAIN is not set, and a cookie of the gateway's host never reaches CloudFront.");
        if (cookies == true && options.SignPerUrl)
            return Problem(StatusCodes.Status400BadRequest, "Cookies are unavailable: with SIGNING_POLICY=url each URL is signed by itself.");

        var key = PlaylistKey.Multivariant(id);
        if (await source.FetchAsync(key, cancellationToken) is null)
            return Problem(StatusCodes.Status404NotFound, "There is no such video.");

        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        var url = options.Distribution.UrlOf(key.Key) + "?" + options.OriginProof.QueryFor(id, expires, options.Signer.KeyPairId, epoch);
        if (options.SignPerUrl)
        {
            var canned = await signer.SignUrlAsync(url, expires, context.RequestAborted);
            return TypedResults.Ok(new Ticket($"{url}&{canned.Query}", Query: null, expires.ToUnixTimeSeconds()));
        }

        var signature = await signer.SignatureForAsync(id, expires, context.RequestAborted);
        if (cookies == true)
        {
            var cookie = new CookieOptions
            {
                Domain = options.CookieDomain, Path = Distribution.FolderOf(id), Secure = true, HttpOnly = true, SameSite = SameSiteMode.None,
                Expires = expires,
            };
            foreach (var (name, value) in signature.Cookies)
                context.Response.Cookies.Append(name, value, cookie);
        }
        return TypedResults.Ok(new Ticket($"{url}&{signature.Query}", signature.Query, expires.ToUnixTimeSeconds()));
    }

    private static ProblemHttpResult Problem(int status, string detail) => TypedResults.Problem(statusCode: status, detail: detail);
}
