namespace IngestVideo.Media;

/// <summary>The format of segments.</summary>
public enum SegmentFormat
{
    /// <summary>MPEG transport stream: every player since 2009.</summary>
    MpegTs,

    /// <summary>Fragmented MP4 (CMAF): a little smaller.</summary>
    FragmentedMp4,
}
