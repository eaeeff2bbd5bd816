using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Reelseal;

namespace SignPlaylist;

/// <summary>The key of a playlist in the bucket, which is its URL's path as well: the only text of a caller's that reaches the store or a URL.</summary>
internal sealed class PlaylistKey
{
    private const int LongestPath = 200;

    /// <summary>Characters that stand for themselves in a key, a URL and JSON alike.</summary>
    private static readonly SearchValues<char> s_plain = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./");

    private PlaylistKey(VideoId video, string key)
    {
        (Video, Key) = (video, key);
        Folder = key[..(key.LastIndexOf('/') + 1)];
        IsMultivariant = key.AsSpan(Folder.Length) is "multivariant.m3u8" && Folder.Length == ObjectKeys.VideosPrefix.Length + VideoId.TextLength + 1;
    }

    public VideoId Video { get; }

    /// <summary>The object's key, <c>videos/{id}/….m3u8</c>.</summary>
    public string Key { get; }

    /// <summary>The key's part up to the last slash, against which the playlist's relative URIs resolve.</summary>
    public string Folder { get; }

    /// <summary>Whether it is the video's entry playlist, whose content may change; media playlists never do.</summary>
    public bool IsMultivariant { get; }

    public static PlaylistKey Multivariant(VideoId video) => new(video, ObjectKeys.Multivariant(video));

    /// <summary>Takes a video's id and the path below its folder, both as the caller sent them.</summary>
    public static bool TryParse(string? video, string? path, [NotNullWhen(true)] out PlaylistKey? key)
    {
        key = null;
        if (!VideoId.TryParse(video, provider: null, out var id)
            || path is null or { Length: > LongestPath }
            || !path.EndsWith(".m3u8", StringComparison.Ordinal)
            || path.AsSpan().ContainsAnyExcept(s_plain))
            return false;
        foreach (var segment in path.AsSpan().Split('/'))
        {
            if (path.AsSpan()[segment] is "" or "." or "..")
                return false;
        }
        key = new(id, ObjectKeys.Video(id) + path);
        return true;
    }
}
