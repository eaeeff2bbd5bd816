using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace IngestVideo.Processes;

/// <summary>Without ffmpeg a container is of no use, and another one of the same image will not be either: it must not replace one that works.</summary>
internal sealed class FfmpegHealth : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        Array.Find(["ffmpeg", "ffprobe"], program => !Sandbox.IsInstalled(program)) is { } missing
            ? HealthCheckResult.Unhealthy($"{missing} is not installed.")
            : HealthCheckResult.Healthy());
}
