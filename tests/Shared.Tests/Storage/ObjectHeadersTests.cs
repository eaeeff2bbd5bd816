using Reelseal.Storage;

namespace Reelseal.Tests.Storage;

public sealed class ObjectHeadersTests
{
    [Theory]
    [InlineData("videos/a/multivariant.m3u8", "application/vnd.apple.mpegurl")]
    [InlineData("videos/a/b/1080p/00000.ts", "video/mp2t")]
    [InlineData("videos/a/b/1080p/00000.m4s", "video/mp4")]
    [InlineData("videos/a/b/1080p/init.mp4", "video/mp4")]
    [InlineData("videos/a/b/subtitles-eng/00000.vtt", "text/vtt; charset=utf-8")]
    [InlineData("videos/a/b/storyboard-000.jpg", "image/jpeg")]
    [InlineData("status/a.json", "application/json")]
    [InlineData("site/index.html", "text/html; charset=utf-8")]
    [InlineData("site/page.js", "text/javascript; charset=utf-8")]
    [InlineData("site/page.css", "text/css; charset=utf-8")]
    [InlineData("site/icon.svg", "image/svg+xml")]
    [InlineData("uploads/a", "application/octet-stream")]
    [InlineData("videos/a/b/unknown.xyz", "application/octet-stream")]
    [InlineData("videos/a.ts/b", "application/octet-stream")]
    public void The_media_type_follows_from_the_name(string key, string mediaType) => Assert.Equal(mediaType, ObjectHeaders.For(key).ContentType);

    [Theory]
    [InlineData("videos/a/b/1080p/00000.ts", true)]
    [InlineData("videos/a/multivariant.m3u8", true)]
    [InlineData("status/a.json", false)]
    [InlineData("uploads/a", false)]
    [InlineData("site/index.html", false)]
    [InlineData("videosx/a", false)]
    public void Only_published_videos_never_change(string key, bool immutable) =>
        Assert.Equal(immutable ? "public, max-age=31536000, immutable" : "no-cache", ObjectHeaders.For(key).CacheControl);
}
