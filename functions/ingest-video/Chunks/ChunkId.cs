using Reelseal;

namespace IngestVideo.Chunks;

/// <summary>Names a chunk of a video among all that replicas work on.</summary>
/// <param name="Video">The video.</param>
/// <param name="Plan">The hash of everything on which the result depends: source, plan, encoder settings and image.</param>
/// <param name="Name">The chunk's name within the plan.</param>
public readonly record struct ChunkId(VideoId Video, string Plan, string Name)
{
    /// <summary>The number of hexadecimal digits of <see cref="Plan"/>.</summary>
    public const int PlanLength = 64;

    /// <summary>The folder in the store of its packets, and of what came of them.</summary>
    public string Folder => $"{ObjectKeys.Work(Video, Plan)}{Name}/";
}
