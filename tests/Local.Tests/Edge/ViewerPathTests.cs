using Reelseal.Local.Edge;

namespace Reelseal.Local.Tests.Edge;

public sealed class ViewerPathTests
{
    [Theory]
    [InlineData("/videos/1/a.m3u8", "/videos/1/a.m3u8")]
    [InlineData("/site/../videos/a.ts", "/videos/a.ts")]
    [InlineData("/site/%2e%2E/videos/a.ts", "/videos/a.ts")]
    [InlineData("//videos///a.ts", "/videos/a.ts")]
    [InlineData("/videos/a%2Em3u8", "/videos/a.m3u8")]
    [InlineData("/videos/a%2Fb", "/videos/a%2Fb")]
    [InlineData("/../..", "/")]
    [InlineData("/site/", "/site/")]
    [InlineData("/site/x/..", "/site/")]
    [InlineData("/a%", "/a%")]
    public void Chooses_the_behaviour_by_the_normalised_path(string path, string normalised) => Assert.Equal(normalised, ViewerPath.Normalise(path));

    [Theory]
    [InlineData("/videos/1/a.ts", "videos/1/a.ts")]
    [InlineData("/videos%2F1/a%2Ets", "videos/1/a.ts")]
    public void Reads_a_key(string path, string key)
    {
        Assert.True(ViewerPath.TryReadKey(path, out var read));
        Assert.Equal(key, read);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/videos/")]
    [InlineData("/videos//a.ts")]
    [InlineData("/videos/../status/1.json")]
    [InlineData("/videos/%2e%2e/status/1.json")]
    [InlineData("/videos/..%2Fstatus/1.json")]
    [InlineData("/videos/a%00.ts")]
    [InlineData("/videos/a%5Cb.ts")]
    [InlineData("/videos/%zz")]
    [InlineData("/videos/%")]
    [InlineData("/videos/%c3%a9")]
    public void Rejects_impossible_keys(string path) => Assert.False(ViewerPath.TryReadKey(path, out _));
}
