using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;
using Reelseal.Revocation;

namespace Reelseal.Tokens;

/// <summary>The outcome of checking a request's token: its claims, or the answer that says why it is refused.</summary>
public readonly record struct Admission(TokenClaims? Claims, ProblemHttpResult? Refusal)
{
    [MemberNotNullWhen(true, nameof(Claims))]
    [MemberNotNullWhen(false, nameof(Refusal))]
    public bool Granted => Claims is not null;
}

/// <summary>Admits requests by their bearer token (RFC 6750): 401 without a valid one, 403 with one that does not allow this.</summary>
public sealed class TokenGate(TokenValidator validator, Revocations revocations, TokenOptions options, TimeProvider clock)
{
    /// <summary>The query parameter that carries a token where a player cannot send a header.</summary>
    public const string QueryParameter = "token";

    /// <summary>Checks the request's token.</summary>
    /// <param name="request">Carries the token in <c>Authorization</c>, or in the query where <paramref name="allowQuery"/> says so.</param>
    /// <param name="scope">The scope that the token must have.</param>
    /// <param name="video">The video that it must allow, or null when the request is about none.</param>
    /// <param name="allowQuery">Whether a token in the query is accepted: it must name its video and be about to expire.</param>
    /// <param name="orScope">A scope that does as well, or null.</param>
    /// <exception cref="UpstreamException">The issuer's keys, or what has been revoked, cannot be read.</exception>
    public async ValueTask<Admission> AdmitAsync(HttpRequest request, string scope, VideoId? video, bool allowQuery, string? orScope = null)
    {
        var header = request.Headers.Authorization;
        var query = allowQuery ? request.Query[QueryParameter] : default;
        if (header.Count + query.Count > 1)
            return Refuse(request, StatusCodes.Status400BadRequest, "Send one token: in the header Authorization or in the query.", "invalid_request");
        if (header.Count + query.Count == 0)
            return Refuse(request, StatusCodes.Status401Unauthorized, "A bearer token is needed.", error: null);

        const string bearer = "Bearer ";
        var text = header.Count == 1 ? header[0]! : query[0]!;
        if (header.Count == 1)
        {
            if (!text.StartsWith(bearer, StringComparison.OrdinalIgnoreCase))
                return Refuse(request, StatusCodes.Status401Unauthorized, "A bearer token is needed.", error: null);
            text = text[bearer.Length..].Trim();
        }

        if (await validator.ValidateAsync(text, request.HttpContext.RequestAborted) is not { } claims)
            return Refuse(request, StatusCodes.Status401Unauthorized, "The token is not valid, or not valid now.", "invalid_token");
        if (query.Count == 1 && (claims.Videos is null || claims.Expires > clock.GetUtcNow() + options.LongestInQuery))
        {
            const string detail = "A token in the query must name its video and expire soon; send this one in the header Authorization.";
            return Refuse(request, StatusCodes.Status401Unauthorized, detail, "invalid_token");
        }
        if (!claims.Scopes.Contains(scope) && (orScope is null || !claims.Scopes.Contains(orScope)))
            return Refuse(
                request, StatusCodes.Status403Forbidden,
                $"The token has no {scope}{(orScope is null ? "" : $" or {orScope}")} scope.",
                "insufficient_scope");
        if (video is { } id && !claims.Allows(id))
            return Refuse(request, StatusCodes.Status403Forbidden, "The token is not for this video.", "insufficient_scope");
        if (claims.Until <= clock.GetUtcNow())
            return Refuse(request, StatusCodes.Status403Forbidden, "The token's time to play has ended.", "insufficient_scope");
        // Last, because it may ask the store.
        if (await revocations.IsRefusedAsync(claims.Id, claims.Subject, request.HttpContext.RequestAborted))
            return Refuse(request, StatusCodes.Status401Unauthorized, "The token has been revoked.", "invalid_token");
        return new(claims, Refusal: null);
    }

    private static Admission Refuse(HttpRequest request, int status, string detail, string? error)
    {
        request.HttpContext.Response.Headers.WWWAuthenticate = error is null ? "Bearer" : $"Bearer error=\"{error}\"";
        request.HttpContext.Response.Headers[HeaderNames.CacheControl] = "no-store";
        return new(Claims: null, TypedResults.Problem(statusCode: status, detail: detail));
    }
}
