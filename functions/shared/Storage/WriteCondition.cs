namespace Reelseal.Storage;

/// <summary>What must hold for a write to happen (RFC 9110, section 13.1). Of several writers with the same condition exactly one wins.</summary>
/// <remarks>
/// A condition stands for one write. Where <see cref="IObjectStore.PutAsync"/> threw, and nobody knows whether the write happened, repeat it with the
/// condition it had: if the first one did happen, the second has won. A new condition would lose against one's own write.
/// </remarks>
public readonly record struct WriteCondition
{
    private WriteCondition(bool mustBeNew, string? eTag) => (MustBeNew, ETag, Id) = (mustBeNew, eTag, Guid.NewGuid());

    /// <summary>The write happens whatever was there.</summary>
    public static WriteCondition None => default;

    /// <summary>If-None-Match: *. The write happens only when no object of that key exists.</summary>
    public static WriteCondition IfNew => new(mustBeNew: true, eTag: null);

    /// <summary>If-Match. The write happens only when the object still has this ETag.</summary>
    /// <remarks>
    /// In S3 the ETag follows from the content: have something new in every version (a time, a writer), or the same bytes written again go unnoticed.
    /// </remarks>
    public static WriteCondition IfUnchanged(string eTag) => new(mustBeNew: false, eTag);

    public bool MustBeNew { get; }

    public string? ETag { get; }

    /// <summary>Distinguishes this write from every other one; null if it has no condition.</summary>
    public Guid? Id { get; }
}
