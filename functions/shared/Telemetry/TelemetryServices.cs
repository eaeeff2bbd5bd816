using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Reelseal.Telemetry;

/// <summary>Exports traces and metrics over OTLP. Off, and free at start, until <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set.</summary>
public static class TelemetryServices
{
    /// <summary>
    /// Adds the export to <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> by <c>OTEL_EXPORTER_OTLP_PROTOCOL</c> (<c>http/protobuf</c>, or <c>grpc</c>). OpenTelemetry's
    /// other variables, such as <c>OTEL_TRACES_SAMPLER</c>, are read by its SDK.
    /// </summary>
    /// <param name="services">The function's services.</param>
    /// <param name="settings">Hold the endpoint.</param>
    /// <param name="function">The function's name: <c>service.name</c>, unless <c>OTEL_SERVICE_NAME</c> sets another.</param>
    public static void AddTelemetry(this IServiceCollection services, Settings settings, string function)
    {
        var collector = settings.Address("OTEL_EXPORTER_OTLP_ENDPOINT");
        var grpc = settings.Choice("OTEL_EXPORTER_OTLP_PROTOCOL", ("http/protobuf", false), ("grpc", true));
        if (collector is not null)
            AddExport(services, function, grpc);
    }

    /// <summary>A method of its own, so that OpenTelemetry is not loaded where it is off.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AddExport(IServiceCollection services, string function, bool grpc)
    {
        services.AddOpenTelemetry()
            // The environment comes last: OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES override our values.
            .ConfigureResource(resource => resource
                .AddService(function, serviceNamespace: "reelseal", serviceVersion: ReleaseVersion.Current)
                .AddEnvironmentVariableDetector())
            .WithTracing(traces => traces
                .AddSource(Signals.Name)
                .AddAspNetCoreInstrumentation(server => server.EnrichWithHttpRequest = Describe)
                .AddHttpClientInstrumentation(client => client.EnrichWithHttpRequestMessage = Describe)
                .AddOtlpExporter(UseProtocol))
            .WithMetrics(metrics => metrics
                .AddMeter(Signals.Name)
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                .AddRuntimeInstrumentation()
                .AddOtlpExporter(UseProtocol));

        void UseProtocol(OtlpExporterOptions otlp) => otlp.Protocol = grpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
    }

    // Queries hold tokens and signatures. The instrumentation blanks out their values, but variables can switch that off.
    private static void Describe(Activity activity, HttpRequestMessage request) =>
        activity.SetTag("url.full", request.RequestUri?.GetLeftPart(UriPartial.Path));

    private static void Describe(Activity activity, HttpRequest request)
    {
        activity.SetTag("url.query", null);
        if (VideoId.FromCallId(request.Headers["X-Call-Id"]) is { } call)
            activity.SetTag("faas.invocation_id", call.ToString());
    }
}
