using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Reelseal.Health;

/// <summary>Checks something that we depend on and that is not part of this container.</summary>
/// <remarks>
/// Only <c>/_/health</c> reports it; it never keeps a function from being ready. All replicas share the store: taking all of them out of service while it
/// hiccups would also take away what they can still do, such as serving the playlists at hand.
/// </remarks>
internal abstract class DependencyHealth : IHealthCheck
{
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await AskAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (UpstreamException e)
        {
            return HealthCheckResult.Unhealthy(e.Message); // without the exception: strangers read this
        }
    }

    /// <exception cref="UpstreamException">It does not work.</exception>
    protected abstract Task AskAsync(CancellationToken cancellationToken);
}
