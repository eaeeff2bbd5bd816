using System.Globalization;

namespace Root;

/// <summary>
/// Keeps serving for a while after SIGTERM: of-watchdog forwards the signal at once, but also forwards requests for another <c>healthcheck_interval</c>.
/// </summary>
internal sealed class GracefulStop(TimeSpan delay) : IHostedLifecycleService
{
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.Delay(delay, cancellationToken);

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

internal static class GracefulStopServices
{
    /// <summary>The watchdog's clock starts a moment before or after ours, and the watchdog must stop accepting requests first.</summary>
    private static readonly TimeSpan s_margin = TimeSpan.FromSeconds(1);

    /// <summary>Delays the stop by the watchdog's <c>healthcheck_interval</c>, then lets running requests finish within its <c>write_timeout</c>.</summary>
    public static void AddGracefulStop(this IServiceCollection services)
    {
        // Without a watchdog in front, no request follows a SIGTERM.
        var delay = WatchdogDuration("healthcheck_interval") is { } interval ? interval + s_margin : TimeSpan.Zero;
        services.AddHostedService(_ => new GracefulStop(delay));
        services.Configure<HostOptions>(host => host.ShutdownTimeout = delay + (WatchdogDuration("write_timeout") ?? TimeSpan.FromSeconds(30)));
    }

    /// <summary>A duration as of-watchdog reads it: in Go's notation, or in whole seconds; null where of-watchdog takes its default.</summary>
    private static TimeSpan? WatchdogDuration(string name)
    {
        var text = Environment.GetEnvironmentVariable(name);
        if (uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            return TimeSpan.FromSeconds(seconds);
        return GoDuration.TryParse(text, out var duration) ? duration : null;
    }
}
