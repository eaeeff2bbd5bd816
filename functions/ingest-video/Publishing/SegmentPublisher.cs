using System.Collections.Concurrent;
using System.Globalization;
using System.Threading.Channels;
using IngestVideo.Media;
using IngestVideo.Planning;

namespace IngestVideo.Publishing;

/// <summary>
/// Uploads segments while ffmpeg writes them, and removes each from the disk. Where the store is slower than ffmpeg, ffmpeg is stopped until it has caught up.
/// </summary>
/// <param name="step">What ffmpeg makes.</param>
/// <param name="workspace">Where ffmpeg writes.</param>
/// <param name="publication">Where the segments go.</param>
/// <param name="mostUnpublished">How many bytes may wait on disk before ffmpeg is stopped.</param>
/// <param name="setPaused">Stops ffmpeg, or lets it go on. It is called again and again, with the same value as well.</param>
public sealed class SegmentPublisher(TranscodeStep step, Workspace workspace, Publication publication, long mostUnpublished, Action<bool> setPaused)
{
    private const int Uploads = 4;

    /// <summary>What must remain free on the disk: ffmpeg says nothing when a segment cannot be written to its end, and ends as if all were well.</summary>
    private const long LeastFreeBytes = 16 << 20;

    private const double LongestPicture = 0.1;

    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(100);

    private readonly HashSet<string> _found = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _newest = new(StringComparer.Ordinal);
    private readonly ShortTails _tails = new(step, workspace.Output);
    private readonly ConcurrentDictionary<string, long> _published = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _codecs = new(StringComparer.Ordinal);
    private readonly CaptionScanner _captions = new();
    private readonly DriveInfo _disk = new(workspace.Root);
    private long _unpublished;

    /// <summary>Uploads until ffmpeg has ended and nothing is left to upload.</summary>
    /// <param name="transcoding">ffmpeg's run; its failure ends this, too.</param>
    /// <param name="pictureSegments">How many segments pictures have that are made elsewhere; null when all are made here.</param>
    /// <param name="cancellationToken">Ends the uploads.</param>
    public async Task PublishAsync(Task transcoding, Task<int?> pictureSegments, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var queue = Channel.CreateUnbounded<string>();
        var uploading = Parallel.ForEachAsync(
            queue.Reader.ReadAllAsync(stop.Token), new ParallelOptions { MaxDegreeOfParallelism = Uploads, CancellationToken = stop.Token }, UploadAsync);
        try
        {
            bool ended;
            do
            {
                ended = transcoding.IsCompleted || uploading.IsCompleted; // before looking: what comes after is found
                if (ended && transcoding.IsCompletedSuccessfully)
                    await _tails.JoinAsync(await pictureSegments.WaitAsync(stop.Token), stop.Token);
                foreach (var file in FindComplete(ended))
                    queue.Writer.TryWrite(file);
                ApplyBackpressure();
            }
            while (!ended && await Task.WhenAny(transcoding, uploading, Task.Delay(s_poll, stop.Token)) is { IsCanceled: false });
            stop.Token.ThrowIfCancellationRequested();
            if (!uploading.IsFaulted)
                await transcoding;
            queue.Writer.Complete();
            await uploading;
        }
        catch
        {
            await stop.CancelAsync();
            queue.Writer.TryComplete();
            await Task.WhenAny(uploading); // no upload may go on after the attempt is removed
            throw;
        }
    }

    /// <summary>
    /// What can be played of a video that is still being encoded: picture and sound, each from its beginning to the last segment before one that is missing.
    /// </summary>
    /// <returns>Empty while a rendition has nothing.</returns>
    public async Task<IReadOnlyList<PublishedRendition>> FindPlayableAsync(Ladder ladder, CancellationToken cancellationToken)
    {
        var renditions = new List<PublishedRendition>();
        foreach (var rendition in step.Segmented.Where(rendition => rendition is not IFrameRendition))
        {
            var segments = Measure(
                rendition, (await _tails.ReadAsync(rendition, cancellationToken)).TakeWhile(segment => IsPublished(rendition, segment.Name)));
            var codecs = rendition is AudioRendition ? CodecString.Aac : _codecs.GetValueOrDefault(rendition.Name);
            if (segments is [] || codecs is null)
                return [];
            renditions.Add(new(rendition, codecs, MeasuredBandwidth.Declared(rendition, ladder), segments));
        }
        return renditions;
    }

