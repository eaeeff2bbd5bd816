using Microsoft.Net.Http.Headers;

namespace SignPlaylist;

/// <summary>Cross-origin headers, the same on every answer: CloudFront's cache key has no Origin, and an error without them looks like a lost network to a page.</summary>
internal static class Cors
{
    public static void UseCorsHeaders(this WebApplication app, string origin)
    {
        app.Use((context, next) =>
        {
            // At the start of the answer: the exception handler empties the headers that were set before.
            context.Response.OnStarting(static state =>
            {
                var (response, origin) = ((HttpResponse, string))state;
                response.Headers.AccessControlAllowOrigin = origin;
                response.Headers.AccessControlExposeHeaders = "ETag, X-Call-Id, WWW-Authenticate, Retry-After";
                if (origin != "*") // what a browser needs to take the cookies of a ticket
                    response.Headers.AccessControlAllowCredentials = "true";
                return Task.CompletedTask;
            }, (context.Response, origin));
            return next(context);
        });
        app.MapMethods("/videos/{**path}", [HttpMethods.Options], (HttpResponse response) =>
        {
            response.Headers.AccessControlAllowMethods = "GET, HEAD, OPTIONS";
            response.Headers.AccessControlAllowHeaders = $"{HeaderNames.Authorization}, {HeaderNames.IfNoneMatch}, X-Call-Id";
            response.Headers.AccessControlMaxAge = "86400";
            return TypedResults.NoContent();
        });
    }
}
