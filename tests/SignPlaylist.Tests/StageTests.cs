using System.Net;
using Reelseal;

namespace SignPlaylist.Tests;

/// <summary>A video that is playable before it is complete: its first playlist is soon replaced, and sometimes withdrawn.</summary>
public sealed class StageTests : IAsyncLifetime
{
    private const string Video = "3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77";
    private const string Multivariant = $"/videos/{Video}/multivariant.m3u8";
    private SignPlaylistServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await SignPlaylistServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Nobody_keeps_the_first_playlist_for_more_than_two_seconds()
    {
        await PutAsync(PublicationStage.Playable);
        var query = await PlaylistEndpointTests.TicketQueryAsync(_server, until: null);

        using var edge = await _server.GetAsEdgeAsync($"{Multivariant}?{query}");
        using var viewer = await _server.GetAsync(Multivariant, _server.Token(Video));

        // Ours may be a second old as well.
        Assert.Equal((TimeSpan.Zero, TimeSpan.FromSeconds(1)), (edge.Headers.CacheControl?.MaxAge, edge.Headers.CacheControl?.SharedMaxAge));
        Assert.Equal(TimeSpan.FromSeconds(1), viewer.Headers.CacheControl?.MaxAge);
        Assert.Contains("DATA-ID=\"reelseal.stage\",VALUE=\"playable\"", await viewer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_final_playlist_takes_its_place_within_two_seconds_and_is_kept_as_long_as_any_other()
    {
        await PutAsync(PublicationStage.Playable);
        using var first = await _server.GetAsync(Multivariant, _server.Token(Video));
        await PutAsync(PublicationStage.Final);
        _server.Clock.Advance(TimeSpan.FromSeconds(2));

        using var final = await _server.GetAsync(Multivariant, _server.Token(Video));

        Assert.NotEqual(first.Headers.ETag, final.Headers.ETag);
        Assert.DoesNotContain("reelseal.stage", await final.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromSeconds(30), final.Headers.CacheControl?.MaxAge);
    }

    [Fact]
    public async Task What_was_deleted_is_gone_within_MULTIVARIANT_FRESHNESS_in_our_copy_and_the_edge_s_together()
    {
        await PutAsync(PublicationStage.Final);
        var query = await PlaylistEndpointTests.TicketQueryAsync(_server, until: null);
        using (await _server.GetAsEdgeAsync($"{Multivariant}?{query}"))
            await _server.Store.DeleteAsync([Multivariant[1..]], CancellationToken.None);
        _server.Clock.Advance(TimeSpan.FromSeconds(29));
        using var last = await _server.GetAsEdgeAsync($"{Multivariant}?{query}");
        _server.Clock.Advance(TimeSpan.FromSeconds(1));
        using var gone = await _server.GetAsEdgeAsync($"{Multivariant}?{query}");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NotFound), (last.StatusCode, gone.StatusCode));
        Assert.Equal(TimeSpan.FromSeconds(30), last.Headers.CacheControl?.SharedMaxAge);
    }

    [Fact]
    public async Task A_playlist_that_was_withdrawn_is_not_there()
    {
        await PutAsync(PublicationStage.Playable);
        var query = await PlaylistEndpointTests.TicketQueryAsync(_server, until: null);
        await PutAsync(PublicationStage.Withdrawn);
        _server.Clock.Advance(TimeSpan.FromSeconds(2));

        using var viewer = await _server.GetAsync(Multivariant, _server.Token(Video));
        using var edge = await _server.GetAsEdgeAsync($"{Multivariant}?{query}");
        using var ticket = await _server.GetAsync($"/videos/{Video}", _server.Token(Video));

        Assert.All([viewer, edge, ticket], answer => Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode));
    }

    [Fact]
    public async Task A_title_that_looks_like_the_tag_changes_nothing()
    {
        var title = PublicationStages.TagOf(PublicationStage.Withdrawn).Trim().Replace('"', '\'');
        await _server.PutAsync(
            ObjectKeys.Multivariant(VideoId.Parse(Video, null)),
            $"#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"{title}\",URI=\"a1/a/playlist.m3u8\"\n"
            + "#EXT-X-STREAM-INF:BANDWIDTH=1\na1/720p/playlist.m3u8\n");

        using var viewer = await _server.GetAsync(Multivariant, _server.Token(Video));

        Assert.Equal(HttpStatusCode.OK, viewer.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(30), viewer.Headers.CacheControl?.MaxAge);
    }

    [Theory]
    [InlineData("#EXT-X-PLAYLIST-TYPE:EVENT\n", "", 1)] // a quarter of its target duration, in whole seconds: ours may be as old
    [InlineData("#EXT-X-PLAYLIST-TYPE:EVENT\n", "#EXT-X-ENDLIST\n", 43_200)]
    [InlineData("#EXT-X-PLAYLIST-TYPE:VOD\n", "#EXT-X-ENDLIST\n", 43_200)]
    public async Task A_media_playlist_is_kept_briefly_while_it_grows_and_long_when_it_has_ended(string type, string end, int seconds)
    {
        await PutAsync(PublicationStage.Playable);
        const string path = $"videos/{Video}/a1/720p/playlist.m3u8";
        await _server.PutAsync(path, $"#EXTM3U\n#EXT-X-TARGETDURATION:6\n{type}#EXTINF:6,\n00000.ts\n{end}");
        using var first = await _server.GetAsync($"/{path}", _server.Token(Video));
        await _server.PutAsync(path, $"#EXTM3U\n#EXT-X-TARGETDURATION:6\n{type}#EXTINF:6,\n00000.ts\n#EXTINF:6,\n00001.ts\n#EXT-X-ENDLIST\n");
        _server.Clock.Advance(TimeSpan.FromSeconds(3));
        using var second = await _server.GetAsync($"/{path}", _server.Token(Video));

        Assert.Equal(TimeSpan.FromSeconds(seconds), first.Headers.CacheControl?.MaxAge);
        Assert.Equal(end.Length == 0, (await second.Content.ReadAsStringAsync()).Contains("00001.ts", StringComparison.Ordinal));
    }

    private Task PutAsync(PublicationStage stage) => _server.PutAsync(
        ObjectKeys.Multivariant(VideoId.Parse(Video, null)),
        $"#EXTM3U\n{PublicationStages.TagOf(stage)}{(stage == PublicationStage.Withdrawn ? "" : "#EXT-X-STREAM-INF:BANDWIDTH=1\na1/720p/playlist.m3u8\n")}");
}
