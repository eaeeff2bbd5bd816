using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace Reelseal;

/// <summary>Something that we depend on, the object store or the token issuer, did not do what was asked, and not through the caller's fault.</summary>
/// <param name="message">One sentence for the caller; it names no key, secret, token or signature.</param>
/// <param name="timedOut">It did not answer in time (504), rather than answering with a fault (502).</param>
/// <param name="inner">What it did instead; for the log.</param>
public sealed class UpstreamException(string message, bool timedOut, Exception? inner = null) : Exception(message, inner)
{
    public bool TimedOut => timedOut;

    public int StatusCode => timedOut ? StatusCodes.Status504GatewayTimeout : StatusCodes.Status502BadGateway;
}

/// <summary>Answers an <see cref="UpstreamException"/> with its status as problem details (RFC 9457) that no cache may keep.</summary>
public sealed class UpstreamExceptionHandler(IProblemDetailsService problems) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not UpstreamException upstream)
            return false;
        httpContext.Response.StatusCode = upstream.StatusCode;
        httpContext.Response.Headers.CacheControl = "no-store";
        await problems.WriteAsync(new() { HttpContext = httpContext, ProblemDetails = { Status = upstream.StatusCode, Detail = upstream.Message } });
        return true;
    }
}
