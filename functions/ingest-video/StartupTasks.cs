using IngestVideo.Processes;

namespace IngestVideo;

/// <summary>
/// Runs once before the first request: logs an unknown version of ffmpeg, probes what the sandbox can do here, and removes the workspaces that a killed process
/// left.
/// </summary>
internal sealed class StartupTasks(Sandbox sandbox, IngestOptions options, ILogger<StartupTasks> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var version in FfmpegVersion.Installed(Sandbox.Find).Where(version => version.Release is null))
            logger.LogInformation(
                "{Program} reports the version \"{Version}\", which is not a release: it is used without knowing whether it is new enough", version.Program,
                version.Text);
        Workspace.RemoveAbandoned(options.WorkDirectory);
        return sandbox.ProbeAsync();
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
