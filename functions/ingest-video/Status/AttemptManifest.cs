using System.Text.Json;
using Reelseal;
using Reelseal.Storage;

namespace IngestVideo.Status;

/// <summary>
/// What a complete attempt consists of: <see cref="ObjectKeys.Manifest"/>, written before the final multivariant playlist. If the worker dies after that, the
/// next one completes the status from it. Every viewer can read it, so it holds no title.
/// </summary>
public sealed record AttemptManifest
{
    /// <summary>How long the video plays, in seconds.</summary>
    public required double Duration { get; init; }

    /// <summary>The presentation time of the video's first moment in its segments, in seconds; null where an earlier version has not noted it.</summary>
    public double? ClockStart { get; init; }

    public required IReadOnlyList<RenditionStatus> Renditions { get; init; }

    /// <summary>The key of a still picture, or null.</summary>
    public string? Poster { get; init; }

    /// <summary>The key of a WebVTT file whose cues name parts of sprites, or null.</summary>
    public string? Storyboard { get; init; }

    /// <summary>The key of a JSON file of the chapters, or null.</summary>
    public string? Chapters { get; init; }

    /// <summary>The files to keep; null when there are none.</summary>
    public IReadOnlyList<Download>? Downloads { get; init; }

    /// <summary>Completes a status document.</summary>
    public VideoStatus ApplyTo(VideoStatus status) => status with
    {
        Duration = Duration, Renditions = Renditions, Poster = Poster, Storyboard = Storyboard, Chapters = Chapters, Downloads = Downloads,
    };

    /// <summary>The text of the object.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, StatusJson.Default.AttemptManifest);

    /// <summary>Reads the manifest of an attempt; null where it has none, as those of versions before 0.2.0.</summary>
    /// <exception cref="UpstreamException">The store failed.</exception>
    /// <exception cref="UnreadableObjectException">What it holds is not a manifest.</exception>
    public static async Task<AttemptManifest?> ReadAsync(IObjectStore store, VideoId video, string attempt, CancellationToken cancellationToken)
    {
        await using var stored = await store.GetAsync(ObjectKeys.Manifest(video, attempt), range: null, unlessETag: null, cancellationToken);
        if (stored is null)
            return null;
        try
        {
            return await JsonSerializer.DeserializeAsync(stored.Content, StatusJson.Default.AttemptManifest, cancellationToken);
        }
        catch (JsonException e)
        {
            throw new UnreadableObjectException("The manifest of this video cannot be read.", e);
        }
    }
}
