using System.Net;
using FFMpegCore.Exceptions;
using Reelseal.Local.Demo;
using Reelseal.Local.Playback;
using Reelseal.Storage;

namespace Reelseal.EndToEnd.Tests;

/// <summary>A clip in; every signed URL of every playlist, both ways. The same on either store.</summary>
public abstract class PlaybackTests(SharedSystem shared)
{
    private const int Limit = 180_000;
    private static readonly TimeSpan s_tolerance = TimeSpan.FromSeconds(0.5);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task Every_address_of_every_playlist_opens_at_the_edge_with_a_ticket()
    {
        var system = await shared.StartedAsync();
        var ticket = await system.Client.GetTicketAsync(system.Video, until: null, Cancellation);
        var entries = await Crawler.CrawlAsync(system.Client, ticket.Url, Cancellation);
        Assert.Contains(entries, entry => entry.Tag == "EXT-X-STREAM-INF");
        Assert.Contains(entries, entry => entry.Tag == "EXTINF");
        Assert.All(entries, entry => Assert.StartsWith(system.Local.Edge, entry.Uri.AbsoluteUri, StringComparison.Ordinal));
        await Crawler.FetchAllAsync(system.Client, entries, Cancellation);
    }

    [Fact(Timeout = Limit)]
    public async Task Every_address_of_every_playlist_opens_with_a_token_playlists_at_the_gateway_and_the_rest_at_the_edge()
    {
        var system = await shared.StartedAsync();
        var entries = await Crawler.CrawlAsync(system.Client, system.Client.GatewayPlaylist(system.Video), Cancellation);
        Assert.All(
            entries,
            entry => Assert.StartsWith(Crawler.IsPlaylist(entry) ? system.Local.Gateway : system.Local.Edge, entry.Uri.AbsoluteUri, StringComparison.Ordinal));
        await Crawler.FetchAllAsync(system.Client, entries, Cancellation);
    }

    [Fact(Timeout = Limit)]
    public async Task Every_rendition_plays_whole_both_ways()
    {
        var system = await shared.StartedAsync();
        var ticket = await system.Client.GetTicketAsync(system.Video, until: null, Cancellation);
        foreach (var multivariant in (Uri[])[ticket.Url, system.Client.GatewayPlaylist(system.Video)])
        {
            foreach (var rendition in await system.Client.GetPlaylistAsync(multivariant, Cancellation))
            {
                if (rendition.Tag != "EXT-X-STREAM-INF" && rendition.Type != "AUDIO")
                    continue;
                var played = await Player.PlayAsync(rendition.Uri, Cancellation);
                Assert.InRange(played.Duration, RunningSystem.ClipDuration - s_tolerance, RunningSystem.ClipDuration + s_tolerance);
                if (rendition.Tag == "EXT-X-STREAM-INF")
                    Assert.InRange(played.Frames, 149, 151); // 30 a second
            }
        }
    }

    [Fact(Timeout = Limit)]
    public async Task No_address_opens_without_its_own_signature()
    {
        var system = await shared.StartedAsync();
        var expiring = await system.Client.GetTicketAsync(system.Video, DateTimeOffset.UtcNow.AddSeconds(5), Cancellation);
        var ticket = await system.Client.GetTicketAsync(system.Video, until: null, Cancellation);
        var foreign = await PublishEmptyVideoAsync(system);
        List<Uri> addresses = [ticket.Url, .. (await Crawler.CrawlAsync(system.Client, ticket.Url, Cancellation)).Select(entry => entry.Uri)];
        while (DateTimeOffset.UtcNow.ToUnixTimeSeconds() <= expiring.Expires)
            await Task.Delay(100, Cancellation);
        Assert.Equal(4 * addresses.Count, await Refusals.CheckAsync(system.Client, addresses, foreign.Query!, expiring.Query!, Cancellation));
    }

