using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Reelseal.Telemetry;

/// <summary>
/// Where the functions' own spans and metrics come from. Nobody listens unless telemetry is on, and then each of them costs a look at a field.
/// </summary>
public static class Signals
{
    /// <summary>The name of both.</summary>
    public const string Name = "Reelseal";

    public static readonly ActivitySource Activities = new(Name);
    public static readonly Meter Meter = new(Name);
}
