using IngestVideo.Planning;
using IngestVideo.Status;

namespace IngestVideo.Publishing;

/// <summary>Converts published renditions for the status document.</summary>
internal static class RenditionStatuses
{
    public static RenditionStatus Of(PublishedRendition published)
    {
        var status = new RenditionStatus
        {
            Name = published.Rendition.Name,
            Type = "",
            Codecs = published.Codecs,
            Bandwidth = published.Bandwidth.Peak,
            AverageBandwidth = published.Bandwidth.Average,
        };
        return published.Rendition switch
        {
            VideoRendition video =>
                status with { Type = "video", Width = video.Size.Width, Height = video.Size.Height, FrameRate = Math.Round(video.FrameRate.PerSecond, 3) },
            AudioRendition audio => status with { Type = "audio", Language = audio.Track.Language },
            SubtitleRendition words => status with
            {
                Type = "subtitles", Language = words.Track.Language, Label = words.Label, Forced = words.Track.Forced ? true : null,
            },
            IFrameRendition frames => status with { Type = "iframes", Width = frames.Of.Size.Width, Height = frames.Of.Size.Height },
            _ => throw new InvalidOperationException($"A rendition of an unknown kind: {published.Rendition}"),
        };
    }
}
