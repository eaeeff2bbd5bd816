using System.Security;
using System.Text;
using Reelseal.Local.Edge.Signing;

namespace Reelseal.Local.Edge;

/// <summary>The error answers that CloudFront makes itself, and those that S3 makes behind it.</summary>
internal static class EdgeError
{
    /// <summary>A refused signature: CloudFront's own answer, without CORS headers, so that a page on another origin cannot even read the status.</summary>
    public static Task WriteAsync(HttpContext context, Refusal refusal) =>
        WriteXmlAsync(context, StatusCodes.Status403Forbidden, refusal.Code, refusal.Message, "CloudFront");

    /// <summary>S3's answer for a missing key to a reader without ListBucket: it does not reveal whether the key is missing or forbidden.</summary>
    public static Task WriteMissingAsync(HttpContext context) =>
        WriteXmlAsync(context, StatusCodes.Status403Forbidden, "AccessDenied", "Access Denied", "AmazonS3");

    /// <summary>S3's answer for a range outside of the object.</summary>
    public static Task WriteInvalidRangeAsync(HttpContext context) =>
        WriteXmlAsync(context, StatusCodes.Status416RangeNotSatisfiable, "InvalidRange", "The requested range is not satisfiable", "AmazonS3");

    /// <summary>S3's answer for a preflight that lacks a header, or that no rule of the bucket allows.</summary>
    public static Task WritePreflightAsync(HttpContext context, int status, string code, string message) =>
        WriteXmlAsync(context, status, code, message, "AmazonS3");

    /// <summary>CloudFront's HTML page for a bad request or a failing origin.</summary>
    public static Task WritePageAsync(HttpContext context, int status, string sentence)
    {
        context.Response.ContentType = "text/html";
        var page = "<html><head><title>ERROR: The request could not be satisfied</title></head>"
            + $"<body><h1>{status} ERROR</h1><p>{SecurityElement.Escape(sentence)}</p></body></html>\n";
        return WriteAsync(context, status, page, "CloudFront");
    }

    private static Task WriteXmlAsync(HttpContext context, int status, string code, string message, string server)
    {
        context.Response.ContentType = server == "CloudFront" ? "text/xml" : "application/xml";
        return WriteAsync(context, status, $"""<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>""", server);
    }

    private static async Task WriteAsync(HttpContext context, int status, string text, string server)
    {
        var body = Encoding.UTF8.GetBytes(text);
        context.Response.StatusCode = status;
        context.Response.Headers.Server = server;
        context.Response.Headers["X-Cache"] = "Error from cloudfront";
        context.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }
}
