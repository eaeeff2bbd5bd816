namespace Reelseal.Local.Edge.Origins;

/// <summary>Answers preflights as S3 does by the bucket's CORS rule for playback: any origin, any header, GET and HEAD.</summary>
/// <remarks>
/// CloudFront passes OPTIONS on to the bucket with the origin request policy CORS-S3Origin, and puts its own CORS headers on the answer
/// (<see cref="ResponseHeadersPolicy"/>).
/// The rule is about requests, not objects: a key that does not exist has the same answer.
/// </remarks>
internal static class BucketCors
{
    private static readonly string[] s_methods = ["GET", "HEAD"];

    public static Task AnswerPreflightAsync(HttpContext context)
    {
        var headers = context.Request.Headers;
        if (headers.Origin.Count == 0)
            return Refuse(StatusCodes.Status400BadRequest, "BadRequest", "Insufficient information. Origin request header needed.");
        var method = headers.AccessControlRequestMethod.ToString();
        if (method.Length == 0)
            return Refuse(StatusCodes.Status400BadRequest, "BadRequest", "Invalid Access-Control-Request-Method: null");
        if (!s_methods.Contains(method, StringComparer.Ordinal))
            return Refuse(StatusCodes.Status403Forbidden, "AccessForbidden", "CORSResponse: This CORS request is not allowed.");
        context.Response.Headers.Vary = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";
        return Task.CompletedTask;

        Task Refuse(int status, string code, string message) => EdgeError.WritePreflightAsync(context, status, code, message);
    }
}
