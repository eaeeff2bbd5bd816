namespace IngestVideo.Media;

/// <summary>What the packets of a picture say, read without decoding them.</summary>
/// <param name="Complete">The packets were read to the last one, without a complaint.</param>
/// <param name="Regular">
/// The first packet is a keyframe; every group of pictures is closed, so that nothing that comes after a keyframe is seen before it; and in each group pictures follow at the
/// frame rate, none missing.
/// </param>
/// <param name="KeyframesAreEven">An even number of pictures comes before each keyframe.</param>
/// <param name="KeyframesAreRegular">The same number of pictures lies between any two keyframes.</param>
/// <param name="ConstantParameters">One sequence parameter set is used throughout: where it changes, so may size and profile, which a playlist states once for all.</param>
/// <param name="LongestGap">The longest time from one keyframe to the next.</param>
/// <param name="MeanGap">The mean time from one keyframe to the next.</param>
/// <param name="BitsPerSecond">The mean bit rate.</param>
public sealed record PacketScan(
    bool Complete, bool Regular, bool KeyframesAreEven, bool KeyframesAreRegular, bool ConstantParameters, TimeSpan LongestGap, TimeSpan MeanGap, double BitsPerSecond);
