using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Reelseal;
using Reelseal.Tokens;
using SignPlaylist.CloudFront;
using SignPlaylist.Playlists;

namespace SignPlaylist;

/// <summary><c>GET /videos/{video}</c>: who has a token gets the signed CloudFront URL of the multivariant playlist.</summary>
internal static class TicketEndpoint
{
    public static async Task<Results<Ok<Ticket>, NotFound, ProblemHttpResult>> GetTicket(
        string video,
        string? until,
        bool? cookies,
        HttpContext context,
        [FromServices] TokenGate gate,
        [FromServices] PlaylistSource source,
        [FromServices] PlaylistSigner signer,
        [FromServices] SigningOptions options,
        [FromServices] TimeProvider clock)
    {
        if (!VideoId.TryParse(video, provider: null, out var id))
            return Problem("A video's id is a UUID in lower case with hyphens.");
        var admission = await gate.AdmitAsync(context.Request, Scopes.Play, id, allowQuery: true);
        if (!admission.Granted)
            return admission.Refusal;

        var now = clock.GetUtcNow();
        var expires = options.Lifetime.EndFor(now, admission.Claims.Until);
        if (until is not null)
        {
            if (!EpochSeconds.TryParse(until, out var end) || end <= now)
                return Problem("until must be a time in the future, in whole seconds since the epoch without leading zeros.");
            expires = end < expires ? end : expires;
        }
        if (cookies == true && options.CookieDomain is null)
            return Problem("Cookies are unavailable: no COOKIE_DOMAIN is set, and a cookie of the gateway's host never reaches CloudFront.");
        if (cookies == true && options.SignPerUrl)
            return Problem("Cookies are unavailable: with SIGNING_POLICY=url each URL is signed by itself.");

        var key = PlaylistKey.Multivariant(id);
        if (await source.FetchAsync(key, context.RequestAborted) is null)
            return TypedResults.NotFound();

        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        var url = options.Distribution.UrlOf(key.Key) + "?" + options.OriginProof.QueryFor(id, expires);
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

    private static ProblemHttpResult Problem(string detail) => TypedResults.Problem(statusCode: StatusCodes.Status400BadRequest, detail: detail);
}
