using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Reelseal;
using Reelseal.Revocation;
using Reelseal.Storage;
using Reelseal.Testing;

namespace SignPlaylist.Tests;

/// <summary>
/// A real S3 in which the function may do what <c>infra</c> allows, which does not include listing, and from which the permission is then taken away.
/// </summary>
public sealed class PermissionTests(CephRgw rgw) : IAsyncLifetime
{
    private const int Limit = 120_000; // milliseconds
    private const string Video = "3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77";
    private const string Unknown = "7b2c9d1e-0000-4000-8000-000000000001";
    private const string Multivariant = $"/videos/{Video}/multivariant.m3u8";
    private const string Media = $"/videos/{Video}/a1/720p/playlist.m3u8";

    /// <summary>As in <c>infra</c> (BucketAccess).</summary>
    private static readonly string[] s_allowed = ["videos/*.m3u8", "videos/*/manifest.json", "status/*.json", "revocations/*"];

    private TestBucket _bucket = null!;
    private AmazonS3Client _owner = null!;
    private IObjectStore _store = null!;
    private SignPlaylistServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _bucket = await rgw.CreateBucketAsync();
        var user = UserOf(_bucket);
        await rgw.CreateUserAsync(user, "a-secret-of-it");
        _owner = _bucket.CreateClient();
        var all = _bucket.CreateStore(TimeSpan.FromSeconds(30));
        foreach (var (key, content) in (IEnumerable<(string, string)>)
        [
            (ObjectKeys.HealthCheck, "#EXTM3U\n"),
            (Media[1..], "#EXTM3U\n#EXTINF:6,\n00000.ts\n"),
            (Multivariant[1..], "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na1/720p/playlist.m3u8\n"),
            ($"videos/{Video}/a1/{ObjectKeys.ManifestName}", """{"downloads":[{"rendition":"720p","size":1}]}"""),
        ])
            await all.PutAsync(key, new MemoryStream(System.Text.Encoding.ASCII.GetBytes(content)), WriteCondition.None, TestContext.Current.CancellationToken);
        await AllowAsync();
        _store = (_bucket with { AccessKey = user, SecretKey = "a-secret-of-it" }).CreateStore(TimeSpan.FromSeconds(30));
        _server = await SignPlaylistServer.StartAsync(store: _store);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _owner?.Dispose();
    }

    [Fact(Timeout = Limit)]
    public async Task A_missing_video_is_404_and_with_the_permission_taken_away_known_playlists_go_on_nothing_is_404_and_the_log_has_one_line()
    {
        var query = await PlaylistEndpointTests.TicketQueryAsync(_server, until: null);
        var known = new[] { $"{Multivariant}?{query}", $"{Media}?{query}" };
        foreach (var url in known)
            Assert.Equal(HttpStatusCode.OK, (await _server.GetAsEdgeAsync(url)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _server.GetAsync($"/videos/{Unknown}/multivariant.m3u8", _server.Token())).StatusCode);
        Assert.Equal(HealthStatus.Healthy, (await HealthAsync()).Status);

        await AllowAsync(denied: "*");
        for (var hour = 0; hour < 11; hour++)
        {
            _server.Clock.Advance(TimeSpan.FromMinutes(2 + (hour / 10 * 600)));
            foreach (var url in known)
                Assert.Equal(HttpStatusCode.OK, (await _server.GetAsEdgeAsync(url)).StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await _server.GetAsync(Media, _server.Token(Video))).StatusCode);
            if (hour == 0)
                Assert.Contains("403 AccessDenied", Assert.Single(_server.Log), StringComparison.Ordinal);
        }
        foreach (var path in (string[])[$"/videos/{Unknown}/multivariant.m3u8", $"/videos/{Unknown}", $"/videos/{Video}/missing.m3u8"])
        {
            using var answer = await _server.GetAsync(path, _server.Token());
            Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
            Assert.True(answer.Headers.CacheControl?.NoStore);
        }
        var health = await HealthAsync();
        Assert.Equal((HealthStatus.Unhealthy, "The object store answered 403 AccessDenied."), (health.Status, health.Description));
    }

    [Fact(Timeout = Limit)]
    public async Task Losing_the_permission_to_read_revocations_undoes_none_not_even_after_a_restart()
    {
        var query = await PlaylistEndpointTests.TicketQueryAsync(_server, until: null);
        using (var revoked = await _server.GetAsync($"/videos/{Video}/tickets", _server.Token(Video, "video:ingest"), HttpMethod.Delete))
            Assert.Equal(HttpStatusCode.NoContent, revoked.StatusCode);
        await AllowAsync(denied: "revocations/*");
        _server.Clock.Advance(Revocations.Freshness);
        Assert.Equal(HttpStatusCode.Forbidden, (await _server.GetAsEdgeAsync($"{Media}?{query}")).StatusCode);

        await using var restarted = await SignPlaylistServer.StartAsync(store: _store);
        Assert.Equal(HttpStatusCode.BadGateway, (await restarted.GetAsEdgeAsync($"{Media}?{query}")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await restarted.GetAsync(Media, restarted.Token(Video))).StatusCode); // a token without jti and sub cannot be revoked
    }

    [Fact(Timeout = Limit)]
    public async Task Without_the_object_that_always_exists_no_denial_counts_as_a_missing_video()
    {
        await _owner.DeleteObjectAsync(_bucket.Name, ObjectKeys.HealthCheck, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadGateway, (await _server.GetAsync($"/videos/{Video}/missing.m3u8", _server.Token())).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await _server.GetAsync(Media, _server.Token(Video))).StatusCode);
        Assert.Equal(HealthStatus.Unhealthy, (await HealthAsync()).Status);
    }

    [Fact(Timeout = Limit)]
    public async Task A_file_to_keep_needs_no_more_than_that_and_a_missing_title_is_not_an_error()
    {
        var token = _server.Token(Video, "video:download");
        Assert.Contains($"{Video}.mp4", await DownloadAsync(), StringComparison.Ordinal);

        await _owner.PutObjectAsync(
            new PutObjectRequest { BucketName = _bucket.Name, Key = $"status/{Video}.json", ContentBody = """{"title":"Holiday"}""" },
            TestContext.Current.CancellationToken);
        Assert.Contains("Holiday.mp4", await DownloadAsync(), StringComparison.Ordinal);

        async Task<string> DownloadAsync() => await (await _server.GetAsync($"/videos/{Video}/download", token)).Content.ReadAsStringAsync();
    }

    private static string UserOf(TestBucket bucket) => "u" + bucket.Name.Replace("-", "", StringComparison.Ordinal);

    private Task<HealthCheckResult> HealthAsync() => new ObjectStoreHealth(_store).CheckHealthAsync(new(), TestContext.Current.CancellationToken);

    /// <summary>Allows what the policies of <c>infra</c> do, which does not include listing, but for what is denied.</summary>
    private Task<Amazon.S3.Model.PutBucketPolicyResponse> AllowAsync(params string[] denied)
    {
        string Statement(string effect, IEnumerable<string> patterns) => $$"""
            {"Effect":"{{effect}}","Principal":{"AWS":["arn:aws:iam:::user/{{UserOf(_bucket)}}"]},"Action":["s3:GetObject","s3:PutObject"],
            "Resource":[{{string.Join(',', patterns.Select(pattern => $"\"arn:aws:s3:::{_bucket.Name}/{pattern}\""))}}]}
            """;

        // A user of Ceph may read what it wrote itself unless that is denied.
        string[] statements = [Statement("Allow", s_allowed), .. denied is [] ? (string[])[] : [Statement("Deny", denied)]];
        return _owner.PutBucketPolicyAsync(
            new PutBucketPolicyRequest { BucketName = _bucket.Name, Policy = $$"""{"Version":"2012-10-17","Statement":[{{string.Join(',', statements)}}]}""" },
            TestContext.Current.CancellationToken);
    }
}
