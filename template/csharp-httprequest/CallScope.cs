using System.Buffers;

namespace Root;

/// <summary>
/// Puts the gateway's <c>X-Call-Id</c> on every line that is logged for a request, so that one call can be followed through several functions.
/// </summary>
internal static class CallScope
{
    private const int Longest = 64;
    private static readonly SearchValues<char> s_allowed = SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.");

    public static void UseCallScope(this WebApplication app)
    {
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Call");
        app.Use(async (context, next) =>
        {
            // A client can send its own, so the text cannot be trusted.
            var callId = context.Request.Headers["X-Call-Id"].ToString();
            if (callId.Length is 0 or > Longest || callId.AsSpan().ContainsAnyExcept(s_allowed))
            {
                await next(context);
                return;
            }
            using (logger.BeginScope("Call {CallId}", callId))
                await next(context);
        });
    }
}
