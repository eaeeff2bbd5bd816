using System.Text;
using System.Text.Json.Nodes;
using Reelseal.Playlists;
using Reelseal.Storage;

namespace Reelseal.Page.Tests;

/// <summary>
/// A video that is still being encoded, without an encoder: an attempt at it is a copy of a finished video, whose playlists list as much as a test wants.
/// </summary>
internal sealed class GrowingVideo : IAsyncDisposable
{
    private const string Start = "#EXT-X-START:TIME-OFFSET=0.01,PRECISE=YES\n";
    private const string EndList = "#EXT-X-ENDLIST\n";

    private readonly IObjectStore _store;
    private readonly VideoId _original;
    private readonly string _originalAttempt;

    /// <summary>The finished multivariant playlist, with what a growing one has: subtitles, I-frames and chapters come at the end.</summary>
    private readonly string _multivariant;

    private GrowingVideo(IObjectStore store, VideoId original, string originalAttempt, string multivariant) =>
        (_store, _original, _originalAttempt, _multivariant) = (store, original, originalAttempt, multivariant);

    public VideoId Id { get; } = VideoId.New();

    /// <param name="store">Holds both.</param>
    /// <param name="original">The finished video.</param>
    public static async Task<GrowingVideo> CreateAsync(IObjectStore store, VideoId original)
    {
        var text = Encoding.UTF8.GetString(await ReadAsync(store, ObjectKeys.Multivariant(original)));
        var multivariant = string.Join('\n', text.Split('\n')
            .Where(line => !line.Contains("TYPE=SUBTITLES", StringComparison.Ordinal) && !line.StartsWith("#EXT-X-I-FRAME", StringComparison.Ordinal)
                && !line.StartsWith("#EXT-X-SESSION-DATA", StringComparison.Ordinal))
            .Select(line => line.Replace(",SUBTITLES=\"subtitles\"", "", StringComparison.Ordinal)));
        return new(store, original, PublishedAttempt.Read(text)!.Attempt, multivariant);
    }

    /// <summary>Puts all segments of an attempt into the store; no playlist lists them yet.</summary>
    public async Task AddAttemptAsync(string attempt)
    {
        var folder = ObjectKeys.Attempt(_original, _originalAttempt);
        await foreach (var entry in _store.ListAsync(folder, CancellationToken.None))
        {
            if (!entry.Key.EndsWith(".m3u8", StringComparison.Ordinal))
                await PutAsync(ObjectKeys.Attempt(Id, attempt) + entry.Key[folder.Length..], await ReadAsync(_store, entry.Key));
        }
    }

    /// <summary>Writes the media playlists of an attempt.</summary>
    /// <param name="attempt">Its name.</param>
    /// <param name="segments">How many segments each lists; null for all, and no more follow.</param>
    /// <returns>How much of the video they list.</returns>
    public async Task<TimeSpan> GrowAsync(string attempt, int? segments = null)
    {
        var available = double.MaxValue;
        foreach (var uri in MultivariantPlaylist.Read(_multivariant).Uris)
        {
            var whole = Encoding.UTF8.GetString(await ReadAsync(_store, ObjectKeys.Video(_original) + uri));
            var text = whole.Replace("#EXT-X-PLAYLIST-TYPE:VOD\n", $"#EXT-X-PLAYLIST-TYPE:EVENT\n{Start}", StringComparison.Ordinal);
            if (segments is { } count)
                text = string.Join("#EXTINF:", text.Replace(EndList, "", StringComparison.Ordinal).Split("#EXTINF:").Take(count + 1));
            await PutAsync(ObjectKeys.Video(Id) + OfAttempt(uri, attempt), Encoding.UTF8.GetBytes(text));
            available = Math.Min(available, MediaPlaylist.Read(text).Segments.Sum(segment => segment.Duration));
        }
        return TimeSpan.FromSeconds(available);
    }

    /// <summary>Writes the multivariant playlist.</summary>
    /// <param name="attempt">The attempt that it names.</param>
    /// <param name="isFinal">Nothing is added any more.</param>
    public Task PointToAsync(string attempt, bool isFinal = false)
    {
        const string before = "#EXT-X-INDEPENDENT-SEGMENTS\n";
        var growing = $"{before}{PublicationStages.TagOf(PublicationStage.Playable)}{Start}";
        var text = OfAttempt(isFinal ? _multivariant : _multivariant.Replace(before, growing, StringComparison.Ordinal), attempt);
        return PutAsync(ObjectKeys.Multivariant(Id), Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Gives it a place in the list of videos, as one that is being encoded and can be played.</summary>
    public async Task ListAsync()
    {
        var created = DateTimeOffset.UtcNow;
        var status = JsonNode.Parse(await ReadAsync(_store, ObjectKeys.Status(_original)))!.AsObject();
        foreach (var complete in (string[])["poster", "storyboard"])
            status.Remove(complete);
        (status["id"], status["state"], status["created"], status["updated"]) = (Id.ToString(), "transcoding", created, created);
        (status["playable"], status["playlist"]) = (true, ObjectKeys.Multivariant(Id));
        await PutAsync(ObjectKeys.Listing(Id, created), []);
        await PutAsync(ObjectKeys.Status(Id), Encoding.UTF8.GetBytes(status.ToJsonString()));
    }

    public ValueTask DisposeAsync() => new(RemoveAsync(_store, Id));

    /// <summary>Removes all of a video: other tests look at the same store.</summary>
    public static async Task RemoveAsync(IObjectStore store, VideoId video)
    {
        var keys = new List<string>();
        foreach (var prefix in (string[])[ObjectKeys.Video(video), ObjectKeys.Status(video), ObjectKeys.ListingPrefix])
        {
            await foreach (var entry in store.ListAsync(prefix, CancellationToken.None))
            {
                if (entry.Key.Contains(video.ToString(), StringComparison.Ordinal))
                    keys.Add(entry.Key);
            }
        }
        await store.DeleteAsync(keys, CancellationToken.None);
    }

    private string OfAttempt(string text, string attempt) => text.Replace(_originalAttempt, attempt, StringComparison.Ordinal);

    private Task<string?> PutAsync(string key, byte[] content) => _store.PutAsync(key, new MemoryStream(content), WriteCondition.None, CancellationToken.None);

    private static async Task<byte[]> ReadAsync(IObjectStore store, string key)
    {
        await using var stored = await store.GetAsync(key, range: null, unlessETag: null, CancellationToken.None);
        using var content = new MemoryStream();
        await stored!.Content.CopyToAsync(content, CancellationToken.None);
        return content.ToArray();
    }
}
