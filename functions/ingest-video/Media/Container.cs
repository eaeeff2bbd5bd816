namespace IngestVideo.Media;

/// <summary>A container that we accept, under the name of ffmpeg's demuxer for it.</summary>
public readonly record struct Container(string Demuxer);
