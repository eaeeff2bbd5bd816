using System.Net;
using Reelseal.Local.Playback;

namespace Reelseal.EndToEnd.Tests;

/// <summary>Finds everything that a player may fetch of a video.</summary>
internal static class Crawler
{
    /// <summary>The addresses of all playlists below this one, and of everything they name.</summary>
    public static async Task<IReadOnlyList<HlsEntry>> CrawlAsync(VideoClient client, Uri multivariant, CancellationToken cancellationToken)
    {
        var found = new List<HlsEntry>();
        foreach (var rendition in await client.GetPlaylistAsync(multivariant, cancellationToken))
        {
            found.Add(rendition);
            found.AddRange(await client.GetPlaylistAsync(rendition.Uri, cancellationToken));
        }
        return found;
    }

    /// <summary>Fetches each address, and fails if one is refused or empty.</summary>
    public static async Task FetchAllAsync(VideoClient client, IEnumerable<HlsEntry> entries, CancellationToken cancellationToken)
    {
        foreach (var entry in entries)
        {
            using var response = await client.GetAsync(entry.Uri, cancellationToken);
            Assert.True(response.StatusCode == HttpStatusCode.OK, $"{entry.Uri.AbsolutePath} was answered with {(int)response.StatusCode}.");
            Assert.NotEmpty(await response.Content.ReadAsByteArrayAsync(cancellationToken));
        }
    }

    public static bool IsPlaylist(HlsEntry entry) => entry.Uri.AbsolutePath.EndsWith(".m3u8", StringComparison.Ordinal);
}
