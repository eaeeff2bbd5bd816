using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace Reelseal.Tokens;

/// <summary>The keys that an issuer has published as a JWK set (RFC 7517): RSA for RS256, P-256 for ES256. What else is in it is passed over.</summary>
internal sealed class KeySet
{
    private const int MostKeys = 100;
    private readonly List<(string Algorithm, string? Id, SecurityKey Key)> _keys = [];

    /// <exception cref="JsonException">That is no JWK set.</exception>
    public KeySet(string json)
    {
        using var document = JsonDocument.Parse(json);
        if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("keys", out var keys) || keys.ValueKind != JsonValueKind.Array)
            throw new JsonException("A JWK set has an array \"keys\".");
        foreach (var jwk in keys.EnumerateArray().Take(MostKeys).Where(key => key.ValueKind == JsonValueKind.Object))
        {
            (string Algorithm, SecurityKey? Key) read = jwk.Text("kty") switch
            {
                "RSA" => (SecurityAlgorithms.RsaSha256, ReadRsa(jwk)),
                "EC" => (SecurityAlgorithms.EcdsaSha256, ReadP256(jwk)),
                _ => ("", null),
            };
            if (read.Key is not null && (jwk.Text("use") ?? "sig") == "sig" && (jwk.Text("alg") ?? read.Algorithm) == read.Algorithm)
                _keys.Add((read.Algorithm, jwk.Text("kid"), read.Key));
        }
        Json = json;
    }

    /// <summary>The set as it was published.</summary>
    public string Json { get; }

    /// <summary>The keys that a token of this header may be signed with: both parts may leave the id out (RFC 7515, section 4.1.4).</summary>
    public IEnumerable<SecurityKey> Find(string algorithm, string? id) =>
        _keys.Where(key => key.Algorithm == algorithm && (id is null || key.Id is null || key.Id == id)).Select(key => key.Key);

    private static RsaSecurityKey? ReadRsa(JsonElement jwk)
    {
        // Under 2048 bits a key is too weak (RFC 7518, section 3.3); without an upper bound a signature may cost seconds.
        if (Bytes(jwk, "n") is not { Length: >= 256 and <= 1024 } modulus || modulus[0] == 0 || Bytes(jwk, "e") is not { Length: >= 1 and <= 4 } exponent)
            return null;
        return new(new RSAParameters { Modulus = modulus, Exponent = exponent });
    }

    private static ECDsaSecurityKey? ReadP256(JsonElement jwk)
    {
        if (jwk.Text("crv") != "P-256" || Bytes(jwk, "x") is not { Length: 32 } x || Bytes(jwk, "y") is not { Length: 32 } y)
            return null;
        try
        {
            return new(ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new() { X = x, Y = y } }));
        }
        catch (CryptographicException)
        {
            return null; // not a point of the curve
        }
    }

    private static byte[]? Bytes(JsonElement jwk, string name)
    {
        try
        {
            return jwk.Text(name) is { } text ? Base64Url.DecodeFromChars(text) : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