    /// <summary>Writes the media playlists of what was uploaded, with what was measured.</summary>
    /// <param name="earlier">What an earlier step of the plan has published.</param>
    /// <param name="growing">The playlists that players may be reading already.</param>
    /// <param name="cancellationToken">Ends the uploads.</param>
    /// <exception cref="IngestRefusedException">422: ffmpeg found nothing to encode.</exception>
    /// <exception cref="CopyFailedException">The pictures are not cut where those of the copy are.</exception>
    public async Task<IReadOnlyList<PublishedRendition>> FinishAsync(
        IReadOnlyList<PublishedRendition> earlier, GrowingPlaylists growing, CancellationToken cancellationToken)
    {
        var finished = await Task.WhenAll(step.Segmented.Select(
            async rendition => (rendition, segments: Measure(rendition, await _tails.ReadAsync(rendition, cancellationToken)))));
        var renditions = new List<PublishedRendition>();
        foreach (var (rendition, segments) in finished)
        {
            if (segments is [])
            {
                // A track that was announced but has nothing in it is left out; a video track without a picture is an error.
                // And a single picture has no I-frames in fragmented MP4, of which ffmpeg loses the last.
                if (rendition is VideoRendition || step.Plan.Video is [])
                    throw IngestRefusedException.Undecodable(
                        $"The video cannot be decoded: there is not one {(rendition is AudioRendition ? "sound" : "picture")} in it that can.");
                continue;
            }
            var measured = rendition switch
            {
                IFrameRendition => EndingAt(renditions[0].Seconds, segments),
                // Where the container does not say how long a picture stands, as Matroska, ffmpeg 7 does not count the last one of a copy.
                VideoRendition { Copied: true } when step.Plan.End is { } end
                    && Math.Abs(end.TotalSeconds - segments.Sum(segment => segment.Seconds)) < LongestPicture => EndingAt(end.TotalSeconds, segments),
                _ => segments,
            };
            var codecs = rendition is AudioRendition ? CodecString.Aac : _codecs[rendition.Name];
            var captions = rendition is VideoRendition picture && step.Plan.CarriesCaptions(picture) ? _captions.Found : [];
            renditions.Add(new(rendition, codecs, MeasuredBandwidth.Of(measured), measured) { Captions = captions });
        }
        CutsOfCopy.Check(step.Plan, [.. earlier, .. renditions]);
        await growing.CompleteAsync(renditions, cancellationToken);
        return renditions;
    }

    private bool IsPublished(Rendition rendition, string segment) =>
        _published.ContainsKey($"{rendition.Name}/{segment}")
        && (OutputFiles.InitSectionOf(step.Plan.SegmentFormat) is not { } init || _published.ContainsKey($"{rendition.Name}/{init}"));

    private List<MediaSegment> Measure(Rendition rendition, IEnumerable<(string Name, double Seconds)> segments) =>
    [
        .. segments.Select(segment => new MediaSegment(segment.Name, segment.Seconds, _published.GetValueOrDefault($"{rendition.Name}/{segment.Name}")))
            .Where(segment => segment.Bytes > 0),
    ];

    /// <summary>The last picture stands until the video ends, and no longer.</summary>
    private static List<MediaSegment> EndingAt(double seconds, List<MediaSegment> segments) =>
        [.. segments[..^1], segments[^1] with { Seconds = Math.Max(0.001, seconds - segments[..^1].Sum(segment => segment.Seconds)) }];

