using IngestVideo.Media;

namespace IngestVideo.Probing;

/// <summary>What a source turned out to be.</summary>
/// <param name="Container">Its container.</param>
/// <param name="Announced">What it says of itself.</param>
/// <param name="Media">The same with what was measured.</param>
/// <param name="IsWhole">Nothing of the file is missing, whatever it says of its length; of some containers that is not known.</param>
public sealed record ExaminedSource(Container Container, MediaInfo Announced, MediaInfo Media, bool IsWhole);

/// <summary>Finds out what a source is: by its first bytes, by what it says, and by its packets.</summary>
public sealed class SourceExaminer(
    Prober prober, TimelineScanner timelines, SoundCheck sounds, SuccessionCheck successions, FieldDetector fields, FrameSizeScanner sizes)
{
    /// <exception cref="IngestRefusedException">400, 415 or 422: it is no video that can be decoded.</exception>
    public async Task<ExaminedSource> ExamineAsync(string source, CancellationToken cancellationToken)
    {
        var (container, endsInsideBox, isWhole) = await SniffAsync(source, cancellationToken);
        var (measured, announced, heard, timeline) = await MeasureThoroughlyAsync(source, container, endsInsideBox, cancellationToken);
        container = measured;
        // Only where a sample is missing: what comes after the last one may be cut, and some recorders announce more than they write.
        if (endsInsideBox && timeline is null or { IsIncomplete: true })
            throw CutOff();
        var media = heard.Measured(timeline);
        await successions.CheckAsync(media, source, container, cancellationToken);
        if (media.Video is not { } video)
            return new(container, announced, media, isWhole);
        video = await fields.DetectAsync(video, media.Duration, source, container, cancellationToken);
        video = await sizes.ScanAsync(video, source, container, cancellationToken);
        return new(container, announced, media with { Video = video }, isWhole);
    }

    /// <summary>
    /// Measures a source, and again where streams begin later than ffmpeg looks for them: a recording may begin mute, or inside a long group of pictures.
    /// </summary>
    private async Task<(Container Container, MediaInfo Announced, MediaInfo Heard, Timeline? Timeline)> MeasureThoroughlyAsync(
        string source, Container container, bool endsInsideBox, CancellationToken cancellationToken)
    {
        var mayBeginLate = container.Demuxer is "mpegts" or "mpeg" or "flv";
        try
        {
            var (announced, heard, timeline) = await MeasureAsync(source, container, endsInsideBox, cancellationToken);
            if (!mayBeginLate || (!announced.HasUnknownSound && timeline is null or { LateTracks: [] }))
                return (container, announced, heard, timeline);
        }
        catch (IngestRefusedException) when (mayBeginLate)
        {
            // Perhaps because of that.
        }
        container = container with { BeginsLate = true };
        var (said, left, times) = await MeasureAsync(source, container, endsInsideBox, cancellationToken);
        var late = (times?.LateTracks ?? []).Select(stream => new SkippedTrack(
            stream.Kind, stream.StreamIndex, Codec: null, Language: null, "The track begins too late in the file to be found."));
        return (container, said, left with { Skipped = [.. left.Skipped, .. late] }, times);
    }

    private async Task<(MediaInfo Announced, MediaInfo Heard, Timeline? Timeline)> MeasureAsync(
        string source, Container container, bool endsInsideBox, CancellationToken cancellationToken)
    {
        MediaInfo announced;
        try
        {
            announced = await ProbeAsync(source, container, cancellationToken);
        }
        catch (IngestRefusedException e) when (endsInsideBox)
        {
            throw CutOff(e);
        }
        var hearing = sounds.CheckAsync(announced, source, container, cancellationToken);
        var measuring = timelines.ScanAsync(announced, source, container, cancellationToken);
        await Task.WhenAll(hearing, measuring);
        var (heard, timeline) = (await hearing, await measuring);
        if (heard.Audio.Count < announced.Audio.Count)
        {
            // Where time begins depends on what is read, and the file may be as long as what is left out.
            timeline = await timelines.ScanAsync(heard, source, container, cancellationToken);
            announced = announced with { Duration = null };
        }
        return (announced, heard, timeline);
    }

    /// <summary>
    /// Probes a source. ffprobe ends where a decoder does not open, as that of xHE-AAC before ffmpeg 7.1: then that track is
    /// taken out of our copy of the file, or its codec made unknown.
    /// </summary>
    private async Task<MediaInfo> ProbeAsync(string source, Container container, CancellationToken cancellationToken)
    {
        var hidden = new List<SkippedTrack>();
        while (true)
        {
            try
            {
                var media = await prober.ProbeAsync(source, container, cancellationToken);
                // In Matroska the track is still there.
                var others = container.Demuxer == "matroska" ? media.Skipped.Where(track => !hidden.Exists(one => one.Stream == track.Stream)) : media.Skipped;
                return media with { Skipped = [.. others, .. hidden] };
            }
            catch (DecoderNotOpenedException e)
            {
                if (hidden.Count == MediaInfo.MaxTracks || !Hide(source, container, e.Stream, cancellationToken))
                    throw e.Refusal;
                hidden.Add(new("audio", e.Stream, Codec: null, Language: null, $"The sound cannot be decoded: {e.Reason}."));
            }
        }
    }

    /// <returns>false where the stream is not a sound that can be hidden.</returns>
    private static bool Hide(string source, Container container, int stream, CancellationToken cancellationToken)
    {
        using var file = new FileStream(source, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
        var (position, type) = container.Demuxer switch
        {
            "mov" => (IsoBoxes.SoundTrack(file, stream, cancellationToken), "skip"u8.ToArray()), // a box that is passed over
            "matroska" => (MatroskaTracks.CodecOfSound(file, stream, cancellationToken), "?"u8.ToArray()), // a codec that nobody knows
            _ => (null, []),
        };
        if (position is not { } at)
            return false;
        file.Position = at;
        file.Write(type);
        return true;
    }

    private static async Task<(Container Container, bool EndsInsideBox, bool IsWhole)> SniffAsync(string path, CancellationToken cancellationToken)
    {
        await using var source = File.Exists(path) ? File.OpenRead(path) : Stream.Null;
        var start = new byte[ContainerSniffer.BytesNeeded];
        var read = await source.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellationToken);
        var container = ContainerSniffer.Sniff(start.AsSpan(0, read));
        if (container.Demuxer == "mov" && IsoBoxes.PrependedBytes(source, cancellationToken) is > 0 and var prepended)
        {
            await RemoveStartAsync(path, prepended, cancellationToken);
            return await SniffAsync(path, cancellationToken);
        }
        var encrypted = container.Demuxer switch
        {
            "mov" => IsoBoxes.SampleEntries(source, cancellationToken).Any(entry => entry.IsEncrypted),
            "mpegts" => await Scrambling.IsTransportStreamScrambledAsync(source, cancellationToken),
            "mpeg" => await Scrambling.IsProgramStreamScrambledAsync(source, cancellationToken),
            _ => false,
        };
        if (encrypted)
            throw Prober.Encrypted();
        if (await JoinedFiles.AreInAsync(source, container, cancellationToken))
            throw SuccessionCheck.Refused("the first");
        var endsInsideBox = container.Demuxer == "mov" && IsoBoxes.EndInsideBox(source, cancellationToken);
        return (container, endsInsideBox, FileEnd.IsWhole(source, container, cancellationToken));
    }

    /// <summary>
    /// Removes what was put before a finished MP4: its samples are found by their positions in the file, and ffmpeg has no option for another beginning.
    /// </summary>
    private static async Task RemoveStartAsync(string path, long count, CancellationToken cancellationToken)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read, FileOptions.Asynchronous);
        var buffer = new byte[1 << 20];
        var length = RandomAccess.GetLength(file) - count;
        for (long at = 0; at < length;)
        {
            var read = await RandomAccess.ReadAsync(file, buffer, at + count, cancellationToken);
            await RandomAccess.WriteAsync(file, buffer.AsMemory(0, read), at, cancellationToken);
            at += read;
        }
        RandomAccess.SetLength(file, length);
    }

    private static IngestRefusedException CutOff(Exception? inner = null) =>
        IngestRefusedException.Undecodable("The video is cut off: its file ends before what it announces. Send it again, whole.", inner);
}
