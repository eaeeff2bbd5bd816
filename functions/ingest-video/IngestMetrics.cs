using System.Diagnostics.Metrics;
using Reelseal.Telemetry;

namespace IngestVideo;

/// <summary>The metrics of ingest.</summary>
internal static class IngestMetrics
{
    /// <summary>Videos that are being worked on.</summary>
    public static readonly UpDownCounter<int> Running =
        Signals.Meter.CreateUpDownCounter<int>("reelseal.ingest.active", "{video}", "Videos that are being ingested.");

    /// <summary>Of each transcode that succeeded.</summary>
    public static readonly Histogram<double> Speed = Signals.Meter.CreateHistogram("reelseal.transcode.speed", "1", "Seconds of video encoded in a second.",
        tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128] });

    public static readonly Counter<long> Published = Signals.Meter.CreateCounter<long>("reelseal.published", "By", "What was written under videos/.");
}
