using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;

namespace Reelseal.Testing;

/// <summary>A key pair of a token issuer, for one algorithm of RFC 7518, section 3.1.</summary>
public sealed class IssuerKey : IDisposable
{
    private readonly AsymmetricAlgorithm _key;

    private IssuerKey(string? id, string algorithm, AsymmetricAlgorithm key) => (Id, Algorithm, _key) = (id, algorithm, key);

    /// <summary>The key's <c>kid</c>, or null when it has none.</summary>
    public string? Id { get; }

    public string Algorithm { get; }

    private HashAlgorithmName Hash => new("SHA" + Algorithm[2..]);

    private string Curve => _key.KeySize switch { 256 => "P-256", 384 => "P-384", _ => "P-521" };

    public static IssuerKey Rsa(string? id, int bits = 2048) => new(id, "RS256", RSA.Create(bits));

    public static IssuerKey P256(string? id) => Create("ES256", id);

    public static IssuerKey Create(string algorithm, string? id) => new(id, algorithm, algorithm switch
    {
        "ES256" => ECDsa.Create(ECCurve.NamedCurves.nistP256),
        "ES384" => ECDsa.Create(ECCurve.NamedCurves.nistP384),
        "ES512" => ECDsa.Create(ECCurve.NamedCurves.nistP521),
        _ => RSA.Create(2048),
    });

    /// <summary>The same key pair, for another algorithm.</summary>
    public IssuerKey For(string algorithm) => new(Id, algorithm, _key);

    /// <summary>The public half, as a member of a JWK set (RFC 7517).</summary>
    public JsonObject ToJwk()
    {
        var jwk = Describe();
        if (_key is RSA rsa)
        {
            var parameters = rsa.ExportParameters(includePrivateParameters: false);
            (jwk["n"], jwk["e"]) = (Base64Url.EncodeToString(parameters.Modulus), Base64Url.EncodeToString(parameters.Exponent));
        }
        else
        {
            var point = ((ECDsa)_key).ExportParameters(includePrivateParameters: false).Q;
            (jwk["crv"], jwk["x"], jwk["y"]) = (Curve, Base64Url.EncodeToString(point.X), Base64Url.EncodeToString(point.Y));
        }
        return jwk;
    }

    /// <summary>The public half as a JWK that has it in a certificate only (RFC 7517, section 4.7).</summary>
    public JsonObject ToCertificateJwk()
    {
        var jwk = Describe();
        jwk["x5c"] = new JsonArray(ToCertificate());
        return jwk;
    }

    /// <summary>The public half in a self-signed certificate, in base64; it ended long ago.</summary>
    public string ToCertificate()
    {
        var request = _key is RSA rsa
            ? new CertificateRequest("CN=issuer", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest("CN=issuer", (ECDsa)_key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(30));
        return Convert.ToBase64String(certificate.RawData);
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
        ? rsa.SignData(data, Hash, Algorithm.StartsWith("PS", StringComparison.Ordinal) ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1)
        : ((ECDsa)_key).SignData(data, Hash);

    public void Dispose() => _key.Dispose();

    private JsonObject Describe()
    {
        var jwk = new JsonObject { ["use"] = "sig", ["alg"] = Algorithm, ["kty"] = _key is RSA ? "RSA" : "EC" };
        if (Id is not null)
            jwk["kid"] = Id;
        return jwk;
    }
}
