using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Reelseal.Telemetry;

/// <summary>Traces and metrics over OTLP, which are off, and cost nothing at start, until <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> says where to.</summary>
public static class TelemetryServices
{
    /// <summary>
    /// Adds the export to <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> by <c>OTEL_EXPORTER_OTLP_PROTOCOL</c> (<c>http/protobuf</c>, or <c>grpc</c>). OpenTelemetry's other variables,
    /// such as <c>OTEL_TRACES_SAMPLER</c>, are read by its SDK.
    /// </summary>
    /// <param name="services">Those of the function.</param>
    /// <param name="settings">Tell where to.</param>
    /// <param name="function">The function's name: <c>service.name</c>, unless <c>OTEL_SERVICE_NAME</c> gives another.</param>
    public static void AddTelemetry(this IServiceCollection services, Settings settings, string function)
    {
        var collector = settings.Address("OTEL_EXPORTER_OTLP_ENDPOINT");
        var grpc = settings.Choice("OTEL_EXPORTER_OTLP_PROTOCOL", ("http/protobuf", false), ("grpc", true));
        if (collector is not null)
            AddExport(services, function, grpc);
    }

    /// <summary>Gives the spans of requests their names and attributes, as OpenTelemetry's semantic conventions for HTTP servers have them. Queries are left out: they hold tokens and signatures.</summary>
    public static void UseTelemetry(this WebApplication app)
    {
        if (app.Services.GetService<TelemetryIsOn>() is null)
            return;
        app.Use((context, next) =>
        {
            if (Activity.Current is { IsAllDataRequested: true } activity)
                Describe(activity, context);
            return next(context);
        });
    }

    private static void Describe(Activity activity, HttpContext context)
    {
        var request = context.Request;
        var route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;
        activity.DisplayName = route is null ? request.Method : $"{request.Method} {route}";
        activity.SetTag("http.request.method", request.Method).SetTag("http.route", route).SetTag("url.scheme", request.Scheme).SetTag("url.path", request.Path.Value);
        if (VideoId.FromCallId(request.Headers["X-Call-Id"]) is { } call)
            activity.SetTag("faas.invocation_id", call.ToString());
        context.Response.OnStarting(static state =>
        {
            var (activity, response) = ((Activity, HttpResponse))state;
            activity.SetTag("http.response.status_code", response.StatusCode);
            if (response.StatusCode >= 500) // what the caller did wrong is no error of ours
                activity.SetStatus(ActivityStatusCode.Error);
            return Task.CompletedTask;
        }, (activity, context.Response));
    }

    /// <summary>By itself, so that nothing of OpenTelemetry is loaded where it is off.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AddExport(IServiceCollection services, string function, bool grpc)
    {
        services.AddSingleton<TelemetryIsOn>();
        services.AddHostedService(_ => new TelemetryExport(function, grpc));
    }

    private sealed class TelemetryIsOn;
}
