namespace IngestVideo.Media;

/// <summary>What the packets of a picture say, read without decoding them.</summary>
/// <param name="Complete">The packets were read to the last one, without a complaint.</param>
/// <param name="Regular">
/// The first packet is a keyframe; every group of pictures is closed, so that nothing that comes after a keyframe is seen before it; and in each group
/// pictures follow at the frame rate, none missing; and the container describes all of them in the same way.
/// </param>
/// <param name="KeyframesAreEven">An even number of pictures comes before each keyframe.</param>
/// <param name="KeyframesAreRegular">The same number of pictures lies between any two keyframes.</param>
/// <param name="ConstantParameters">
/// One sequence and one picture parameter set are used throughout. Where they change, so may size and profile, which a playlist states once for all, and how
/// pictures are coded, which an init section states once for all.
/// </param>
/// <param name="LongestGap">The longest time from one keyframe to the next.</param>
/// <param name="MeanGap">The mean time from one keyframe to the next.</param>
/// <param name="BitsPerSecond">The mean bit rate.</param>
public sealed record PacketScan(
    bool Complete, bool Regular, bool KeyframesAreEven, bool KeyframesAreRegular, bool ConstantParameters, TimeSpan LongestGap, TimeSpan MeanGap,
    double BitsPerSecond);
