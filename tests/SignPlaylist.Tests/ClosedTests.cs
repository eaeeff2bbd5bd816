using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Routing;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace SignPlaylist.Tests;

/// <summary>Every route is closed to every token that must not open it. A new route without a row here fails.</summary>
public sealed class ClosedTests : IAsyncLifetime
{
    private const string Video = "3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77";
    private const string Other = "7b2c9d1e-0000-4000-8000-000000000001";

    /// <summary>Method and pattern of each route, and a request to it.</summary>
    private static readonly Dictionary<string, string> s_routes = new()
    {
        ["GET /videos/{video}"] = $"/videos/{Video}",
        ["GET /videos/{video}/{*path}"] = $"/videos/{Video}/multivariant.m3u8",
        ["HEAD /videos/{video}/{*path}"] = $"/videos/{Video}/a1/720p/playlist.m3u8",
    };

    private SignPlaylistServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await SignPlaylistServer.StartAsync();
        await PlaylistEndpointTests.PutVideoAsync(_server);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    public static TheoryData<string, string, int> Rows
    {
        get
        {
            var rows = new TheoryData<string, string, int>();
            foreach (var route in s_routes.Keys)
            {
                foreach (var (token, status) in new[]
                {
                    ("none", 401), ("empty", 401), ("basic", 401), ("garbage", 401), ("expired", 401), ("not yet valid", 401), ("another audience", 401), ("forged", 401),
                    ("changed", 401), ("alg none", 401), ("alg none without a signature", 401), ("HS256 with the public key", 401), ("RS256 without an issuer", 401), ("HS512", 401), ("in the query for a day", 401),
                    ("in the query for all videos", 401), ("no scope", 403), ("another scope", 403), ("another video", 403), ("no video at all", 403), ("ended", 403), ("two", 400), ("good", 200),
                })
                    rows.Add(route, token, status);
            }
            return rows;
        }
    }

    [Fact]
    public void Every_route_has_a_row() =>
        Assert.Equal(s_routes.Keys.Order(), _server.Routes.SelectMany(route => route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(method => $"{method} {route.RoutePattern.RawText}")).Order());

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Answers_as_the_token_deserves(string route, string token, int status)
    {
        var (query, header) = TokenOf(token);
        var request = new HttpRequestMessage(new HttpMethod(route.Split(' ')[0]), s_routes[route] + (query is null ? "" : $"?token={query}"));
        if (header is not null)
            request.Headers.TryAddWithoutValidation("Authorization", header);
        using var answer = await _server.Client.SendAsync(request);
        Assert.Equal((HttpStatusCode)status, answer.StatusCode);
        if (status == 200)
            return;
        Assert.StartsWith("Bearer", answer.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        Assert.True(answer.Headers.CacheControl?.NoStore);
        var body = await answer.Content.ReadAsStringAsync();
        Assert.DoesNotContain("ey", body, StringComparison.Ordinal); // how each token begins
        Assert.DoesNotContain("CloudFront", body, StringComparison.Ordinal);
    }

    private (string? Query, string? Header) TokenOf(string name)
    {
        var now = SignPlaylistServer.Start;
        return name switch
        {
            "none" => (null, null),
            "empty" => (null, "Bearer "),
            "basic" => (null, "Basic " + Convert.ToBase64String("a:b"u8)),
            "garbage" => (null, "Bearer a.b.c"),
            "expired" => Header(_server.Token(Video, expires: now.AddSeconds(-6))),
            "not yet valid" => Header(Signed(new() { NotBefore = now.AddSeconds(6).UtcDateTime })),
            "another audience" => Header(Signed(new() { Audience = "elsewhere" })),
            "forged" => Header(Signed(new(), new SigningCredentials(new SymmetricSecurityKey(new byte[32]), SecurityAlgorithms.HmacSha256))),
            "changed" => Header(Changed(_server.Token(Other))),
            "alg none" => Header(Unsigned(_server.Token(Video)) + _server.Token(Video).Split('.')[2]),
            "alg none without a signature" => Header(Unsigned(_server.Token(Video))),
            "HS256 with the public key" => Header(Signed(new(), new SigningCredentials(new SymmetricSecurityKey(PublicKey()), SecurityAlgorithms.HmacSha256))),
            "RS256 without an issuer" => Header(Signed(new(), new SigningCredentials(new RsaSecurityKey(RSA.Create(2048)), SecurityAlgorithms.RsaSha256))),
            "HS512" => Header(Signed(new(), new SigningCredentials(new SymmetricSecurityKey(new byte[64]), SecurityAlgorithms.HmacSha512))),
            "in the query for a day" => (_server.Token(Video, expires: now.AddDays(1)), null),
            "in the query for all videos" => (_server.Token(), null),
            "no scope" => Header(_server.Token(Video, scope: "")),
            "another scope" => Header(_server.Token(Video, scope: "video:ingest video:played")),
            "another video" => Header(_server.Token(new[] { Other })),
            "no video at all" => Header(_server.Token(Array.Empty<string>())),
            "ended" => Header(_server.Token(Video, until: now.ToUnixTimeSeconds())),
            "two" => (_server.Token(Video), "Bearer " + _server.Token(Video)),
            "good" => Header(_server.Token(Video)),
            _ => throw new ArgumentOutOfRangeException(nameof(name), name, "There is no such token."),
        };
    }

    private static (string? Query, string? Header) Header(string token) => (null, "Bearer " + token);

    private static string Signed(SecurityTokenDescriptor descriptor, SigningCredentials? credentials = null)
    {
        descriptor.Audience ??= "reelseal";
        descriptor.Expires = SignPlaylistServer.Start.AddMinutes(10).UtcDateTime;
        descriptor.Claims = new Dictionary<string, object> { ["scope"] = "video:play", ["video"] = Video };
        descriptor.SigningCredentials = credentials ?? new(new SymmetricSecurityKey(System.Text.Encoding.UTF8.GetBytes(SignPlaylistServer.TokenKey)), SecurityAlgorithms.HmacSha256);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(descriptor);
    }

    private static string Changed(string token)
    {
        var parts = token.Split('.');
        var payload = Base64UrlEncoder.Decode(parts[1]).Replace(Other, Video, StringComparison.Ordinal);
        return $"{parts[0]}.{Base64UrlEncoder.Encode(payload)}.{parts[2]}";
    }

    private static string Unsigned(string token) => $"{Base64UrlEncoder.Encode("""{"alg":"none","typ":"JWT"}""")}.{token.Split('.')[1]}.";

    private byte[] PublicKey()
    {
        using var rsa = RSA.Create();
        rsa.ImportFromPem(_server.SigningKeyPem);
        return System.Text.Encoding.ASCII.GetBytes(rsa.ExportSubjectPublicKeyInfoPem());
    }
}
