using Reelseal;
using Reelseal.Tokens;

namespace IngestVideo;

/// <summary>Guards every route: requires a token with the scope <c>video:ingest</c> for the video in the path, and answers client errors.</summary>
internal sealed class IngestFilter(TokenGate gate) : IEndpointFilter
{
    private static readonly object s_claims = new();

    /// <summary>The claims of the caller's token.</summary>
    public static TokenClaims ClaimsOf(HttpContext context) => (TokenClaims)context.Items[s_claims]!;

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var named = http.GetRouteValue("id") as string;
        var isId = VideoId.TryParse(named, provider: null, out var video);
        var admission = await gate.AdmitAsync(http.Request, Scopes.Ingest, isId ? video : null, allowQuery: false);
        if (!admission.Granted)
            return admission.Refusal;
        if (named is not null && !isId)
            return TypedResults.Problem(statusCode: StatusCodes.Status400BadRequest, detail: "A video id is a UUID in lower case with hyphens.");
        http.Items[s_claims] = admission.Claims;
        try
        {
            return await next(context);
        }
        catch (IngestRefusedException refused)
        {
            if (refused.StatusCode is StatusCodes.Status409Conflict or StatusCodes.Status429TooManyRequests or StatusCodes.Status507InsufficientStorage)
                http.Response.Headers.RetryAfter = IngestRefusedException.RetryAfter;
            return TypedResults.Problem(statusCode: refused.StatusCode, detail: refused.Message);
        }
        catch (OperationCanceledException e) when (http.RequestAborted.IsCancellationRequested || e.InnerException is IOException)
        {
            return Results.Empty; // nobody is there to read an answer
        }
    }
}
