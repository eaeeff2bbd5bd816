using IngestVideo.Planning;
using IngestVideo.Status;
using IngestVideo.Transcoding;
using Reelseal;
using Reelseal.Telemetry;

namespace IngestVideo.Publishing;

/// <summary>
/// Publishes files to keep: MP4s of segments that are published already. They are read back from the store, since the disk need not hold them while they are
/// made. A video is worth more than they are: where one cannot be made, the log says why, and the video is published without it.
/// </summary>
public sealed class DownloadPublisher(DownloadMuxer muxer, IngestOptions options, ILogger<DownloadPublisher> logger)
{
    private const long LeastFreeBytes = 16 << 20;

    /// <param name="plan">What the renditions were made by.</param>
    /// <param name="renditions">What is published.</param>
    /// <param name="workspace">Where the files are made. Its source is removed, to make room.</param>
    /// <param name="publication">Where the segments are, and the files go.</param>
    /// <param name="cancellationToken">Ends everything.</param>
    /// <returns>Those that were made.</returns>
    public async Task<IReadOnlyList<Download>> PublishAsync(
        TranscodePlan plan, IReadOnlyList<PublishedRendition> renditions, Workspace workspace, Publication publication, CancellationToken cancellationToken)
    {
        var made = new List<Download>();
        if (options.Downloads is [])
            return made;
        using var span = Signals.Activities.StartActivity("make downloads");
        try
        {
            await PublishAsync(plan, renditions, workspace, publication, made, cancellationToken);
        }
        catch (Exception e) when (e is IngestRefusedException or UpstreamException or IOException or InvalidOperationException)
        {
            logger.LogWarning(e, "Files to keep are missing: {Made} of {Wanted} were made", made.Count, options.Downloads.Count);
        }
        return made;
    }

    private async Task PublishAsync(
        TranscodePlan plan, IReadOnlyList<PublishedRendition> renditions, Workspace workspace, Publication publication, List<Download> made,
        CancellationToken cancellationToken)
    {
        File.Delete(workspace.Source);
        var sounds = renditions.Where(rendition => rendition.Rendition is AudioRendition)
            .OrderByDescending(rendition => ((AudioRendition)rendition.Rendition).Default).ToList();
        foreach (var sound in sounds)
            await JoinAsync(sound, besides: 0);
        foreach (var picture in ChoosePictures(renditions))
        {
            await JoinAsync(picture, besides: sounds.Sum(BytesOf));
            made.Add(await MakeAsync([picture, .. sounds]));
            File.Delete(PathOf(OutputFiles.Joined(picture.Rendition)));
        }
        // Where there is only sound, that is what can be kept.
        if (made is [] && sounds is not [])
            made.Add(await MakeAsync(sounds));

        static long BytesOf(PublishedRendition rendition) => rendition.Segments.Sum(segment => segment.Bytes);

        async Task JoinAsync(PublishedRendition rendition, long besides)
        {
            // As large again is the file that is made of it, and of what else goes into it.
            if (new DriveInfo(workspace.Root).AvailableFreeSpace < 2 * BytesOf(rendition) + besides + LeastFreeBytes)
                throw IngestRefusedException.NoRoom();
            var names = rendition.Segments.Select(segment => segment.Name).Prepend(OutputFiles.InitSectionOf(plan.SegmentFormat)).OfType<string>();
            await using var file = File.Create(PathOf(OutputFiles.Joined(rendition.Rendition)));
            foreach (var name in names)
                await publication.AppendToAsync(file, $"{rendition.Rendition.Name}/{name}", cancellationToken);
        }

        async Task<Download> MakeAsync(IReadOnlyList<PublishedRendition> parts)
        {
            var path = await muxer.MuxAsync(plan, [.. parts.Select(part => part.Rendition)], workspace, cancellationToken);
            await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.DeleteOnClose);
            return await publication.PutDownloadAsync(parts[0].Rendition.Name, file, cancellationToken);
        }

        string PathOf(string name) => Path.Combine(workspace.Output, name);
    }

    /// <summary>The renditions that have the wanted names. One that is missing is above the source's size: the largest there is stands for it.</summary>
    private IEnumerable<PublishedRendition> ChoosePictures(IReadOnlyList<PublishedRendition> renditions)
    {
        var pictures = renditions.Where(rendition => rendition.Rendition is VideoRendition).ToList(); // from the smallest to the largest
        return pictures is [] ? [] : options.Downloads.Select(name => pictures.Find(picture => picture.Rendition.Name == name) ?? pictures[^1]).Distinct();
    }
}
