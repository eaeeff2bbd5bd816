using Microsoft.AspNetCore.Diagnostics;
using Microsoft.Extensions.Logging;

namespace SignPlaylist.Playlists;

/// <summary>
/// A stored playlist cannot be signed because of its content, or because too many large ones are being signed. Neither the caller nor the store is at fault.
/// </summary>
/// <param name="message">One sentence for the caller that names the line. It quotes nothing: a URI's query may be a secret.</param>
/// <param name="statusCode">502, or 503 when it may work later.</param>
internal sealed class PlaylistException(string message, int statusCode = StatusCodes.Status502BadGateway) : Exception(message)
{
    public int StatusCode => statusCode;

    /// <summary>The key of the playlist, once it is known.</summary>
    public string? Key { get; set; }
}

/// <summary>Answers a <see cref="PlaylistException"/> as problem details (RFC 9457) that no cache may keep, and logs which playlist it is.</summary>
internal sealed class PlaylistExceptionHandler(IProblemDetailsService problems, ILogger<PlaylistExceptionHandler> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not PlaylistException fault)
            return false;
        // The framework logs nothing that a handler has answered.
        logger.LogError("The playlist {Key} cannot be signed: {Reason}", fault.Key, fault.Message);
        httpContext.Response.StatusCode = fault.StatusCode;
        httpContext.Response.Headers.CacheControl = "no-store";
        if (fault.StatusCode == StatusCodes.Status503ServiceUnavailable)
            httpContext.Response.Headers.RetryAfter = "5";
        await problems.WriteAsync(new() { HttpContext = httpContext, ProblemDetails = { Status = fault.StatusCode, Detail = fault.Message } });
        return true;
    }
}
