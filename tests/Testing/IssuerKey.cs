using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Reelseal.Testing;

/// <summary>A key pair of a token issuer.</summary>
public sealed class IssuerKey : IDisposable
{
    private readonly AsymmetricAlgorithm _key;

    private IssuerKey(string? id, AsymmetricAlgorithm key) => (Id, _key) = (id, key);

    /// <summary>The key's <c>kid</c>, or null when it has none.</summary>
    public string? Id { get; }

    public string Algorithm => _key is RSA ? "RS256" : "ES256";

    public static IssuerKey Rsa(string? id, int bits = 2048) => new(id, RSA.Create(bits));

    public static IssuerKey P256(string? id) => new(id, ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>The public half, as a member of a JWK set (RFC 7517).</summary>
    public JsonObject ToJwk()
    {
        var jwk = new JsonObject { ["use"] = "sig", ["alg"] = Algorithm };
        if (Id is not null)
            jwk["kid"] = Id;
        if (_key is RSA rsa)
        {
            var parameters = rsa.ExportParameters(includePrivateParameters: false);
            (jwk["kty"], jwk["n"], jwk["e"]) = ("RSA", Base64Url.EncodeToString(parameters.Modulus), Base64Url.EncodeToString(parameters.Exponent));
        }
        else
        {
            var point = ((ECDsa)_key).ExportParameters(includePrivateParameters: false).Q;
            (jwk["kty"], jwk["crv"], jwk["x"], jwk["y"]) = ("EC", "P-256", Base64Url.EncodeToString(point.X), Base64Url.EncodeToString(point.Y));
        }
        return jwk;
    }

    /// <summary>The public half as PEM text.</summary>
    public string ToPem() => _key.ExportSubjectPublicKeyInfoPem();

    /// <summary>A token signed with the private half.</summary>
    public string Sign(JsonObject payload)
    {
        var header = new JsonObject { ["alg"] = Algorithm, ["typ"] = "JWT" };
        if (Id is not null)
            header["kid"] = Id;
        return Jwt.Create(header, payload, Sign);
    }

    public byte[] Sign(byte[] data) => _key is RSA rsa
        ? rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
        : ((ECDsa)_key).SignData(data, HashAlgorithmName.SHA256);

    public void Dispose() => _key.Dispose();
}
