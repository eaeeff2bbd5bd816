namespace Reelseal.Storage;

/// <summary>What must hold for a write to happen (RFC 9110, section 13.1). Of several writers with the same condition exactly one wins.</summary>
public readonly record struct WriteCondition
{
    private WriteCondition(bool mustBeNew, string? eTag) => (MustBeNew, ETag) = (mustBeNew, eTag);

    /// <summary>The write happens whatever was there.</summary>
    public static WriteCondition None => default;

    /// <summary>If-None-Match: *. The write happens only when no object of that key exists.</summary>
    public static WriteCondition IfNew => new(mustBeNew: true, eTag: null);

    /// <summary>If-Match. The write happens only when the object still has this ETag.</summary>
    public static WriteCondition IfUnchanged(string eTag) => new(mustBeNew: false, eTag);

    public bool MustBeNew { get; }

    public string? ETag { get; }
}
