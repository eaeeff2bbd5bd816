using System.Text.RegularExpressions;
using Reelseal.Infra;

namespace Deployment.Tests.Infra;

public sealed class DeliveryRuleTests
{
    private const string Video = "videos/0b9f5a0e-6f0b-4b43-9d2e-3f8b1c5a7e21";

    [Theory]
    [InlineData($"{Video}/multivariant.m3u8", DeliveryOrigin.SignPlaylist, true)]
    [InlineData($"{Video}/a1/1080p/playlist.m3u8", DeliveryOrigin.SignPlaylist, true)]
    [InlineData($"{Video}/a1/1080p/00000.ts", DeliveryOrigin.Bucket, true)]
    [InlineData($"{Video}/a1/poster.jpg", DeliveryOrigin.Bucket, true)]
    [InlineData($"{Video}/a1/1080p/PLAYLIST.M3U8", DeliveryOrigin.Bucket, true)]
    [InlineData("site/index.html", DeliveryOrigin.Bucket, false)]
    [InlineData("site/list.m3u8", DeliveryOrigin.Bucket, false)]
    [InlineData("site/player/reelseal-player.js", DeliveryOrigin.Bucket, false)]
    [InlineData("site", DeliveryOrigin.Bucket, false)]
    [InlineData("sites", DeliveryOrigin.Bucket, true)]
    [InlineData("downloads/0b9f5a0e-6f0b-4b43-9d2e-3f8b1c5a7e21/a1/720p.mp4", DeliveryOrigin.Bucket, true)]
    [InlineData("revocations/0b9f5a0e-6f0b-4b43-9d2e-3f8b1c5a7e21.json", DeliveryOrigin.Bucket, true)]
    [InlineData("Site/index.html", DeliveryOrigin.Bucket, true)]
    [InlineData("status/0b9f5a0e-6f0b-4b43-9d2e-3f8b1c5a7e21.json", DeliveryOrigin.Bucket, true)]
    [InlineData("uploads/0b9f5a0e-6f0b-4b43-9d2e-3f8b1c5a7e21", DeliveryOrigin.Bucket, true)]
    [InlineData("", DeliveryOrigin.Bucket, false)]
    public void A_path_goes_where_it_should_and_only_the_page_is_open(string path, DeliveryOrigin origin, bool needsSignature)
    {
        var rule = DeliveryRule.Ordered.FirstOrDefault(rule => Matches(rule.PathPattern, path)) ?? DeliveryRule.Everything;

        Assert.Equal(origin, rule.Origin);
        Assert.Equal(needsSignature, rule.NeedsSignature);
    }

    [Fact]
    public void Playlists_are_cached_by_until_proof_and_key_downloads_by_their_name_and_objects_by_their_path_alone()
    {
        Assert.Equal(["until", "proof", "key"], DeliveryRule.Playlists.Cache.QueryParameters);
        Assert.Equal(["response-content-disposition"], DeliveryRule.Downloads.Cache.QueryParameters); // as S3 calls it
        Assert.Equal(DeliveryRule.Downloads, DeliveryRule.Ordered.Single(rule => Matches(rule.PathPattern, "downloads/a/b/720p.mp4")));
        Assert.Empty(DeliveryRule.Everything.Cache.QueryParameters);
        Assert.Empty(DeliveryRule.Page.Cache.QueryParameters);
    }

    [Fact]
    public void Compressed_copies_are_kept_because_no_rule_turns_caching_off() =>
        Assert.All(
            [DeliveryRule.Playlists, DeliveryRule.Downloads, DeliveryRule.Page, DeliveryRule.Everything],
            rule => Assert.True(rule.Cache.MaxTtl > TimeSpan.Zero));

    [Fact]
    public void Media_is_one_copy_whatever_encodings_a_viewer_accepts()
    {
        Assert.False(DeliveryRule.Everything.Cache.IsCompressed);
        Assert.False(DeliveryRule.Downloads.Cache.IsCompressed);
        Assert.True(DeliveryRule.Playlists.Cache.IsCompressed);
        Assert.True(DeliveryRule.Page.Cache.IsCompressed);
    }

