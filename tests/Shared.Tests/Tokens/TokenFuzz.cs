using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Reelseal.Testing;
using Reelseal.Tokens;

namespace Reelseal.Tests.Tokens;

/// <summary>Almost correct tokens: those of strangers are refused, and those signed with the key mean what they say, or nothing.</summary>
public sealed class TokenFuzz : IDisposable
{
    private const string Header = """{"alg":"HS256","typ":"JWT"}""";
    private const string Payload =
        """{"aud":"reelseal","exp":1795400000,"nbf":1795340000,"scope":"video:play","video":["3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77"],"until":1795399999}""";
    private static readonly byte[] s_key = "0123456789abcdef0123456789abcdef"u8.ToArray();
    private static readonly VideoId s_other = VideoId.Parse("7b2c9d1e-0000-4000-8000-000000000001", provider: null);
    private static readonly string s_good = Jwt.Create(Header, Payload, Sign);

    private static readonly Fuzzer s_tokens = new(
        [Encoding.ASCII.GetBytes(s_good), Encoding.ASCII.GetBytes(Jwt.Create("""{"alg":"none"}""", Payload, _ => []))],
        [.. ((string[])[".", "..", "=", "-", "_", "eyJhbGciOiJub25lIn0", "AA", " ", "\0", "é", "%2e"]).Select(Encoding.UTF8.GetBytes)]);

    private static readonly Fuzzer s_contents = new(
        [
            .. ((string[])
            [
                $"{Header}\n{Payload}",
                """{"alg":"HS256","kid":"k","crit":[]}""" + "\n"
                + """{"aud":["a","reelseal"],"exp":1.7954e9,"scope":["video:play","video:ingest"],"video":"3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77"}""",
            ]).Select(Encoding.UTF8.GetBytes),
        ],
        [
            .. ((string[])
            [
                "null", "true", "[]", "{}", "\"", ",", ":", "\n", "-1", "1e400", "1e308", "0.5", "\"exp\":1795400000,", "\"video\":null,", "\"until\":1e300,",
                "\"alg\":\"none\",", "\\u0000", "\\ud800", "\"aud\":\"reelseal\",", "[[[[[[[[[", s_other.ToString(),
            ]).Select(Encoding.UTF8.GetBytes), [0xC3], [0xFF],
        ]);

    private readonly HttpClient _http = new();
    private readonly TokenValidator _validator;

    public TokenFuzz() => _validator = new(
        new TokenOptions { SharedKey = s_key }, new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(1_795_345_000)),
        _http, NullLogger<TokenValidator>.Instance);

    public void Dispose() => _http.Dispose();

    [Fact(Timeout = 300_000)]
    public void Strangers_tokens_short() => s_tokens.Run(CheckStranger);

    [Fact(Timeout = 3_600_000)]
    [Trait("Category", "Soak")]
    public void Strangers_tokens_long() => s_tokens.RunLong(CheckStranger);

    [Fact(Timeout = 300_000)]
    public void Contents_short() => s_contents.Run(CheckContent);

    [Fact(Timeout = 3_600_000)]
    [Trait("Category", "Soak")]
    public void Contents_long() => s_contents.RunLong(CheckContent);

    private void CheckStranger(byte[] input)
    {
        var token = Encoding.UTF8.GetString(input);
        var claims = Validate(token);
        if (claims is null)
            return;
        // Only the unused bits of the signature's last character may differ: they are not part of it.
        Assert.Equal(s_good[..^1], token[..^1]);
        Assert.Equal(s_good.Length, token.Length);
    }

    /// <summary>Signed with the key: the issuer may claim anything, but a missing claim allows nothing.</summary>
    private void CheckContent(byte[] input)
    {
        var parts = Encoding.Latin1.GetString(input).Split('\n', 2);
        var signed = $"{Encode(parts[0])}.{Encode(parts.Length > 1 ? parts[1] : "")}";
        var claims = Validate($"{signed}.{Base64Url.EncodeToString(Sign(Encoding.ASCII.GetBytes(signed)))}");
        if (claims is null)
            return;
        Assert.Contains("HS256", parts[0], StringComparison.Ordinal);
        Assert.Contains("exp", parts[1], StringComparison.Ordinal);
        using var payload = JsonDocument.Parse(Encoding.Latin1.GetBytes(parts[1]));
        Assert.True(payload.RootElement.TryGetProperty("video", out var video) == claims.Videos is not null, "The claim video widens what it should bound.");
        Assert.True(claims.Videos is null || !claims.Allows(s_other) || video.ToString().Contains(s_other.ToString(), StringComparison.Ordinal));
    }

    private TokenClaims? Validate(string token) => _validator.ValidateAsync(token, CancellationToken.None).AsTask().GetAwaiter().GetResult();

    private static string Encode(string latin1) => Base64Url.EncodeToString(Encoding.Latin1.GetBytes(latin1));

    private static byte[] Sign(byte[] data) => HMACSHA256.HashData(s_key, data);
}
