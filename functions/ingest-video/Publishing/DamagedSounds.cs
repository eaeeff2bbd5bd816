using IngestVideo.Media;
using IngestVideo.Planning;

namespace IngestVideo.Publishing;

/// <summary>Finds the sounds of which a part could not be decoded. They are published with silence in its place, and the status says so.</summary>
internal static class DamagedSounds
{
    /// <param name="plan">What was made.</param>
    /// <param name="workspace">Where.</param>
    /// <exception cref="IngestRefusedException">422: there is no picture, and no sound is whole.</exception>
    public static IReadOnlyList<SkippedTrack> Find(TranscodePlan plan, Workspace workspace)
    {
        var found = new List<SkippedTrack>();
        foreach (var (track, decoded, whole) in plan.Audio.Where(sound => !sound.Copied).Select(sound => Measure(sound, plan, workspace)))
        {
            if (decoded >= whole - TranscodePlan.Allowance(whole))
                continue;
            var missing = $"only {decoded.ToText()} of the {whole.ToText()} of its sound can be decoded";
            if (plan.Video is [] && found.Count == plan.Audio.Count - 1)
                throw IngestRefusedException.Undecodable($"The video is damaged: {missing}.");
            found.Add(new("audio", track.StreamIndex, track.Codec, track.Language, $"The track is damaged: {missing}. The rest is silent."));
        }
        return found;
    }

    /// <summary>How much was decoded, and how long all packets are together: gaps are not damage.</summary>
    private static (AudioTrack Track, TimeSpan Decoded, TimeSpan Whole) Measure(AudioRendition sound, TranscodePlan plan, Workspace workspace)
    {
        var file = new FileInfo(Path.Combine(workspace.Output, OutputFiles.DecodedSound(sound)));
        var decoded = TimeSpan.FromSeconds((file.Exists ? file.Length : 0) / (double)OutputFiles.DecodedSoundRate);
        return (sound.Track, decoded, plan.Source.Timeline?.Streams.GetValueOrDefault(sound.Track.StreamIndex).Content ?? TimeSpan.Zero);
    }
}
