using IngestVideo.Processes;

namespace IngestVideo;

/// <summary>What is done once before the first request: finding out what the sandbox can do here, and clearing away what a killed process left.</summary>
internal sealed class Start(Sandbox sandbox, IngestOptions options) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        Workspace.RemoveAbandoned(options.WorkDirectory);
        return sandbox.ProbeAsync();
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
