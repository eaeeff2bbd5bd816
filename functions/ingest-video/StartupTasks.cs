using IngestVideo.Processes;

namespace IngestVideo;

/// <summary>Runs once before the first request: finds out what the sandbox can do here, and removes the workspaces that a killed process left.</summary>
internal sealed class StartupTasks(Sandbox sandbox, IngestOptions options) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        Workspace.RemoveAbandoned(options.WorkDirectory);
        return sandbox.ProbeAsync();
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
