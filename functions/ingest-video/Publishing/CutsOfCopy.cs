using IngestVideo.Planning;

namespace IngestVideo.Publishing;

/// <summary>A copy is only good if everything else is cut where it is.</summary>
internal static class CutsOfCopy
{
    /// <param name="plan">What is made of the source.</param>
    /// <param name="renditions">What is published of it, the copy and others.</param>
    /// <exception cref="CopyFailedException">The pictures are not cut where those of the copy are.</exception>
    public static void Check(TranscodePlan plan, IReadOnlyList<PublishedRendition> renditions)
    {
        if (!plan.CopiesSource)
            return;
        var cuts = renditions.Where(rendition => rendition.Rendition is VideoRendition)
            .Select(rendition => rendition.Segments.SkipLast(1).Select(segment => segment.Seconds).ToList()).ToList();
        if (cuts.Any(other => other.Count != cuts[0].Count || other.Zip(cuts[0]).Any(pair => Math.Abs(pair.First - pair.Second) > 0.01)))
            throw new CopyFailedException("The renditions are not cut at the same moments.");
    }
}
