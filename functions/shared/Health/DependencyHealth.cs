using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Reelseal.Health;

/// <summary>Whether something that we depend on, and that is not part of this container, does what is asked of it.</summary>
/// <remarks>
/// It is told by <c>/_/health</c> only, and never keeps a function from being ready: all replicas share the store, and taking all of them out of service while it hiccups
/// would also take away what they still can do, such as serving the playlists at hand.
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

    /// <exception cref="UpstreamException">It does not.</exception>
    protected abstract Task AskAsync(CancellationToken cancellationToken);
}
