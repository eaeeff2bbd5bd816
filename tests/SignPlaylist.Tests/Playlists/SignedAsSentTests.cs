using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Reelseal.Local.Edge.Signing;
using SignPlaylist.CloudFront;
using SignPlaylist.Playlists;

namespace SignPlaylist.Tests.Playlists;

/// <summary>What is signed is what is sent: every signed URL passes the edge's own check, however the client spells what it asks for.</summary>
public sealed class SignedAsSentTests : IDisposable
{
    private const string Video = "3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77";
    private const string Server = "https://cdn.example";
    private const string Folder = $"{Server}/videos/{Video}/a1/720p/";
    private const string Tail = "until=1800000000&proof=abc";
    private const string Definitions = "#EXT-X-DEFINE:NAME=\"p\",VALUE=\"hd/x\"\n#EXT-X-DEFINE:NAME=\"q\",VALUE=\"?v=%7E1\"\n"
        + "#EXT-X-DEFINE:NAME=\"base\",VALUE=\"https://cdn.example/videos/3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77\"\n";
    private static readonly DateTimeOffset s_expires = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);
    private static readonly Distribution s_distribution = new(new Uri(Server));
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public void Dispose() => _key.Dispose();

    public static TheoryData<string> Uris =>
    [
        "a.ts", "sub/a.ts", "../audio/a.ts", "./a.ts", "a.ts?x=1", "a.ts?", "a.ts?x=1&", "a.ts?x", "a.ts#t=1", "a.ts?x=1#t",
        "a%7Eb.ts", "a~b.ts", "%41.ts", "q.ts?v=%7E1", "q.ts?v=~1", "q.ts?v=a%2Fb", "q.ts?v=a%5Cb", "q.ts?v=it's",
        "it's.ts", "q.ts?v=%27", "a%20b.ts", "a+b.ts?c+d", "q.ts?u=https://elsewhere.example/?x",
        "é.ts", "q.ts?v=é", "a[1].ts", "a|b.ts", "a^b.ts", "a`b.ts", "{a}.ts",
        "q.ts?v={a}|^`", "a\"b.ts", "<a>.ts", "100%.ts", "100%25.ts", "q.ts?v=100%", "a\u2028b.ts", "\U0001F3AC.ts",
        "%2e%2e/audio/a.ts", "a/%2E/b.ts", "../../../" + Video + "/a.ts", "a//b.ts", "/videos/" + Video + "/a.ts",
        "//cdn.example/videos/" + Video + "/a%7E.ts?x", Server + "/videos/" + Video + "/a.ts",
        "https://CDN.EXAMPLE/videos/" + Video + "/a.ts", "HTTPS://cdn.example:443/videos/" + Video + "/%41.ts", "{$p}/a.ts",
        "a.ts{$q}", "{$base}/a1/720p/%7E.ts", "*.ts", "a;b=c,d@e:f!$&'().ts",
    ];

    [Theory]
    [MemberData(nameof(Uris))]
    public void A_segment_with_a_policy_of_its_own_passes_through_the_edge_and_from_the_gateway(string uri)
    {
        foreach (var viaCloudFront in (bool[])[true, false])
            AssertPasses(Rewrite($"{Definitions}{uri}\n", viaCloudFront).Split('\n')[^2], more: "");
    }

    [Theory]
    [MemberData(nameof(Uris))]
    public void A_playlist_with_a_policy_of_its_own_passes_through_the_edge(string uri) =>
        AssertPasses(Rewrite($"{Definitions}#EXT-X-STREAM-INF:BANDWIDTH=1\n{uri}\n", viaCloudFront: true).Split('\n')[^2], more: "");

    [Theory]
    [InlineData("#EXT-X-CONTENT-STEERING:SERVER-URI=\"steering.json\"", "&_HLS_pathway=a&_HLS_throughput=1")]
    [InlineData("#EXT-X-CONTENT-STEERING:SERVER-URI=\"s%7E.json?x=a%2Fb\"", "&_HLS_pathway=a")]
    [InlineData("#EXT-X-DATERANGE:X-ASSET-LIST=\"ads.json\"", "&_HLS_primary_id=1&_HLS_start_offset=2")]
    [InlineData("#EXT-X-DATERANGE:X-ASSET-URI=\"ad.m3u8\"", "&_HLS_primary_id=1")]
    public void URLs_pass_with_the_parameters_that_clients_add_and_with_nothing_else(string tag, string more)
    {
        var uri = Rewrite(tag + "\n", viaCloudFront: true).Split('"')[^2];
        AssertPasses(uri, more: "");
        AssertPasses(uri, more);
        Assert.NotNull(Refusal(Folder + "other.json?" + uri.Split('?')[1]));
    }

    private void AssertPasses(string uri, string more)
    {
        Assert.Contains("Signature=", uri, StringComparison.Ordinal);
        var url = UrlOf(Substituted(uri)) + more;
        Assert.True(Refusal(url) is null, $"refused: {url}");
        Assert.True(Refusal(AsBrowsersSend(url)) is null, $"refused: {AsBrowsersSend(url)}");
    }

    private Refusal? Refusal(string url)
    {
        var clock = new FakeTimeProvider(s_expires.AddMinutes(-1));
        var group = new TrustedKeyGroup(new Dictionary<string, string>(StringComparer.Ordinal) { ["K1"] = _key.ExportSubjectPublicKeyInfoPem() });
        var target = new UriParts(url);
        return new ViewerAccess(group, clock).Check(
            SignedRequest.Read("https", target.Host, target.PathAndQuery, new DefaultHttpContext().Request.Cookies),
            IPAddress.Loopback);
    }

    private string Rewrite(string body, bool viaCloudFront)
    {
        Assert.True(PlaylistKey.TryParse(Video, "a1/720p/playlist.m3u8", out var key));
        var signer = new UrlSigner("K1", SigningKey.Parse(_key.ExportPkcs8PrivateKeyPem()), HashAlgorithmName.SHA256);
        using var output = new MemoryStream();
        PlaylistSigner.Rewrite(
            new(Encoding.UTF8.GetBytes("#EXTM3U\n" + body), "\"e\"", key, s_distribution),
            s_distribution, Delivery.WithSignaturePerUrl(viaCloudFront, viaCloudFront ? Tail : "", signer, s_expires),
            output);
        return Encoding.UTF8.GetString(output.ToArray());
    }

    private static string Substituted(string uri) => uri
        .Replace("{$p}", "hd/x", StringComparison.Ordinal).Replace("{$q}", "?v=%7E1", StringComparison.Ordinal)
        .Replace("{$base}", $"{Server}/videos/{Video}", StringComparison.Ordinal);

    /// <summary>As the plainest client resolves it: by the text, <c>.</c> and <c>..</c> only where they are written so.</summary>
    private static string UrlOf(string uri)
    {
        uri = uri.Split('#')[0];
        if (uri.StartsWith("https:", StringComparison.OrdinalIgnoreCase))
            return uri;
        if (uri.StartsWith("//", StringComparison.Ordinal))
            return "https:" + uri;
        var (path, query) = uri.Split('?', 2) is [var before, var after] ? (before, "?" + after) : (uri, "");
        var kept = new List<string>();
        foreach (var segment in (path.StartsWith('/') ? path[1..] : $"videos/{Video}/a1/720p/{path}").Split('/'))
        {
            if (segment == "..")
                kept.RemoveAt(kept.Count - 1);
            else if (segment != ".")
                kept.Add(segment);
        }
        return $"{Server}/{string.Join('/', kept)}{query}";
    }

    /// <summary>
    /// As browsers send it (URL Standard): what may not stand in a path or query is escaped, the host is in lower case and without the scheme's own port.
    /// </summary>
    private static string AsBrowsersSend(string url)
    {
        var parts = new UriParts(url);
        var sent = new StringBuilder($"https://{parts.Host.ToLowerInvariant().Replace(":443", "", StringComparison.Ordinal)}");
        var isQuery = false;
        foreach (var rune in parts.PathAndQuery.EnumerateRunes())
        {
            isQuery |= rune.Value == '?';
            var isEscaped = rune.Value is <= ' ' or > '~' or '"' or '<' or '>' || (isQuery ? rune.Value == '\'' : rune.Value is '`' or '{' or '}' or '^');
            if (!isEscaped)
            {
                sent.Append(rune);
                continue;
            }
            foreach (var octet in Encoding.UTF8.GetBytes(rune.ToString()))
                sent.Append('%').Append(octet.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        }
        // Dot segments are resolved by their escapes, too.
        return sent.Replace("/%2E/", "/").ToString();
    }

    private sealed class UriParts(string url)
    {
        private readonly int _path = url.IndexOf('/', url.IndexOf("//", StringComparison.Ordinal) + 2);

        public string Host => url[(url.IndexOf("//", StringComparison.Ordinal) + 2).._path];

        public string PathAndQuery => url[_path..];
    }
}
