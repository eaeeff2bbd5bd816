namespace Reelseal.Fsck;

/// <summary>What can be wrong with a store.</summary>
internal enum FindingKind
{
    /// <summary>A foreign key. It stays.</summary>
    ForeignObject,

    /// <summary>A status document that cannot be read. It stays.</summary>
    UnreadableStatus,

    /// <summary>A playlist that cannot be read or is not ours. It stays.</summary>
    UnreadablePlaylist,

    /// <summary>A manifest that cannot be read. It stays.</summary>
    UnreadableManifest,

    /// <summary>A published video names a missing object. It stays: only ingesting it again could help.</summary>
    MissingObject,

    /// <summary>A published video without a status. It stays: ingesting it again under its id finds and adopts it.</summary>
    VideoWithoutStatus,

    /// <summary>A published video whose status says otherwise. Repaired by making it ready.</summary>
    PublishedButNotReady,

    /// <summary>A video that is ready, but has no multivariant playlist. Repaired by marking it as failed, so that it can be ingested again.</summary>
    ReadyButNotPublished,

    /// <summary>An ingest whose worker has been silent for long. Repaired by marking it as failed.</summary>
    StuckStatus,

    /// <summary>The mark of a video that was deleted long ago. Repaired by removing it.</summary>
    DeletionMark,

    /// <summary>What an attempt wrote that did not become the video. Repaired by removing it.</summary>
    OrphanAttempt,

    /// <summary>A file to keep of an attempt that is not the video. Repaired by removing it.</summary>
    OrphanDownload,

    /// <summary>What a user replaced or removed of a video, such as its subtitles. Repaired by removing it.</summary>
    ReplacedPart,

    /// <summary>A video that the list of all does not show, such as one from before there was a list. Fixed by adding it.</summary>
    UnlistedVideo,

    /// <summary>A place in the list that belongs to no video. Fixed by removing it.</summary>
    StaleListing,

    /// <summary>A source past its life, or of a video that is ready. Repaired by removing it.</summary>
    ForgottenUpload,

    /// <summary>What replicas handed to each other for a video that nobody is ingesting any more. Repaired by removing it.</summary>
    ForgottenWork,
}

/// <summary>A problem in a store.</summary>
/// <param name="Kind">What is wrong.</param>
/// <param name="Key">Where: an object's key, or the common start of several.</param>
/// <param name="Detail">More of it, in a few words.</param>
/// <param name="Repair">Repairs it unless what was found has changed since, and returns whether it did; null for what only a person can decide.</param>
internal sealed record Finding(FindingKind Kind, string Key, string Detail, Func<CancellationToken, Task<bool>>? Repair = null)
{
    public override string ToString() => $"{Words(Kind)}: {Key} ({Detail})";

    private static string Words(FindingKind kind) => kind switch
    {
        FindingKind.ForeignObject => "foreign object",
        FindingKind.UnreadableStatus => "unreadable status",
        FindingKind.UnreadablePlaylist => "unreadable playlist",
        FindingKind.UnreadableManifest => "unreadable manifest",
        FindingKind.MissingObject => "missing object",
        FindingKind.VideoWithoutStatus => "video without status",
        FindingKind.PublishedButNotReady => "published but not ready",
        FindingKind.ReadyButNotPublished => "ready but not published",
        FindingKind.StuckStatus => "stuck status",
        FindingKind.DeletionMark => "deletion mark",
        FindingKind.OrphanAttempt => "orphan attempt",
        FindingKind.OrphanDownload => "orphan download",
        FindingKind.ReplacedPart => "replaced part",
        FindingKind.UnlistedVideo => "unlisted video",
        FindingKind.StaleListing => "stale listing",
        FindingKind.ForgottenUpload => "forgotten upload",
        FindingKind.ForgottenWork => "forgotten work",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, message: null),
    };
}
