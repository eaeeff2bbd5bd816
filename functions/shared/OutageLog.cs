using Microsoft.Extensions.Logging;

namespace Reelseal;

/// <summary>Logs that a dependency failed while known answers are still served: one line for an outage, however many requests it meets.</summary>
public sealed class OutageLog(TimeProvider clock, ILogger<OutageLog> logger)
{
    private static readonly TimeSpan s_reminder = TimeSpan.FromMinutes(10);

    /// <summary>The least time between two lines, because a dependency may fail every other request.</summary>
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private DateTimeOffset _logged = DateTimeOffset.MinValue;
    private bool _isOver = true;

    /// <summary>Notes a failure, and logs it unless it belongs to an outage that was logged lately.</summary>
    public void Report(UpstreamException failure)
    {
        lock (_gate)
        {
            var now = clock.GetUtcNow();
            if (now - _logged < (_isOver ? s_pause : s_reminder))
                return;
            (_logged, _isOver) = (now, false);
        }
        logger.LogWarning("The {Dependency} failed; its last known answer is served: {Reason}", failure.Dependency, failure.Reason);
    }

    /// <summary>Notes that the dependency works again: the next failure is another outage.</summary>
    public void End()
    {
        lock (_gate)
            _isOver = true;
    }
}