    [Fact]
    public void Preflights_reach_the_origin_of_everything_that_other_pages_may_read()
    {
        Assert.All(
            [DeliveryRule.Playlists, DeliveryRule.Downloads, DeliveryRule.Everything],
            rule => Assert.Equal("88a5eaf4-2fd4-4709-b370-b4c650ea3fcf", rule.OriginRequestPolicyId));
        Assert.All([DeliveryRule.Player, DeliveryRule.Page, DeliveryRule.PageWithoutSlash, DeliveryRule.Root], rule => Assert.Null(rule.OriginRequestPolicyId));

        var rule = BucketRules.Playback(PlaybackCors.For(["https://app.example.com"]));
        Assert.Equal(["GET", "HEAD"], rule.AllowedMethods);
        Assert.Equal(["https://app.example.com"], rule.AllowedOrigins);
        Assert.Equal(["*"], BucketRules.Playback(PlaybackCors.For([])).AllowedOrigins);
    }

    [Fact]
    public void No_error_is_kept_longer_than_five_seconds_and_no_fault_at_all()
    {
        Assert.Equal([400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504], ErrorCaching.Times.Keys);
        Assert.All(ErrorCaching.Times, error => Assert.InRange(error.Value, TimeSpan.Zero, TimeSpan.FromSeconds(error.Key < 500 ? 5 : 0)));
    }

    [Fact]
    public void Cookies_are_let_through_to_named_origins_only()
    {
        Assert.Equal("*", Assert.Single(PlaybackCors.For([]).Origins));
        Assert.False(PlaybackCors.For([]).Credentials);
        Assert.True(PlaybackCors.For(["https://app.example.com"]).Credentials);
    }

    [Fact]
    public void Leftovers_of_an_ingest_expire_and_videos_downloads_and_revocations_never_do()
    {
        Assert.Equal(
            ("", 1, null),
            (BucketRules.AbandonedParts.Prefix, BucketRules.AbandonedParts.AbortUploadsAfterDays, BucketRules.AbandonedParts.ExpireAfterDays));
        Assert.Equal(
            ("uploads/", null, 7),
            (BucketRules.ForgottenUploads.Prefix, BucketRules.ForgottenUploads.AbortUploadsAfterDays, BucketRules.ForgottenUploads.ExpireAfterDays));
        Assert.Equal(
            ("work/", null, 1), (BucketRules.ForgottenWork.Prefix, BucketRules.ForgottenWork.AbortUploadsAfterDays, BucketRules.ForgottenWork.ExpireAfterDays));
        Assert.Equal(["uploads/", "work/", "callbacks/"], BucketRules.Lifecycle.Where(rule => rule.ExpireAfterDays is not null).Select(rule => rule.Prefix));
    }

    [Fact]
    public void A_page_may_put_parts_and_read_their_etags()
    {
        var rule = BucketRules.Uploads(["https://a.example.com", "https://b.example.com", "https://a.example.com"]);

        Assert.Equal(["PUT"], rule.AllowedMethods);
        Assert.Equal(["ETag"], rule.ExposeHeaders);
        Assert.Equal(["https://a.example.com", "https://b.example.com"], rule.AllowedOrigins);
    }

    /// <summary>
    /// As CloudFront matches (Developer Guide, "Path pattern"): the whole path, case counts, a star crosses slashes, and a slash at the start says nothing.
    /// </summary>
    private static bool Matches(string pattern, string path) =>
        Regex.IsMatch(
            path,
            $"^{Regex.Escape(pattern.TrimStart('/')).Replace(@"\*", ".*", StringComparison.Ordinal).Replace(@"\?", ".", StringComparison.Ordinal)}$",
            RegexOptions.None, TimeSpan.FromSeconds(1));
}
