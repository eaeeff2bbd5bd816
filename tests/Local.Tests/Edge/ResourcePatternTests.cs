using Reelseal.Local.Edge.Signing;

namespace Reelseal.Local.Tests.Edge;

/// <summary>The rules and examples of AWS's page on custom policies.</summary>
public sealed class ResourcePatternTests
{
    [Theory]
    // No wildcard.
    [InlineData("https://h.net/a/b.ts", "https://h.net/a/b.ts")]
    [InlineData("https://h.net/a.ts?x=1", "https://h.net/a.ts?x=1")] // "don't use a backslash" …
    [InlineData(@"https://h.net/a.ts\?x=1", "https://h.net/a.ts?x=1")] // … and the example that uses one
    // * and ? within the path.
    [InlineData("https://h.net/hello*world", "https://h.net/helloworld")]
    [InlineData("https://h.net/hello*world", "https://h.net/hello-world")]
    [InlineData("https://h.net/hello*world", "https://h.net/hello/big/world")]
    [InlineData("https://h.net/a?c", "https://h.net/abc")]
    [InlineData("https://h.net/*game_download.zip*", "https://h.net/game_download.zip")]
    [InlineData("https://h.net/*game_download.zip*", "https://h.net/example_game_download.zip?license=yes")]
    [InlineData("https://h.net/a*b*c", "https://h.net/aXbYbZc")]
    // An asterisk at the end of the path covers any query.
    [InlineData("https://h.net/videos/1/*", "https://h.net/videos/1/x/00000.ts")]
    [InlineData("https://h.net/videos/1/*", "https://h.net/videos/1/m.m3u8?until=1&proof=a")]
    [InlineData(@"https://h.net/hello*\?*", "https://h.net/hello")]
    [InlineData(@"https://h.net/a\?x=*", "https://h.net/a?x=anything&y")]
    [InlineData(@"https://h.net/a\?x=?", "https://h.net/a?x=1")]
    [InlineData(@"https://h.net/a\?x=\?", "https://h.net/a?x=?")]
    // The domain and the protocol.
    [InlineData("http*://h.net/a", "https://h.net/a")]
    [InlineData("*://h.net/a", "http://h.net/a")]
    [InlineData("https://*", "https://h.net/a/b?c=d")]
    [InlineData("https://h.net*", "https://h.net:8080/a?b")]
    [InlineData("https://*.net/a", "https://cdn.h.net/a")]
    [InlineData("*h.net", "https://cdn.h.net/")]
    [InlineData("*", "http://anything/at/all?x")]
    [InlineData(null, "http://anything/at/all?x")]
    public void Covers(string? pattern, string url) => Assert.True(Matches(pattern, url));

    [Theory]
    [InlineData("https://h.net/a/b.ts", "https://h.net/a/c.ts")]
    [InlineData("https://h.net/a", "http://h.net/a")]
    [InlineData("https://h.net/a", "https://g.net/a")]
    [InlineData("https://h.net/a", "https://h.net/a?x")]
    [InlineData("https://h.net/a", "https://h.net/A")]
    [InlineData("https://h.net/hello*world", "https://g.net/hello?world")]
    [InlineData("https://h.net/hello*world", "https://h.net/hello?world")] // does not cross into the query
    [InlineData("https://h.net/*.ts", "https://h.net/a.m3u8?x=.ts")]
    [InlineData("https://h.net/videos/1/*", "https://h.net/videos/2/x.ts")]
    [InlineData("https://h.net/videos/1/*", "https://h.net/videos/1")]
    [InlineData("https://h.net/videos/1/*", "https://h.net/x?/videos/1/a")]
    [InlineData("https://h.net/a?c", "https://h.net/ac")]
    [InlineData(@"https://h.net/a\?c", "https://h.net/abc")] // escaped, it is no wildcard
    [InlineData("https://*/a", "https://h.net/b/a")] // does not cross from the domain into the path
    [InlineData("*h.net", "https://h.net/a")]
    [InlineData("h.net/a", "https://h.net/a")] // no protocol
    [InlineData("", "https://h.net/")]
    public void Does_not_cover(string pattern, string url) => Assert.False(Matches(pattern, url));

    [Fact(Timeout = 10_000)]
    public async Task Many_wildcards_do_not_slow_the_matching_down()
    {
        await Task.Yield();
        Assert.False(Matches("https://h.net/" + string.Concat(Enumerable.Repeat("a*", 2000)) + "b", "https://h.net/" + new string('a', 8000)));
    }

    private static bool Matches(string? pattern, string url)
    {
        var address = new Uri(url);
        var start = url.IndexOf("//", StringComparison.Ordinal) + 2 + address.Authority.Length;
        return new ResourcePattern(pattern).Matches(ViewerUrl.Parse(address.Scheme, address.Authority, url[start..]).Url);
    }
}
