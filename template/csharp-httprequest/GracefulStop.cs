using System.Globalization;

namespace Root;

/// <summary>Goes on serving for a while after SIGTERM: of-watchdog passes the signal on at once, but hands on requests for its <c>healthcheck_interval</c> more.</summary>
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
    /// <summary>Delays the stop by the watchdog's <c>healthcheck_interval</c>, then lets running requests finish within its <c>write_timeout</c>.</summary>
    public static void AddGracefulStop(this IServiceCollection services)
    {
        var delay = WatchdogDuration("healthcheck_interval", TimeSpan.Zero);
        services.AddHostedService(_ => new GracefulStop(delay));
        services.Configure<HostOptions>(host => host.ShutdownTimeout = delay + WatchdogDuration("write_timeout", TimeSpan.FromSeconds(30)));
    }

    /// <summary>One of of-watchdog's settings, which are in Go's notation or whole seconds.</summary>
    private static TimeSpan WatchdogDuration(string name, TimeSpan otherwise)
    {
        var text = Environment.GetEnvironmentVariable(name) ?? "";
        var number = text.TrimEnd('m', 's', 'h');
        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count))
            return otherwise;
        return text[number.Length..] switch
        {
            "ms" => TimeSpan.FromMilliseconds(count),
            "m" => TimeSpan.FromMinutes(count),
            "h" => TimeSpan.FromHours(count),
            _ => TimeSpan.FromSeconds(count),
        };
    }
}
