using System.Text;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Reelseal;

/// <summary>Something that we depend on, the object store or the token issuer, did not do what was asked, and not through the caller's fault.</summary>
/// <param name="message">One sentence for the caller; it names no key, secret, token or signature.</param>
/// <param name="timedOut">It did not answer in time (504), rather than answering with a fault (502).</param>
/// <param name="inner">What it did instead; for the log.</param>
/// <param name="dependency">What failed, as logs and <c>/_/health</c> call it.</param>
public class UpstreamException(string message, bool timedOut, Exception? inner = null, string dependency = UpstreamException.ObjectStore)
    : Exception(message, inner)
{
    public const string ObjectStore = "object store";
    public const string TokenIssuer = "token issuer";

    public string Dependency => dependency;

    public bool TimedOut => timedOut;

    public int StatusCode => timedOut ? StatusCodes.Status504GatewayTimeout : StatusCodes.Status502BadGateway;

    /// <summary>The reason, for the log: the message and that of each inner exception. There is no stack trace, because our code is not the cause.</summary>
    public string Reason
    {
        get
        {
            var reason = new StringBuilder(Message);
            for (var cause = InnerException; cause is not null; cause = cause.InnerException)
                reason.Append(" <- ").Append(cause.GetType().Name).Append(": ").Append(cause.Message);
            return reason.ToString();
        }
    }
}

/// <summary>Answers an <see cref="UpstreamException"/> with its status as problem details (RFC 9457) that no cache may keep, and logs it.</summary>
public sealed class UpstreamExceptionHandler(IProblemDetailsService problems, ILogger<UpstreamExceptionHandler> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not UpstreamException upstream)
            return false;
        // The framework logs nothing that a handler has answered.
        logger.LogError("The {Dependency} failed, answered with {StatusCode}: {Reason}", upstream.Dependency, upstream.StatusCode, upstream.Reason);
        httpContext.Response.StatusCode = upstream.StatusCode;
        httpContext.Response.Headers.CacheControl = "no-store";
        await problems.WriteAsync(new() { HttpContext = httpContext, ProblemDetails = { Status = upstream.StatusCode, Detail = upstream.Message } });
        return true;
    }
}
