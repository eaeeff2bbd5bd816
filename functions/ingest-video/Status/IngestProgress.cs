namespace IngestVideo.Status;

/// <summary>Turns ffmpeg's position into progress and estimated time.</summary>
/// <param name="duration">How long the source says it is, or null.</param>
internal sealed class IngestProgress(TimeSpan? duration)
{
    /// <summary>The progress when everything is encoded, and only playlists are missing.</summary>
    public const double Transcoded = 0.98;

    /// <param name="status">The status so far.</param>
    /// <param name="done">How much of the video is encoded.</param>
    /// <param name="ran">How long that took.</param>
    /// <param name="before">How much of it an earlier attempt had encoded.</param>
    /// <param name="underWay">How much more is probably encoded. It counts for the time left, and not as progress.</param>
    public VideoStatus Apply(VideoStatus status, TimeSpan done, TimeSpan ran, TimeSpan before = default, TimeSpan underWay = default)
    {
        // If the source does not state its duration, only the fact of progress is known.
        var part = duration is { Ticks: > 0 } known ? Math.Min(1, done / known) : 1 - Math.Exp(-ran / TimeSpan.FromMinutes(2));
        var speed = Math.Round((done + underWay - before) / ran, 2);
        return status with
        {
            Progress = Math.Max(status.Progress, Math.Round(Transcoded * part, 4)),
            Speed = speed > 0 ? speed : null,
            Remaining = duration is { } whole && speed > 0 ? Math.Round(Math.Max(0, (whole - done - underWay).TotalSeconds) / speed, 1) : null,
        };
    }
}
