using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace Reelseal.Tokens;

/// <summary>Holds the keys that an issuer has published as a JWK set (RFC 7517): RSA of 2048 to 8192 bits, P-256, P-384 and P-521.</summary>
/// <remarks>
/// Others are skipped. The library reads each key; the set is walked here, because its <c>JsonWebKeySet</c> refuses the whole set for one member that it
/// cannot read, and its converter prefers a certificate to the key beside it, reads no EC key from a certificate and sets no limit on a key's size.
/// A key's certificate (<c>x5c</c>) is only a container for its public key: trust comes from the issuer's address, so neither chain nor dates are checked.
/// </remarks>
internal sealed class KeySet
{
    private const int MaxKeys = 100;

    /// <summary>The algorithms (RFC 7518, section 3.1), each with the only type of key that it may be used with (RFC 8725, section 3.1).</summary>
    /// <remarks>EdDSA is missing: .NET 10 cannot verify it.</remarks>
    private static readonly FrozenDictionary<string, string> s_keyTypes = new Dictionary<string, string>
    {
        [SecurityAlgorithms.RsaSha256] = "RSA",
        [SecurityAlgorithms.RsaSha384] = "RSA",
        [SecurityAlgorithms.RsaSha512] = "RSA",
        [SecurityAlgorithms.RsaSsaPssSha256] = "RSA",
        [SecurityAlgorithms.RsaSsaPssSha384] = "RSA",
        [SecurityAlgorithms.RsaSsaPssSha512] = "RSA",
        [SecurityAlgorithms.EcdsaSha256] = "P-256",
        [SecurityAlgorithms.EcdsaSha384] = "P-384",
        [SecurityAlgorithms.EcdsaSha512] = "P-521",
    }.ToFrozenDictionary();

    private static readonly (string Name, ECCurve Curve)[] s_curves =
        [("P-256", ECCurve.NamedCurves.nistP256), ("P-384", ECCurve.NamedCurves.nistP384), ("P-521", ECCurve.NamedCurves.nistP521)];

    private readonly List<PublishedKey> _keys = [];

    /// <param name="json">The set as it was published.</param>
    /// <exception cref="JsonException">This is not a JWK set.</exception>
    public KeySet(byte[] json)
    {
        Json = json;
        using var document = JsonDocument.Parse(json);
        if (document.RootElement.ValueKind != JsonValueKind.Object
            || !document.RootElement.TryGetProperty("keys", out var keys) || keys.ValueKind != JsonValueKind.Array)
            throw new JsonException("A JWK set has an array \"keys\".");
        foreach (var member in keys.EnumerateArray().Take(MaxKeys))
        {
            if (Read(member) is { } key)
                _keys.Add(key);
        }
    }

    /// <summary>The set as it was published.</summary>
    public byte[] Json { get; }

    /// <summary>Whether no token can be checked with this set.</summary>
    public bool IsEmpty => _keys.Count == 0;

    /// <summary>Returns whether tokens may be signed with an algorithm.</summary>
    public static bool Supports([NotNullWhen(true)] string? algorithm) => algorithm is not null && s_keyTypes.ContainsKey(algorithm);

    /// <summary>Finds the keys that a token with this header may be signed with: both may leave the id out (RFC 7515, section 4.1.4).</summary>
    public IEnumerable<SecurityKey> Find(string algorithm, string? id) => _keys
        .Where(key => key.Type == s_keyTypes[algorithm] && (key.Algorithm ?? algorithm) == algorithm && (id is null || key.Id is null || key.Id == id))
        .Select(key => key.Key);

    private static PublishedKey? Read(JsonElement member)
    {
        try
        {
            var jwk = new JsonWebKey(member.GetRawText());
            if ((jwk.Use ?? "sig") != "sig" || (jwk.KeyOps.Count > 0 && !jwk.KeyOps.Contains("verify")))
                return null;
            return jwk.Kty switch
            {
                "RSA" => ReadRsa(jwk),
                "EC" => ReadElliptic(jwk),
                _ => null,
            };
        }
        catch (Exception e) when (e is ArgumentException or FormatException or CryptographicException)
        {
            return null; // not a key, not base64, not a certificate, not a point on the curve: one bad key must not cost the others
        }
    }

    private static PublishedKey? ReadRsa(JsonWebKey jwk)
    {
        RSAParameters published;
        if (jwk.N is null)
        {
            using var certificate = ReadCertificate(jwk);
            using var rsa = certificate.GetRSAPublicKey() ?? throw new CryptographicException("The certificate's key is not RSA.");
            published = rsa.ExportParameters(includePrivateParameters: false);
        }
        else
        {
            published = new() { Modulus = Base64UrlEncoder.DecodeBytes(jwk.N), Exponent = Base64UrlEncoder.DecodeBytes(jwk.E) };
        }
        // A shorter key is too weak (RFC 7518, section 3.3); without an upper bound a signature may cost seconds.
        var modulus = new BigInteger(published.Modulus, isUnsigned: true, isBigEndian: true);
        var exponent = new BigInteger(published.Exponent, isUnsigned: true, isBigEndian: true);
        if (modulus.GetBitLength() is < 2048 or > 8192 || exponent.IsEven || exponent.GetBitLength() is < 2 or > 32)
            return null;
        return new("RSA", jwk.Alg, jwk.Kid, new RsaSecurityKey(new RSAParameters
        {
            Modulus = modulus.ToByteArray(isUnsigned: true, isBigEndian: true), // without the leading zeros that some issuers write
            Exponent = exponent.ToByteArray(isUnsigned: true, isBigEndian: true),
        }));
    }

    private static PublishedKey? ReadElliptic(JsonWebKey jwk)
    {
        var key = ECDsa.Create();
        if (jwk.X is null)
        {
            using var certificate = ReadCertificate(jwk);
            using var published = certificate.GetECDsaPublicKey() ?? throw new CryptographicException("The certificate's key is not an EC key.");
            key.ImportParameters(published.ExportParameters(includePrivateParameters: false));
        }
        else
        {
            var curve = s_curves.FirstOrDefault(curve => curve.Name == jwk.Crv).Curve;
            key.ImportParameters(new() { Curve = curve, Q = new() { X = Base64UrlEncoder.DecodeBytes(jwk.X), Y = Base64UrlEncoder.DecodeBytes(jwk.Y) } });
        }
        // The curve as the key has it, whatever the JWK says: a certificate may hold any, even one with parameters of its own.
        var oid = key.ExportParameters(includePrivateParameters: false).Curve.Oid?.Value;
        var type = s_curves.FirstOrDefault(curve => curve.Curve.Oid.Value == oid).Name;
        return type is null || type != (jwk.Crv ?? type) ? null : new(type, jwk.Alg, jwk.Kid, new ECDsaSecurityKey(key));
    }

    /// <summary>Reads the certificate that holds a key: the first one of <c>x5c</c> (RFC 7517, section 4.7).</summary>
    private static X509Certificate2 ReadCertificate(JsonWebKey jwk)
    {
        var certificate = jwk.X5c.FirstOrDefault() ?? throw new FormatException("The key has neither parameters nor a certificate.");
        return X509CertificateLoader.LoadCertificate(Convert.FromBase64String(certificate));
    }

    /// <param name="Type">What kind of key it is: <c>RSA</c>, or the name of its curve.</param>
    /// <param name="Algorithm">The only algorithm that it is for, or null for all that fit its type.</param>
    /// <param name="Id">Its <c>kid</c>, or null.</param>
    /// <param name="Key">The key.</param>
    private sealed record PublishedKey(string Type, string? Algorithm, string? Id, SecurityKey Key);
}
