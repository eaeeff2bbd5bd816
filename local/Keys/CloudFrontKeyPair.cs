using System.Security.Cryptography;

namespace Reelseal.Local.Keys;

/// <summary>Which kind of key CloudFront's signatures are made with.</summary>
internal enum SigningKeyKind
{
    /// <summary>ECDSA P-256: short, fast to sign.</summary>
    P256,

    /// <summary>RSA-2048.</summary>
    Rsa,
}

/// <summary>A key pair, such as an operator makes for CloudFront.</summary>
/// <param name="Id">The key pair id. CloudFront chooses one for each public key; here it follows from the key, so that it stays the same.</param>
/// <param name="PublicPem">The public key (SubjectPublicKeyInfo).</param>
/// <param name="PrivatePem">The private key (PKCS #8).</param>
internal sealed record CloudFrontKeyPair(string Id, string PublicPem, string PrivatePem)
{
    private const string Letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

    public static CloudFrontKeyPair Create(SigningKeyKind kind)
    {
        using AsymmetricAlgorithm key = kind == SigningKeyKind.Rsa ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Of(key);
    }

    /// <summary>The key pair of a private key (PKCS #8) of either kind.</summary>
    public static CloudFrontKeyPair Read(string privatePem)
    {
        using var ecdsa = ECDsa.Create();
        try
        {
            ecdsa.ImportFromPem(privatePem);
            return Of(ecdsa);
        }
        catch (CryptographicException) // it is not one of an elliptic curve
        {
            using var rsa = RSA.Create();
            rsa.ImportFromPem(privatePem);
            return Of(rsa);
        }
    }

    private static CloudFrontKeyPair Of(AsymmetricAlgorithm key)
    {
        var hash = SHA256.HashData(key.ExportSubjectPublicKeyInfo());
        var id = string.Concat(hash.Take(13).Select(value => Letters[value % Letters.Length]));
        return new($"K{id}", key.ExportSubjectPublicKeyInfoPem(), key.ExportPkcs8PrivateKeyPem());
    }

    public override string ToString() => Id; // a record would print the private key
}
