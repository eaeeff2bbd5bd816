using Microsoft.AspNetCore.Diagnostics;
using Microsoft.Net.Http.Headers;

namespace Root;

/// <summary>Every error is problem details (RFC 9457), whoever made it: the function, the framework, or an exception that nobody expected.</summary>
internal static class Problems
{
    public static void UseProblems(this WebApplication app)
    {
        // The framework writes none for a caller whose Accept has no JSON in it, such as a player that asks for playlists only.
        // A function has one representation of each thing, so nothing else reads that header.
        app.Use((context, next) =>
        {
            context.Request.Headers.Remove(HeaderNames.Accept);
            return next(context);
        });
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            // A body that is too large, too slow or malformed is the caller's fault, though it shows as an exception while it is read.
            StatusCodeSelector = exception => exception is BadHttpRequestException bad ? bad.StatusCode : StatusCodes.Status500InternalServerError,
            // Nor is it a line of the log, which strangers could fill. A function's own IExceptionHandler logs what it answers.
            SuppressDiagnosticsCallback = context => context.Exception is BadHttpRequestException || context.ExceptionHandledBy == ExceptionHandledType.ExceptionHandlerService,
        });
        app.UseStatusCodePages();
    }
}
