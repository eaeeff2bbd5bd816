namespace IngestVideo.Media;

/// <summary>What segments are made of.</summary>
public enum SegmentFormat
{
    /// <summary>MPEG transport stream: every player since 2009.</summary>
    MpegTs,

    /// <summary>Fragmented MP4 (CMAF): a little smaller.</summary>
    FragmentedMp4,
}
