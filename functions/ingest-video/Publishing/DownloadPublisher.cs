using IngestVideo.Planning;
using IngestVideo.Status;
using IngestVideo.Transcoding;
using Reelseal.Telemetry;

namespace IngestVideo.Publishing;

/// <summary>
/// Publishes files to keep: MP4s of segments that are published already. They are read back from the store, since the disk need not hold them while they are
/// made.
/// </summary>
public sealed class DownloadPublisher(DownloadMuxer muxer, IngestOptions options)
{
    private const long LeastFreeBytes = 16 << 20;

    /// <param name="plan">What the renditions were made by.</param>
    /// <param name="renditions">What is published.</param>
    /// <param name="workspace">Where the files are made. Its source is removed, to make room.</param>
    /// <param name="publication">Where the segments are, and the files go.</param>
    /// <param name="cancellationToken">Ends everything.</param>
    /// <exception cref="IngestRefusedException">507: the disk is full.</exception>
    public async Task<IReadOnlyList<Download>> PublishAsync(
        TranscodePlan plan, IReadOnlyList<PublishedRendition> renditions, Workspace workspace, Publication publication, CancellationToken cancellationToken)
    {
        if (options.Downloads is [])
            return [];
        using var span = Signals.Activities.StartActivity("make downloads");
        File.Delete(workspace.Source);
        var sounds = renditions.Where(rendition => rendition.Rendition is AudioRendition)
            .OrderByDescending(rendition => ((AudioRendition)rendition.Rendition).Default).ToList();
        foreach (var sound in sounds)
            await JoinAsync(sound);
        var downloads = new List<Download>();
        foreach (var picture in ChoosePictures(renditions))
        {
            await JoinAsync(picture);
            downloads.Add(await MakeAsync([picture, .. sounds]));
            File.Delete(PathOf(OutputFiles.Joined(picture.Rendition)));
        }
        // Where there is only sound, that is what can be kept.
        return downloads is [] && sounds is not [] ? [await MakeAsync(sounds)] : downloads;

        async Task JoinAsync(PublishedRendition rendition)
        {
            // As large again is the file that is made of it.
            if (new DriveInfo(workspace.Root).AvailableFreeSpace < 2 * rendition.Segments.Sum(segment => segment.Bytes) + LeastFreeBytes)
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
