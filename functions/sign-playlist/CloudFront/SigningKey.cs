using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace SignPlaylist.CloudFront;

/// <summary>The private half of a key pair that CloudFront accepts: RSA-2048 (PKCS#1 v1.5) or ECDSA P-256, parsed once.</summary>
/// <remarks>AWS, "Specify signers that can create signed URLs and signed cookies", 2026. Instances may be used by several threads at once.</remarks>
internal sealed class SigningKey
{
    private readonly AsymmetricAlgorithm _key;
    private readonly byte[] _pkcs8;

    /// <summary>
    /// Copies that are not in use. .NET promises nothing for one key object used by two threads,
    /// and a ticket must not wait for a playlist's thousand signatures.
    /// </summary>
    private readonly ConcurrentBag<AsymmetricAlgorithm> _idle;

    private SigningKey(AsymmetricAlgorithm key) => (_key, _pkcs8, _idle) = (key, key.ExportPkcs8PrivateKey(), [key]);

    public bool IsRsa => _key is RSA;

    /// <summary>Reads a key in PEM (RFC 7468): PKCS#1, PKCS#8 or SEC1, unencrypted.</summary>
    /// <exception cref="FormatException">The text is something else; the message says what, and never quotes it.</exception>
    public static SigningKey Parse(string pem)
    {
        foreach (var (label, der) in Blocks(pem))
        {
            switch (label)
            {
                case "RSA PRIVATE KEY":
                    return Accept(Import(RSA.Create(), static (rsa, der) => rsa.ImportRSAPrivateKey(der, out _), der));
                case "EC PRIVATE KEY":
                    return Accept(Import(ECDsa.Create(), static (ec, der) => ec.ImportECPrivateKey(der, out _), der));
                case "PRIVATE KEY":
                    return Accept(ImportPkcs8(der));
                case "ENCRYPTED PRIVATE KEY":
                    throw new FormatException("The signing key is encrypted; a function cannot ask for a passphrase.");
                case "PUBLIC KEY" or "RSA PUBLIC KEY" or "CERTIFICATE":
                    throw new FormatException("The signing key is a public one; the private half is needed.");
            }
        }
        throw new FormatException(pem.Contains("ENCRYPTED", StringComparison.Ordinal)
            ? "The signing key is encrypted; a function cannot ask for a passphrase."
            : "The signing key is not a private key in PEM.");
    }

    /// <summary>Signs as CloudFront verifies: PKCS#1 v1.5, or DER (RFC 3279) for ECDSA, where .NET's default is another format.</summary>
    public byte[] Sign(ReadOnlySpan<byte> data, HashAlgorithmName hash)
    {
        if (!_idle.TryTake(out var key))
            key = Copy();
        try
        {
            return key is RSA rsa
                ? rsa.SignData(data, hash, RSASignaturePadding.Pkcs1)
                : ((ECDsa)key).SignData(data, hash, DSASignatureFormat.Rfc3279DerSequence);
        }
        finally
        {
            _idle.Add(key);
        }
    }

    private AsymmetricAlgorithm Copy()
    {
        AsymmetricAlgorithm copy = IsRsa ? RSA.Create() : ECDsa.Create();
        copy.ImportPkcs8PrivateKey(_pkcs8, out _);
        return copy;
    }

    private static IEnumerable<(string Label, byte[] Der)> Blocks(string pem)
    {
        for (var rest = pem; PemEncoding.TryFind(rest, out var block); rest = rest[block.Location.End..])
        {
            var der = new byte[block.DecodedDataLength];
            Convert.TryFromBase64String(rest[block.Base64Data], der, out _);
            yield return (rest[block.Label], der);
        }
    }

    private static AsymmetricAlgorithm ImportPkcs8(byte[] der)
    {
        try
        {
            return Import(RSA.Create(), static (rsa, der) => rsa.ImportPkcs8PrivateKey(der, out _), der);
        }
        catch (FormatException)
        {
            return Import(ECDsa.Create(), static (ec, der) => ec.ImportPkcs8PrivateKey(der, out _), der);
        }
    }

    private static T Import<T>(T key, Action<T, byte[]> import, byte[] der) where T : AsymmetricAlgorithm
    {
        try
        {
            import(key, der);
            return key;
        }
        catch (Exception e) when (e is CryptographicException or NotSupportedException)
        {
            key.Dispose();
            throw new FormatException("The signing key is damaged, or of a type that CloudFront does not know.", e);
        }
    }

    private static SigningKey Accept(AsymmetricAlgorithm key)
    {
        if (key is RSA { KeySize: 2048 })
            return new(key);
        if (key is ECDsa ec
            && ec.ExportParameters(includePrivateParameters: false).Curve.Oid
                is { Value: "1.2.840.10045.3.1.7" } or { FriendlyName: "nistP256" or "ECDSA_P256" })
            return new(key);
        throw new FormatException(
            $"The signing key is {(key is RSA ? "RSA" : "ECDSA")} of {key.KeySize} bits; CloudFront takes RSA of 2048 bits and ECDSA on the curve P-256.");
    }
}
