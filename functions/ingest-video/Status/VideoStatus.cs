using System.Text.Json.Serialization;
using IngestVideo.Media;

namespace IngestVideo.Status;

/// <summary>The state of an ingest.</summary>
public enum VideoState
{
    [JsonStringEnumMemberName("receiving")] Receiving,
    [JsonStringEnumMemberName("probing")] Probing,
    [JsonStringEnumMemberName("transcoding")] Transcoding,
    [JsonStringEnumMemberName("publishing")] Publishing,
    [JsonStringEnumMemberName("ready")] Ready,
    [JsonStringEnumMemberName("failed")] Failed,

    /// <summary>Callers never see it: for them there is no such video.</summary>
    [JsonStringEnumMemberName("deleted")] Deleted,
}

/// <summary>The status document <c>status/{videoId}.json</c>: what callers see of an ingest, and the claim by which one worker has it.</summary>
public sealed record VideoStatus
{
    public required string Id { get; init; }

    public required VideoState State { get; init; }

    /// <summary>From 0 to 1; never falls within an attempt.</summary>
    public double Progress { get; init; }

    /// <summary>Seconds of video that are encoded in a second; only while transcoding.</summary>
    public double? Speed { get; init; }

    /// <summary>The estimated time left, in seconds; only while transcoding.</summary>
    public double? Remaining { get; init; }

    /// <summary>How long the video plays, in seconds.</summary>
    public double? Duration { get; init; }

    /// <summary>The size of the source, in bytes, once it is received.</summary>
    public long? Size { get; init; }

    public string? Title { get; init; }

    /// <summary>How often users have changed what is theirs, such as the title. null means never. Workers never raise it.</summary>
    public int? Edits { get; init; }

    public IReadOnlyList<RenditionStatus> Renditions { get; init; } = [];

    /// <summary>The tracks of the source that are left out, and why; null when there are none.</summary>
    public IReadOnlyList<SkippedTrack>? Skipped { get; init; }

    /// <summary>Whether viewers can press play: before it is <see cref="VideoState.Ready"/> with fewer qualities. null means no.</summary>
    public bool? Playable { get; init; }

    /// <summary>The estimated time in seconds until the video is playable; only while it is transcoding and not playable.</summary>
    public double? PlayableIn { get; init; }

    /// <summary>The key of the multivariant playlist, once the video is playable.</summary>
    public string? Playlist { get; init; }

    /// <summary>The key of a still picture.</summary>
    public string? Poster { get; init; }

    /// <summary>The key of a WebVTT file whose cues name parts of sprites.</summary>
    public string? Storyboard { get; init; }

    /// <summary>The key of a JSON file of the source's chapters; null when there are none.</summary>
    public string? Chapters { get; init; }

    /// <summary>The files to keep; null when there are none.</summary>
    public IReadOnlyList<Download>? Downloads { get; init; }

    /// <summary>Why it failed, in a sentence; or, of a video that is still being made, that its worker has been silent for long.</summary>
    public string? Error { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>The last heartbeat.</summary>
    public required DateTimeOffset Updated { get; init; }

    /// <summary>The attempt that has the claim, or that was published: the folder below the video's.</summary>
    public required string Attempt { get; init; }

    /// <summary>The same under a title that comes with the source; one that a user has given later stays.</summary>
    public VideoStatus WithTitle(string? title) => Edits is null ? this with { Title = title } : this;

    /// <summary>The same with what users have changed meanwhile: a worker's heartbeat must not take it back.</summary>
    /// <param name="stored">The document in the store, of the same attempt.</param>
    public VideoStatus WithEditsOf(VideoStatus stored) =>
        stored.Edits == Edits ? this
        // Of a video that is ready users may change more, and nothing that its worker has is newer.
        : stored.State == VideoState.Ready ? stored
        : this with { Title = stored.Title, Edits = stored.Edits };

    /// <summary>The same of a video that is complete.</summary>
    /// <param name="playlist">The key of its multivariant playlist.</param>
    public VideoStatus AsReady(string playlist) => this with
    {
        State = VideoState.Ready,
        Progress = 1,
        Speed = null,
        Remaining = null,
        Error = null,
        Playable = true,
        PlayableIn = null,
        Playlist = playlist,
    };
}

/// <summary>One rendition, as callers see it.</summary>
public sealed record RenditionStatus
{
    public required string Name { get; init; }

    /// <summary><c>video</c>, <c>audio</c>, <c>subtitles</c> or <c>iframes</c>.</summary>
    public required string Type { get; init; }
    public int? Width { get; init; }
    public int? Height { get; init; }
    public double? FrameRate { get; init; }
    public string? Language { get; init; }

    /// <summary>What players' menus call subtitles.</summary>
    public string? Label { get; init; }

    /// <summary>Subtitles that are meant to be seen by everybody, such as the translation of a sign. null means no.</summary>
    public bool? Forced { get; init; }
    public string? Codecs { get; init; }

    /// <summary>Peak bits per second, as measured.</summary>
    public long? Bandwidth { get; init; }

    /// <summary>Mean bits per second, as measured.</summary>
    public long? AverageBandwidth { get; init; }
}

/// <summary>A file to keep: a rendition with the video's sounds, as MP4.</summary>
/// <param name="Rendition">The rendition's name.</param>
/// <param name="Key">The object's key.</param>
/// <param name="Size">In bytes.</param>
public sealed record Download(string Rendition, string Key, long Size);

/// <summary>A page of the list of videos, the newest first.</summary>
/// <param name="Videos">Their status documents.</param>
/// <param name="Next">The <c>after</c> of the next page; null on the last.</param>
public sealed record VideoList(IReadOnlyList<VideoStatus> Videos, string? Next);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(VideoStatus))]
[JsonSerializable(typeof(VideoList))]
[JsonSerializable(typeof(AttemptManifest))]
public sealed partial class StatusJson : JsonSerializerContext;
