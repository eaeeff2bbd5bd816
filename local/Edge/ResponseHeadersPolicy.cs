using Microsoft.Extensions.Primitives;

namespace Reelseal.Local.Edge;

/// <summary>The distribution's response headers policy: it overrides the origin's CORS headers, and is not applied to a refused signature.</summary>
internal static class ResponseHeadersPolicy
{
    private const string Exposed = "Accept-Ranges, Age, Content-Length, Content-Range, Date, ETag";

    public static void Apply(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers.Remove("Access-Control-Allow-Origin");
        headers.Remove("Access-Control-Expose-Headers");
        if (StringValues.IsNullOrEmpty(context.Request.Headers.Origin))
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
