namespace Reelseal.Storage;

/// <summary>Which keys both stores take: relative paths of printable ASCII, so that a key is the same text in S3, in a file system and in a URL.</summary>
public static class ObjectKey
{
    /// <summary>The longest key in bytes that S3 takes.</summary>
    public const int LongestKey = 1024;

    private const int LongestSegment = 255; // of most file systems

    /// <summary>Whether an object may have this key: no empty, <c>.</c> or <c>..</c> segment, no backslash, no hidden folder at the top.</summary>
    public static bool IsValid(string key)
    {
        if (key.Length is 0 or > LongestKey || key[0] == '.' || key.Contains('\\') || key.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            return false;
        foreach (var range in key.AsSpan().Split('/'))
        {
            if (key.AsSpan(range) is "" or "." or ".." or { Length: > LongestSegment })
                return false;
        }
        return true;
    }

    internal static void ThrowIfInvalid(string key)
    {
        if (!IsValid(key))
            throw new ArgumentException(
                "This is not the key of an object: a relative path of printable ASCII, without empty, \".\" or \"..\" segments.",
                nameof(key));
    }
}