    /// <summary>
    /// The files that ffmpeg has finished since the last look. A segment waits until the one after it is known not to be a short tail: until there is a third
    /// one.
    /// </summary>
    private IEnumerable<string> FindComplete(bool ended)
    {
        foreach (var rendition in step.Segmented)
        {
            string? init = null;
            var complete = new List<(string Path, int Index)>();
            var newest = _newest.GetValueOrDefault(rendition.Name, -1);
            foreach (var path in Directory.EnumerateFiles(Path.Combine(workspace.Output, rendition.Name)))
            {
                var name = Path.GetFileName(path);
                if (name == OutputFiles.InitSection)
                    init = path;
                if (!int.TryParse(name.Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var index))
                    continue;
                newest = Math.Max(newest, index); // also one that is still being written
                if (name.EndsWith(OutputFiles.SegmentExtension(step.Plan.SegmentFormat), StringComparison.Ordinal))
                    complete.Add((path, index));
            }
            _newest[rendition.Name] = newest;
            foreach (var (path, index) in complete)
            {
                if ((ended || index < newest - 1 || rendition is IFrameRendition) && IsNew(path))
                    yield return path;
            }
            // Unlike a segment it is written under its own name: it is complete once a segment is.
            if (init is not null && (complete.Count > 0 || ended) && IsNew(init))
                yield return init;
        }
    }

    private bool IsNew(string path)
    {
        if (!_found.Add(path))
            return false;
        Interlocked.Add(ref _unpublished, new FileInfo(path).Length);
        return true;
    }

    private async ValueTask UploadAsync(string path, CancellationToken cancellationToken)
    {
        var name = Path.GetRelativePath(workspace.Output, path);
        long length;
        await using (var content = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.Asynchronous))
        {
            await ReadStartAsync(name, content, cancellationToken);
            if (IsSearchedForCaptions(Path.GetDirectoryName(name)!))
            {
                await _captions.ReadAsync(content, cancellationToken);
                content.Position = 0;
            }
            length = content.Length;
            if (length > 0) // ffmpeg writes an empty segment where there is no packet at all
                await publication.PutAsync(name, content, cancellationToken);
        }
        File.Delete(path);
        _published[name] = length;
        Interlocked.Add(ref _unpublished, -length);
    }

    /// <summary>All pictures that carry captions carry the same: the smallest is read.</summary>
    private bool IsSearchedForCaptions(string rendition) => step.Video.FirstOrDefault(step.Plan.CarriesCaptions)?.Name == rendition;

    /// <summary>Learns the codec from the first segment, and checks every one that was copied.</summary>
    private async Task ReadStartAsync(string name, FileStream content, CancellationToken cancellationToken)
    {
        var rendition = Path.GetDirectoryName(name)!;
        var copied = step.Video.Any(video => video.Copied && video.Name == rendition);
        if (_codecs.ContainsKey(rendition) && !copied)
            return;
        var start = new byte[CodecString.BytesNeeded];
        var read = await content.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellationToken);
        content.Position = 0;
        if (copied && Path.GetFileName(name) != OutputFiles.InitSection && CodecString.BeginsWithIdr(start.AsSpan(0, read)) != true)
            throw new CopyFailedException($"{name} does not begin with an IDR picture.");
        if (CodecString.OfH264(start.AsSpan(0, read)) is { } codec)
            _codecs[rendition] = codec;
    }

    /// <exception cref="IngestRefusedException">507: the disk is full, and it is not ours to empty it.</exception>
    private void ApplyBackpressure()
    {
        var unpublished = Interlocked.Read(ref _unpublished);
        var full = _disk.AvailableFreeSpace < LeastFreeBytes;
        if (full && unpublished == 0)
            throw IngestRefusedException.NoRoom();
        if (full || unpublished > mostUnpublished)
            setPaused(true);
        else if (unpublished < mostUnpublished / 3)
            setPaused(false);
    }
}
