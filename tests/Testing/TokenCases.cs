using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Reelseal.Testing;

/// <summary>The tokens that must be refused, and the one that is valid: the columns of the table whose rows are each function's routes.</summary>
/// <param name="Key">The function's shared key.</param>
/// <param name="Scope">The scope that its routes need.</param>
/// <param name="OtherScope">A valid scope that these routes do not accept.</param>
/// <param name="Video">The requested video.</param>
/// <param name="Other">Another video.</param>
/// <param name="Now">The function's time.</param>
/// <param name="PublicKey">A public key, known to everyone.</param>
public sealed record TokenCases(string Key, string Scope, string OtherScope, string Video, string Other, DateTimeOffset Now, byte[] PublicKey)
{
    /// <summary>The names of the tokens in the header, and the status of a request for <see cref="Video"/> with each.</summary>
    public static readonly (string Name, int Status)[] InHeader =
    [
        ("none", 401), ("empty", 401), ("basic", 401), ("garbage", 401), ("a token and more", 401), ("expired", 401), ("without an end", 401),
            ("not yet valid", 401), ("another audience", 401),
        ("forged", 401), ("changed", 401), ("alg none", 401), ("alg None without a signature", 401), ("HS256 with the public key", 401),
            ("RS256 without an issuer", 401), ("HS512", 401),
        ("an unknown crit", 401), ("two scopes in one", 401), ("no scope", 403), ("another scope", 403), ("another video", 403), ("no video at all", 403),
            ("a video in capitals", 403), ("ended", 403),
    ];

    private byte[] SharedKey => Encoding.UTF8.GetBytes(Key);

    /// <summary>The token that opens the video.</summary>
    public string Good => With(_ => { });

    /// <summary>The value of the header <c>Authorization</c>; null for none.</summary>
    public string? Header(string name) => name switch
    {
        "none" => null,
        "empty" => "Bearer ",
        "basic" => "Basic " + Convert.ToBase64String("a:b"u8),
        "garbage" => "Bearer a.b.c",
        "a token and more" => $"Bearer {Good} x",
        "forged" => Bearer(Jwt.Create(Payload(), new byte[32])),
        "changed" => Bearer(Changed()),
        "alg none" => Bearer(Unsigned("none") + Good.Split('.')[2]),
        "alg None without a signature" => Bearer(Unsigned("None")),
        "HS256 with the public key" => Bearer(Jwt.Create(Payload(), PublicKey)),
        "RS256 without an issuer" => Bearer(SignedByRsa()),
        "HS512" => Bearer(Jwt.Create(new JsonObject { ["alg"] = "HS512" }, Payload(), data => HMACSHA512.HashData(SharedKey, data))),
        "an unknown crit" => Bearer(Jwt.Create(
            """{"alg":"HS256","crit":["b64"],"b64":false}""", Payload().ToJsonString(), data => HMACSHA256.HashData(SharedKey, data))),
        _ => Bearer(With(Change(name))),
    };

    /// <summary>The good token with its claims changed by <paramref name="change"/>.</summary>
    public string With(Action<JsonObject> change)
    {
        var payload = Payload();
        change(payload);
        return Jwt.Create(payload, SharedKey);
    }

    private Action<JsonObject> Change(string name) => name switch
    {
        "expired" => claims => claims["exp"] = Now.AddSeconds(-6).ToUnixTimeSeconds(),
        "without an end" => claims => claims.Remove("exp"),
        "not yet valid" => claims => claims["nbf"] = Now.AddSeconds(60).ToUnixTimeSeconds(),
        "another audience" => claims => claims["aud"] = "elsewhere",
        "two scopes in one" => claims => claims["scope"] = new JsonObject { [Scope] = Scope },
        "no scope" => claims => claims["scope"] = "",
        "another scope" => claims => claims["scope"] = $"{OtherScope} {Scope}ed",
        "another video" => claims => claims["video"] = new JsonArray(Other),
        "no video at all" => claims => claims["video"] = new JsonArray(),
        "a video in capitals" => claims => claims["video"] = Video.ToUpperInvariant(),
        "ended" => claims => claims["until"] = Now.AddSeconds(-1).ToUnixTimeSeconds(),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "There is no such token."),
    };

    private JsonObject Payload() => new() { ["aud"] = "reelseal", ["exp"] = Now.AddMinutes(10).ToUnixTimeSeconds(), ["scope"] = Scope, ["video"] = Video };

    private static string Bearer(string token) => "Bearer " + token;

    private string Changed()
    {
        var parts = With(claims => claims["video"] = Other).Split('.');
        var payload = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[1])).Replace(Other, Video, StringComparison.Ordinal);
        return $"{parts[0]}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload))}.{parts[2]}";
    }

    private string Unsigned(string algorithm)
    {
        var header = Encoding.UTF8.GetBytes($$"""{"alg":"{{algorithm}}","typ":"JWT"}""");
        return $"{Base64Url.EncodeToString(header)}.{Good.Split('.')[1]}.";
    }

    private string SignedByRsa()
    {
        using var key = IssuerKey.Rsa("k");
        return key.Sign(Payload());
    }
}