    [Fact(Timeout = Limit)]
    public async Task A_ticket_that_is_fetched_again_and_again_dies_at_its_end()
    {
        var system = await shared.StartedAsync();
        var end = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 8);
        var ticket = await system.Client.GetTicketAsync(system.Video, end, Cancellation);
        Assert.Equal(end.ToUnixTimeSeconds(), ticket.Expires);
        var entries = new HashSet<Uri>();
        while (DateTimeOffset.UtcNow < end)
        {
            try
            {
                entries.UnionWith((await Crawler.CrawlAsync(system.Client, ticket.Url, Cancellation)).Select(entry => entry.Uri));
            }
            catch (VideoClientException e) when (e.Status == HttpStatusCode.Forbidden && DateTimeOffset.UtcNow >= end)
            {
                break; // it ended on the way
            }
            await Task.Delay(300, Cancellation);
        }
        while (DateTimeOffset.UtcNow < end.AddMilliseconds(100))
            await Task.Delay(100, Cancellation);
        Assert.NotEmpty(entries);
        foreach (var address in entries.Append(ticket.Url))
        {
            using var response = await system.Client.GetAsync(address, Cancellation);
            Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task A_signature_opens_neither_the_status_nor_another_video()
    {
        var system = await shared.StartedAsync();
        var ticket = await system.Client.GetTicketAsync(system.Video, until: null, Cancellation);
        string[] paths =
        [
            $"status/{system.Video}.json", $"uploads/{system.Video}", $"videos/{VideoId.New()}/multivariant.m3u8", $"videos/{system.Video}/nothing.ts",
        ];
        foreach (var path in paths)
        {
            using var response = await system.Client.GetAsync(new($"{system.Local.Edge}/{path}?{ticket.Query}"), Cancellation);
            Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task A_stream_that_lacks_a_segment_does_not_play()
    {
        var system = await shared.StartedAsync();
        var ticket = await system.Client.GetTicketAsync(system.Video, until: null, Cancellation);
        var variant = (await system.Client.GetPlaylistAsync(ticket.Url, Cancellation)).First(entry => entry.Tag == "EXT-X-STREAM-INF");
        var segments = await system.Client.GetPlaylistAsync(variant.Uri, Cancellation);
        var copy = VideoId.New();
        var keys = segments.SkipLast(1).Select(segment => segment.Uri.AbsolutePath)
            .Prepend(variant.Uri.AbsolutePath)
            .Append($"/videos/{system.Video}/multivariant.m3u8");
        foreach (var key in keys)
        {
            await using var original = await system.Local.Store.GetAsync(key[1..], range: null, unlessETag: null, Cancellation);
            using var content = new MemoryStream();
            await original!.Content.CopyToAsync(content, Cancellation);
            await system.Local.Store.PutAsync(
                key[1..].Replace(system.Video.ToString(), copy.ToString(), StringComparison.Ordinal),
                content, WriteCondition.IfNew, Cancellation);
        }
        var lacking = await system.Client.GetPlaylistAsync((await system.Client.GetTicketAsync(copy, until: null, Cancellation)).Url, Cancellation);
        await Assert.ThrowsAnyAsync<FFMpegException>(() => Player.PlayAsync(lacking.First(entry => entry.Tag == "EXT-X-STREAM-INF").Uri, Cancellation));
    }

    private static async Task<PlayTicket> PublishEmptyVideoAsync(RunningSystem system)
    {
        var video = VideoId.New();
        await system.Local.Store.PutAsync($"videos/{video}/multivariant.m3u8", new MemoryStream("#EXTM3U\n"u8.ToArray()), WriteCondition.IfNew, Cancellation);
        return await system.Client.GetTicketAsync(video, until: null, Cancellation);
    }
}

/// <summary>With a folder as the store.</summary>
public sealed class DirectoryPlaybackTests(DirectorySystem shared) : PlaybackTests(shared), IClassFixture<DirectorySystem>;

/// <summary>With a real S3.</summary>
public sealed class S3PlaybackTests(S3System shared) : PlaybackTests(shared), IClassFixture<S3System>;
