using System.Text;
using SignPlaylist.CloudFront;
using SignPlaylist.Playlists;
using YamlDotNet.Serialization;

namespace SignPlaylist.Tests.Playlists;

public sealed class PlaylistRewriterTests
{
    private const string Video = "3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77";
    private const string Header = "#EXTM3U\n";
    internal const string EdgeTail = "until=1800000000&proof=abc";
    private const string GatewayTail = "token=e30.e30.c2ln";
    private static readonly Distribution s_distribution = new(new Uri("https://cdn.example"));
    private static readonly UrlSignature s_signature = new(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000), "P_", "S~-", "K1", "SHA256");

    internal static string Signature => s_signature.Query;

    public static TheoryData<string> CaseNames => [.. Cases.Keys];

    private static Dictionary<string, RewritingCase> Cases { get; } =
        new DeserializerBuilder().Build()
            .Deserialize<List<Dictionary<string, string>>>(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "TestData", "rewriting.yaml")))
            .ToDictionary(
                one => one["name"],
                one => new RewritingCase(one["in"], one["edge"] == "same" ? one["in"] : one["edge"], one.GetValueOrDefault("gateway")),
                StringComparer.Ordinal);

    [Theory]
    [MemberData(nameof(CaseNames))]
    public void Rewrites_for_the_edge(string name)
    {
        var (input, edge, _) = Cases[name];
        Assert.Equal(Expected(edge, EdgeTail), Rewritten(Expected(input, ""), edge: true));
    }

    [Theory]
    [MemberData(nameof(CaseNames))]
    public void Rewrites_for_the_gateway(string name)
    {
        var (input, edge, gateway) = Cases[name];
        Assert.Equal(Expected(gateway ?? edge, GatewayTail), Rewritten(Expected(input, ""), edge: false));
    }

    [Theory]
    [InlineData("#EXTM3U")]
    [InlineData("\uFEFF#EXTM3U\n")]
    [InlineData("#EXTM3U\r\n#EXT-X-VERSION:3\r\n\r\n")]
    [InlineData("#EXTM3U\n\n\n# no final newline")]
    public void Leaves_a_playlist_without_URIs_as_it_was(string playlist) =>
        Assert.Equal(playlist, Rewrite(Encoding.UTF8.GetBytes(playlist), edge: true));

    [Fact]
    public void Keeps_a_byte_order_mark_and_signs_what_follows() =>
        Assert.Equal($"\uFEFF#EXTM3U\na.ts?{s_signature.Query}", Rewrite(Encoding.UTF8.GetBytes("\uFEFF#EXTM3U\na.ts"), edge: true));

    [Theory]
    [InlineData("#EXTINF:6,\n{$path}/a.ts", 3)]
    [InlineData("{$path}/a.ts\n#EXT-X-DEFINE:NAME=\"path\",VALUE=\"x\"", 2)] // defined too late
    [InlineData("#EXT-X-MAP:URI=\"{$path}/init.mp4\"", 2)]
    [InlineData("#EXT-X-MEDIA:TYPE=AUDIO,URI=\"https://elsewhere.example/{$path}\"", 2)]
    [InlineData("#EXT-X-DEFINE:NAME=\"a\",VALUE=\"x\"\n#EXT-X-DEFINE:NAME=\"b\",VALUE=\"{$c}\"", 3)]
    [InlineData("#EXT-X-DEFINE:NAME=\"a\",VALUE=\"x\"\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"x\"", 3)]
    [InlineData("#EXT-X-DEFINE:IMPORT=\"path\"", 2)]
    [InlineData("#EXT-X-VERSION:11\n#EXT-X-DEFINE:QUERYPARAM=\"token\"\nseg.ts", 3)]
    public void Refuses_a_variable_that_cannot_be_resolved_and_names_the_line(string playlist, int line)
    {
        var refusal = Assert.Throws<PlaylistException>(() => Rewritten(playlist, edge: true));
        Assert.StartsWith($"Line {line} of ", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_a_variable_that_makes_a_URL_longer_than_CloudFront_takes()
    {
        var value = new string('x', 5000);
        var refusal = Assert.Throws<PlaylistException>(() => Rewritten($"#EXT-X-DEFINE:NAME=\"v\",VALUE=\"{value}\"\n{{$v}}{{$v}}.ts", edge: true));
        Assert.StartsWith("Line 3 of ", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a b.ts", 1, "space")]
    [InlineData("#EXTINF:6,\n\n#EXT-X-MAP:URI=\"in it.mp4\"", 3, "space")]
    [InlineData("a.ts\na\\b.ts", 2, "backslash")]
    [InlineData("a%2Fb.ts", 1, "escaped slash")]
    [InlineData("a%5cb.ts", 1, "escaped slash or backslash")]
    [InlineData("a.ts?v=a b", 1, "space")]
    [InlineData("a.ts?Expires=1", 1, "Expires")]
    [InlineData("a.ts?v=1&Policy=1", 1, "Policy")]
    [InlineData("a.ts?Signature=1&v=1", 1, "Signature")]
    [InlineData("a.ts?Key-Pair-Id", 1, "Key-Pair-Id")]
    [InlineData("a.ts?Hash-Algorithm=SHA256", 1, "Hash-Algorithm")]
    [InlineData("https://cdn.example/videos/ID/a1/a\u007F.ts", 1, "control")]
    public void Notes_the_line_of_an_own_URI_that_cannot_be_signed_and_leaves_it(string body, int line, string reason)
    {
        body = body.Replace("/ID", "/" + Video, StringComparison.Ordinal);
        var unsigned = Read(Encoding.UTF8.GetBytes(Header + body)).Unsigned;
        Assert.Equal((1, line + 1), (unsigned.Count, unsigned.FirstLine));
        Assert.Contains(reason, unsigned.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("..\\..\\..\\other\\a.ts")]
    [InlineData("..%2f..%2F..%2fother/a.ts")]
    [InlineData("https://elsewhere.example/a b.ts")]
    [InlineData("skd://a b")]
    [InlineData("data:,a b")]
    public void Does_not_report_a_URI_that_leads_elsewhere(string uri) => Assert.Equal(0, Read(Encoding.UTF8.GetBytes(Header + uri)).Unsigned.Count);

    [Theory]
    [InlineData("\n#EXTM3U\n", "white space")]
    [InlineData("\r\n\n#EXTM3U\n", "white space")]
    [InlineData(" #EXTM3U\n", "white space")]
    [InlineData("\uFEFF\t#EXTM3U\n", "white space")]
    [InlineData("a.ts\n#EXTM3U\n", "does not begin with #EXTM3U")]
    [InlineData("", "does not begin with #EXTM3U")]
    public void Refuses_what_does_not_begin_with_EXTM3U_and_says_why(string text, string reason) =>
        Assert.Contains(reason, Assert.Throws<PlaylistException>(() => Read(Encoding.UTF8.GetBytes(text))).Message, StringComparison.Ordinal);

    [Fact]
    public void Refuses_more_URIs_than_can_be_signed_in_words()
    {
        var text = new byte[Playlist.MaxBytes];
        for (var at = 0; at < text.Length; at += 2)
            (text[at], text[at + 1]) = ((byte)'a', (byte)'\n');
        "#EXTM3U\n"u8.CopyTo(text);
        Assert.Contains("too many", Assert.Throws<PlaylistException>(() => Read(text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Signs_each_URL_by_itself_when_asked_to()
    {
        using var rsa = System.Security.Cryptography.RSA.Create(2048);
        var signer = new UrlSigner("K1", SigningKey.Parse(rsa.ExportPkcs8PrivateKeyPem()), System.Security.Cryptography.HashAlgorithmName.SHA256);
        var expires = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);
        var delivery = Delivery.WithSignaturePerUrl(viaCloudFront: true, EdgeTail, signer, expires);

        var rewritten = RewriteBytes(Encoding.UTF8.GetBytes(Header + "../audio/0.ts?x=1\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow.m3u8\n"), delivery);

        var folder = $"https://cdn.example/videos/{Video}/a1";
        Assert.Equal(
            Header + "../audio/0.ts?x=1&" + signer.SignCanned($"{folder}/audio/0.ts?x=1", expires).Query
            + $"\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow.m3u8?{EdgeTail}&" + signer.SignCanned($"{folder}/720p/low.m3u8?{EdgeTail}", expires).Query + "\n",
            Encoding.UTF8.GetString(rewritten));
    }

    internal static string Rewrite(byte[] playlist, bool edge) => Encoding.UTF8.GetString(RewriteBytes(playlist, edge));

    internal static byte[] RewriteBytes(byte[] playlist, bool edge) =>
        RewriteBytes(playlist, Delivery.WithOneSignature(edge, edge ? EdgeTail : GatewayTail, s_signature));

    internal static Playlist Read(byte[] playlist)
    {
        Assert.True(PlaylistKey.TryParse(Video, "a1/720p/playlist.m3u8", out var key));
        return new(playlist, "\"e\"", key, s_distribution);
    }

    private static byte[] RewriteBytes(byte[] playlist, Delivery delivery)
    {
        using var output = new MemoryStream();
        PlaylistSigner.Rewrite(Read(playlist), s_distribution, delivery, output);
        return output.ToArray();
    }

    private static string Rewritten(string body, bool edge)
    {
        var rewritten = Rewrite(Encoding.UTF8.GetBytes(Header + body), edge);
        Assert.StartsWith(Header, rewritten, StringComparison.Ordinal);
        return rewritten[Header.Length..];
    }

    private static string Expected(string text, string tail) => text
        .Replace("BASE", $"https://cdn.example/videos/{Video}/a1/720p", StringComparison.Ordinal)
        .Replace("/ID", "/" + Video, StringComparison.Ordinal)
        .Replace("SIG", s_signature.Query, StringComparison.Ordinal)
        .Replace("TAIL", tail, StringComparison.Ordinal);

    private sealed record RewritingCase(string Input, string Edge, string? Gateway);
}
