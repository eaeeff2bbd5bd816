namespace IngestVideo.Media;

/// <summary>A container that we accept, under the name of ffmpeg's demuxer for it.</summary>
public readonly record struct Container(string Demuxer)
{
    /// <summary>Streams may begin anywhere in it, and some of this file begin later than where ffmpeg stops looking for them.</summary>
    public bool BeginsLate { get; init; }
}
