using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Reelseal;

/// <summary>
/// Cross-origin headers, the same on every answer: CloudFront's cache key has no Origin, and an error without them looks like a lost network to a page.
/// </summary>
public static class CrossOrigin
{
    /// <summary>Adds the headers to every answer, and answers preflights of every path.</summary>
    /// <param name="app">The function.</param>
    /// <param name="origin">The one value of <c>Access-Control-Allow-Origin</c>.</param>
    /// <param name="methods">What the function's routes take besides OPTIONS, such as <c>GET, HEAD</c>.</param>
    public static void UseCrossOriginHeaders(this WebApplication app, string origin, string methods) => app.Use((context, next) =>
    {
        // At the start of the answer: the exception handler empties the headers that were set before.
        context.Response.OnStarting(static state =>
        {
            var (response, origin) = ((HttpResponse, string))state;
            response.Headers.AccessControlAllowOrigin = origin;
            response.Headers.AccessControlExposeHeaders = "ETag, Retry-After, WWW-Authenticate, X-Call-Id";
            if (origin != "*") // what a browser needs to take the cookies of a ticket
                response.Headers.AccessControlAllowCredentials = "true";
            return Task.CompletedTask;
        }, (context.Response, origin));
        if (!HttpMethods.IsOptions(context.Request.Method))
            return next(context);

        context.Response.StatusCode = StatusCodes.Status204NoContent;
        context.Response.Headers.AccessControlAllowMethods = methods + ", OPTIONS";
        context.Response.Headers.AccessControlAllowHeaders = $"{HeaderNames.Authorization}, {HeaderNames.ContentType}, {HeaderNames.IfNoneMatch}, X-Call-Id";
        context.Response.Headers.AccessControlMaxAge = "86400";
        return Task.CompletedTask;
    });
}
