using System.Buffers;
using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Net.Http.Headers;

namespace Root;

/// <summary>
/// Answers two questions. <c>/_/ready</c>, which of-watchdog forwards: can this container take requests? Only its own parts count, the checks tagged
/// <c>ready</c>.
/// <c>/_/health</c>: is everything available that it depends on? From outside that is <c>/health</c>, because of-watchdog answers <c>/_/health</c> itself.
/// </summary>
internal static class Health
{
    public static void MapHealth(this WebApplication app)
    {
        app.MapHealthChecks("/_/ready", new() { Predicate = check => check.Tags.Contains("ready") });
        var latest = new LatestReport(app.Services.GetRequiredService<HealthCheckService>());
        foreach (var path in (string[])["/_/health", "/health"])
            app.MapMethods(path, [HttpMethods.Get, HttpMethods.Head], context => WriteAsync(context, latest));
    }

    private static async Task WriteAsync(HttpContext context, LatestReport latest)
    {
        var report = await latest.GetAsync().WaitAsync(context.RequestAborted);
        var response = context.Response;
        response.StatusCode = report.Status == HealthStatus.Healthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        response.ContentType = "application/health+json";
        response.Headers[HeaderNames.CacheControl] = "no-store";
        var body = Describe(report);
        response.ContentLength = body.WrittenCount;
        if (HttpMethods.IsGet(context.Request.Method))
            await response.BodyWriter.WriteAsync(body.WrittenMemory, context.RequestAborted);
    }

    /// <summary>Writes the document of draft-inadarei-api-health-check, reduced to the fields that are known.</summary>
    private static ArrayBufferWriter<byte> Describe(HealthReport report)
    {
        var body = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(body);
        json.WriteStartObject();
        json.WriteString("status", Word(report.Status));
        json.WriteStartObject("checks");
        foreach (var (name, entry) in report.Entries)
        {
            json.WriteStartArray(name);
            json.WriteStartObject();
            json.WriteString("status", Word(entry.Status));
            // The message of an unexpected exception belongs in the log only.
            if (entry.Status != HealthStatus.Healthy)
                json.WriteString("output", entry.Exception is null ? entry.Description : "The check failed.");
            json.WriteEndObject();
            json.WriteEndArray();
        }
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return body;
    }

    private static string Word(HealthStatus status) => status == HealthStatus.Healthy ? "pass" : "fail";

    /// <summary>Runs the checks one at a time and at most once in five seconds, no matter how many clients ask.</summary>
    private sealed class LatestReport(HealthCheckService checks)
    {
        private static readonly TimeSpan s_keptFor = TimeSpan.FromSeconds(5);
        private readonly Lock _gate = new();
        private Task<HealthReport>? _report;
        private long _asked;

        public Task<HealthReport> GetAsync()
        {
            lock (_gate)
            {
                if (_report is null || (_report.IsCompleted && Stopwatch.GetElapsedTime(_asked) >= s_keptFor))
                {
                    _asked = Stopwatch.GetTimestamp();
                    _report = Task.Run(() => checks.CheckHealthAsync());
                }
                return _report;
            }
        }
    }
}
