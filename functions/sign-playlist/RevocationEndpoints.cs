using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Reelseal;
using Reelseal.Revocation;
using Reelseal.Tokens;

namespace SignPlaylist;

/// <summary>Ends what was given out before its time: tickets and share links of a video, a token, or all tokens of a user.</summary>
internal static class RevocationEndpoints
{
    private const int MaxNameLength = 1024;

    /// <summary><c>DELETE /videos/{video}/tickets</c>: revokes all of the video's tickets and share links.</summary>
    public static async Task<Results<NoContent, ProblemHttpResult>> RevokeTickets(
        string video, HttpContext context, [FromServices] TokenGate gate, [FromServices] Revocations revocations)
    {
        if (!VideoId.TryParse(video, provider: null, out var id))
            return Problem(StatusCodes.Status400BadRequest, "A video's id is a UUID in lower case with hyphens.");
        var admission = await gate.AdmitAsync(context.Request, Scopes.Ingest, id, allowQuery: false);
        if (!admission.Granted)
            return admission.Refusal;
        await revocations.RaiseEpochAsync(id, context.RequestAborted);
        return TypedResults.NoContent();
    }

    /// <summary><c>PUT</c> and <c>DELETE /revocations/tokens/{jti}</c>: refuses a token, or accepts it again.</summary>
    public static Task<Results<NoContent, ProblemHttpResult>> ChangeToken(
        string? id, HttpContext context, [FromServices] TokenGate gate, [FromServices] Revocations revocations) =>
        ChangeAsync(RevocationKind.Token, id, context, gate, revocations);

    /// <summary><c>PUT</c> and <c>DELETE /revocations/subjects/{sub}</c>: refuses all tokens of a user, or accepts them again.</summary>
    public static Task<Results<NoContent, ProblemHttpResult>> ChangeSubject(
        string? id, HttpContext context, [FromServices] TokenGate gate, [FromServices] Revocations revocations) =>
        ChangeAsync(RevocationKind.Subject, id, context, gate, revocations);

    private static async Task<Results<NoContent, ProblemHttpResult>> ChangeAsync(
        RevocationKind kind, string? id, HttpContext context, TokenGate gate, Revocations revocations)
    {
        var admission = await gate.AdmitAsync(context.Request, Scopes.Ingest, video: null, allowQuery: false);
        if (!admission.Granted)
            return admission.Refusal;
        if (admission.Claims.Videos is not null)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer error=\"insufficient_scope\"";
            context.Response.Headers.CacheControl = "no-store";
            return Problem(StatusCodes.Status403Forbidden, "The token is for some videos only; revoking tokens needs one for all videos.");
        }
        if (id is not { Length: > 0 and <= MaxNameLength })
            return Problem(
                StatusCodes.Status400BadRequest,
                $"The path must end with the token's {(kind == RevocationKind.Token ? "jti" : "sub")}, of at most {MaxNameLength} characters.");
        // The one escape that ASP.NET leaves in a path; the OpenFaaS gateway decodes it before.
        var name = id.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        await revocations.RefuseAsync(kind, name, refused: HttpMethods.IsPut(context.Request.Method), context.RequestAborted);
        return TypedResults.NoContent();
    }

    private static ProblemHttpResult Problem(int status, string detail) => TypedResults.Problem(statusCode: status, detail: detail);
}
