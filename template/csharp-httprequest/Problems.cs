using Microsoft.AspNetCore.Diagnostics;
using Microsoft.Net.Http.Headers;

namespace Root;

/// <summary>Turns every error into problem details (RFC 9457), whether it comes from the function, the framework or an unexpected exception.</summary>
internal static class Problems
{
    public static void UseProblems(this WebApplication app)
    {
        // The framework writes no problem details for a client whose Accept excludes JSON, such as a player that accepts only playlists.
        // A function has one representation of each resource, so nothing else reads that header.
        app.Use((context, next) =>
        {
            context.Request.Headers.Remove(HeaderNames.Accept);
            return next(context);
        });
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            // A body that is too large, too slow or malformed is a client error, although it surfaces as an exception while it is read.
            StatusCodeSelector = exception => exception is BadHttpRequestException bad ? bad.StatusCode : StatusCodes.Status500InternalServerError,
            // It is not logged either, or anyone could fill the log. A function's own IExceptionHandler logs what it handles.
            SuppressDiagnosticsCallback = context =>
                context.Exception is BadHttpRequestException
                || context.ExceptionHandledBy == ExceptionHandledType.ExceptionHandlerService,
        });
        app.UseStatusCodePages();
    }

    /// <summary>Gives a problem a <c>detail</c>, and the call's id as its <c>traceId</c>: the one that the log has, too.</summary>
    public static void Complete(ProblemDetailsContext context)
    {
        var (http, problem) = (context.HttpContext, context.ProblemDetails);
        problem.Detail ??= problem.Status switch
        {
            StatusCodes.Status404NotFound => "There is nothing at this address.",
            StatusCodes.Status405MethodNotAllowed => $"The methods of this address are {http.Response.Headers.Allow}.",
            _ => null,
        };
        if (CallId.Of(http.Request) is { } callId)
            problem.Extensions["traceId"] = callId;
    }
}
