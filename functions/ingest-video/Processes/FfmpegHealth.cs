using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace IngestVideo.Processes;

/// <summary>Reports a container without ffmpeg as unhealthy, so that it does not replace one that works: every container of the same image lacks it.</summary>
internal sealed class FfmpegHealth : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        Array.Find(["ffmpeg", "ffprobe"], program => !Sandbox.IsInstalled(program)) is { } missing
            ? HealthCheckResult.Unhealthy($"{missing} is not installed.")
            : HealthCheckResult.Healthy());
}
