namespace Reelseal.Storage;

/// <summary>An object's metadata. <see cref="ETag"/> is quoted, as in HTTP.</summary>
/// <param name="Key">The object's key.</param>
/// <param name="Length">The length of the whole object in bytes.</param>
/// <param name="ETag">The entity tag, in quotes.</param>
/// <param name="LastModified">When it was written, at the store's precision (S3: seconds).</param>
public sealed record ObjectEntry(string Key, long Length, string ETag, DateTimeOffset LastModified)
{
    /// <summary>
    /// How old the object was when the store answered, by the store's clock alone: the answer's <c>Date</c> less <see cref="LastModified"/>, to the second.
    /// Clocks of several machines may disagree; this one value all of them can rely on.
    /// </summary>
    public TimeSpan Age { get; init; }

    /// <summary>Compares what the object is; its age depends on when it was looked at.</summary>
    public bool Equals(ObjectEntry? other) =>
        other is not null && (Key, Length, ETag, LastModified) == (other.Key, other.Length, other.ETag, other.LastModified);

    public override int GetHashCode() => HashCode.Combine(Key, Length, ETag, LastModified);
}

/// <summary>A range of bytes of an object.</summary>
/// <param name="Offset">The first byte.</param>
/// <param name="Length">How many bytes, at least one.</param>
public readonly record struct ByteRange(long Offset, long Length)
{
    /// <summary>This range, known to lie within that many bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It does not.</exception>
    internal ByteRange Within(long length) =>
        Offset >= 0 && Length > 0 && Offset <= length - Length
            ? this
            : throw new ArgumentOutOfRangeException(nameof(length), $"The range {Offset}+{Length} does not lie within {length} bytes.");
}

/// <summary>The text of an object, and the ETag it was read at.</summary>
public sealed record StoredText(string Text, string ETag);

/// <summary>An object that is being read.</summary>
public sealed class StoredObject(ObjectEntry entry, Stream? content) : IAsyncDisposable
{
    public ObjectEntry Entry => entry;

    /// <summary>The object still has the ETag that the caller knows: there is no content, and of the entry only key and ETag mean something.</summary>
    public bool NotModified => content is null;

    /// <exception cref="InvalidOperationException">The object is <see cref="NotModified"/>.</exception>
    public Stream Content => content ?? throw new InvalidOperationException("An object that was not modified has no content.");

    public ValueTask DisposeAsync() => content?.DisposeAsync() ?? ValueTask.CompletedTask;
}
