using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Probe;

/// <summary>A function that does what functions do wrong, to see what the template makes of it.</summary>
public static class Handler
{
    private static int s_asked;

    public static void MapServices(IServiceCollection services)
    {
        var state = Environment.GetEnvironmentVariable("PROBE_STATE");
        services.AddHealthChecks()
            .AddAsyncCheck("far away", async () =>
            {
                Interlocked.Increment(ref s_asked);
                await Task.Delay(TimeSpan.FromMilliseconds(300));
                return state switch
                {
                    "down" => HealthCheckResult.Unhealthy("It does not answer."),
                    "throws" => throw new InvalidOperationException("the secret reason"),
                    _ => HealthCheckResult.Healthy(),
                };
            })
            .AddCheck("within", () => state == "broken" ? HealthCheckResult.Unhealthy("A part is missing.") : HealthCheckResult.Healthy(), ["ready"]);
        if (Environment.GetEnvironmentVariable("PROBE_FAULTY") == "true")
            throw new OptionsValidationException("Probe", typeof(Handler), ["FIRST is not set.", "SECOND is not set."]);
    }

    public static void MapEndpoints(WebApplication app)
    {
        app.MapGet("/throws", IResult () => throw new InvalidOperationException("the secret reason"));
        app.MapGet("/logs", (ILoggerFactory loggers) => loggers.CreateLogger("Probe").LogInformation("a line"));
        app.MapGet("/asked", () => s_asked);
        app.MapGet("/slow", async (CancellationToken cancellationToken) =>
        {
            await Task.Delay(TimeSpan.FromSeconds(3), cancellationToken);
            return TypedResults.Text("done");
        });
        app.MapPost("/reads", async (HttpRequest request, CancellationToken cancellationToken) =>
        {
            await request.Body.CopyToAsync(Stream.Null, cancellationToken);
            return TypedResults.Ok();
        });
        app.MapPost("/takes-any-size", async (HttpContext context, CancellationToken cancellationToken) =>
        {
            context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
            await context.Request.Body.CopyToAsync(Stream.Null, cancellationToken);
            return TypedResults.Ok();
        });
        app.MapPost("/refuses-after/{bytes}", async (int bytes, HttpRequest request, CancellationToken cancellationToken) =>
        {
            await request.Body.ReadExactlyAsync(new byte[bytes], cancellationToken);
            return TypedResults.Problem(statusCode: StatusCodes.Status403Forbidden);
        });
    }
}
