namespace Root;

/// <summary>
/// Puts the gateway's <c>X-Call-Id</c> on every line that is logged for a request, so that one call can be followed through several functions.
/// </summary>
internal static class CallScope
{
    public static void UseCallScope(this WebApplication app)
    {
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Call");
        app.Use(async (context, next) =>
        {
            if (CallId.Of(context.Request) is not { } callId)
            {
                await next(context);
                return;
            }
            using (logger.BeginScope("Call {CallId}", callId))
                await next(context);
        });
    }
}
