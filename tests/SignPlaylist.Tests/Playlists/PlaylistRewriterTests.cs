using System.Buffers;
using System.Text;
using Reelseal;
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
    [InlineData("#EXT-X-DEFINE:NAME=\"path\",VALUE=\"x\"\n{$path}/a.ts", "Line 3")]
    [InlineData("#EXT-X-MAP:URI=\"{$path}/init.mp4\"", "Line 2")]
    [InlineData("#EXT-X-MEDIA:TYPE=AUDIO,URI=\"https://elsewhere.example/{$path}\"", "Line 2")]
    public void Refuses_a_URI_with_a_variable_and_names_the_line(string playlist, string line)
    {
        var refusal = Assert.Throws<UpstreamException>(() => Rewritten(playlist, edge: true));
        Assert.StartsWith(line, refusal.Message, StringComparison.Ordinal);
        Assert.Equal(502, refusal.StatusCode);
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

    private static byte[] RewriteBytes(byte[] playlist, Delivery delivery)
    {
        Assert.True(PlaylistKey.TryParse(Video, "a1/720p/playlist.m3u8", out var key));
        var output = new ArrayBufferWriter<byte>();
        new PlaylistRewriter(key, s_distribution, delivery).Rewrite(playlist, output);
        return output.WrittenSpan.ToArray();
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
