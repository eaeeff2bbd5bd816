using Microsoft.Extensions.Primitives;

namespace Reelseal.Local.Edge;

/// <summary>The distribution's response headers policy: it overrides the origin's CORS headers, and is not applied to a refused signature.</summary>
internal static class ResponseHeadersPolicy
{
    private const string Exposed = "Accept-Ranges, Age, Content-Length, Content-Range, Date, ETag";

    /// <param name="context">The request and its answer.</param>
    /// <param name="isForAnyPage">Whether pages of other origins may read the answer: media, but not the page, whose configuration holds a token here.</param>
    public static void Apply(HttpContext context, bool isForAnyPage)
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers.Remove("Access-Control-Allow-Origin");
        headers.Remove("Access-Control-Expose-Headers");
        if (!isForAnyPage || StringValues.IsNullOrEmpty(context.Request.Headers.Origin))
            return;
        headers.AccessControlAllowOrigin = "*";
        headers.AccessControlExposeHeaders = Exposed;
        if (!HttpMethods.IsOptions(context.Request.Method))
            return;
        headers.AccessControlAllowMethods = "GET, HEAD, OPTIONS";
        headers.AccessControlAllowHeaders = "*";
        headers.AccessControlMaxAge = "600";
    }
}
