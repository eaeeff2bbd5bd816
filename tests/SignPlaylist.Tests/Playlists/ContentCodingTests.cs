using SignPlaylist.Playlists;

namespace SignPlaylist.Tests.Playlists;

public sealed class ContentCodingTests
{
    [Theory]
    [InlineData("gzip", "gzip")]
    [InlineData("br", "br")]
    [InlineData("gzip, deflate, br", "br")]
    [InlineData("br;q=0.5, gzip", "gzip")]
    [InlineData("br;q=1.0, gzip;q=0.5", "br")]
    [InlineData("gzip;q=0, br;q=0", null)]
    [InlineData("gzip;q=0, *", "br")]
    [InlineData("br;q=0, *", "gzip")]
    [InlineData("br;q=0, gzip;q=0, *", null)]
    [InlineData("*, gzip;q=0.0, br;q=0.000", null)]
    [InlineData("gzip;q=0", null)]
    [InlineData("*;q=0", null)]
    [InlineData("*;q=0, gzip", "gzip")]
    [InlineData("br;q=0.4, *;q=0.5", "gzip")]
    [InlineData("br, *", "br")]
    [InlineData("gzip, *", "gzip")]
    [InlineData("identity, gzip;q=0.5", null)]
    [InlineData("identity;q=0.5, gzip;q=0.5", "gzip")]
    [InlineData("identity;q=0, gzip;q=0.1", "gzip")]
    [InlineData("GZIP ; Q=0.5 , BR;q=0.4", "gzip")]
    [InlineData("x-gzip", "gzip")]
    [InlineData("gzip;q=x", null)]
    [InlineData("gzip;q=-1", null)]
    [InlineData("gzip;q=2", null)]
    [InlineData(",, ;q=1, gzipped, brotli", null)]
    [InlineData("deflate, zstd", null)]
    [InlineData("identity", null)]
    [InlineData("*", "gzip")]
    [InlineData(null, null)]
    public void Chooses_what_the_client_prefers(string? acceptEncoding, string? expected) =>
        Assert.Equal(expected, ContentCodings.Preferred(acceptEncoding).Name());
}
