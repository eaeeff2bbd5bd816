namespace IngestVideo.Callbacks;

/// <summary>What a callback reports.</summary>
public enum VideoEvent
{
    /// <summary><c>video.playable</c>: viewers can press play, and more qualities follow.</summary>
    Playable,

    /// <summary><c>video.ready</c>: the video is complete.</summary>
    Ready,

    /// <summary><c>video.failed</c>: the ingest has ended without a complete video.</summary>
    Failed,
}
