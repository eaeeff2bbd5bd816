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

/// <summary>A throw-away key pair, such as an operator makes for CloudFront.</summary>
/// <param name="Id">The key pair id: CloudFront's id of the public key.</param>
/// <param name="PublicPem">The public key (SubjectPublicKeyInfo).</param>
/// <param name="PrivatePem">The private key (PKCS #8).</param>
internal sealed record CloudFrontKeyPair(string Id, string PublicPem, string PrivatePem)
{
    public static CloudFrontKeyPair Create(SigningKeyKind kind)
    {
        using AsymmetricAlgorithm key = kind == SigningKeyKind.Rsa ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new(
            "K" + RandomNumberGenerator.GetString("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", 13),
            key.ExportSubjectPublicKeyInfoPem(),
            key.ExportPkcs8PrivateKeyPem());
    }

    public override string ToString() => Id; // a record would print the private key
}
