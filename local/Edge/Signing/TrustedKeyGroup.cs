using System.Collections.Frozen;
using System.Security.Cryptography;

namespace Reelseal.Local.Edge.Signing;

/// <summary>The public keys that the distribution trusts, by key pair id. Several while one is being rotated, at most five.</summary>
internal sealed class TrustedKeyGroup
{
    private const int MostKeys = 5;
    private volatile FrozenDictionary<string, PublicKey> _keys;

    /// <param name="keys">Each key's id and its PEM (SubjectPublicKeyInfo).</param>
    /// <exception cref="ArgumentException">There are more keys than a group may hold, or one is neither RSA-2048 nor P-256.</exception>
    public TrustedKeyGroup(IReadOnlyDictionary<string, string> keys) => _keys = Parse(keys);

    /// <summary>Trusts these keys from now on, and no others: what an operator does to the key group when a key is rotated.</summary>
    /// <exception cref="ArgumentException">There are more keys than a group may hold, or one is neither RSA-2048 nor P-256.</exception>
    public void Replace(IReadOnlyDictionary<string, string> keys) => _keys = Parse(keys);

    public PublicKey? Find(string keyPairId) => _keys.GetValueOrDefault(keyPairId);

    private static FrozenDictionary<string, PublicKey> Parse(IReadOnlyDictionary<string, string> keys) => keys.Count <= MostKeys
        ? keys.ToFrozenDictionary(key => key.Key, key => PublicKey.FromPem(key.Value), StringComparer.Ordinal)
        : throw new ArgumentException($"A key group holds at most {MostKeys} public keys.", nameof(keys));
}

/// <summary>A public key as CloudFront takes it: RSA-2048 (PKCS #1 v1.5) or ECDSA P-256.</summary>
internal sealed class PublicKey
{
    private const string P256 = "1.2.840.10045.3.1.7";
    private readonly byte[] _keyInfo;
    private readonly bool _isRsa;

    private PublicKey(byte[] keyInfo, bool isRsa) => (_keyInfo, _isRsa) = (keyInfo, isRsa);

    /// <exception cref="ArgumentException">The key is neither RSA-2048 nor P-256.</exception>
    public static PublicKey FromPem(string pem)
    {
        using var rsa = RSA.Create();
        if (TryImport(rsa, pem) && rsa.KeySize == 2048)
            return new(rsa.ExportSubjectPublicKeyInfo(), isRsa: true);
        using var ecdsa = ECDsa.Create();
        if (TryImport(ecdsa, pem) && ecdsa.ExportParameters(includePrivateParameters: false).Curve.Oid.Value == P256)
            return new(ecdsa.ExportSubjectPublicKeyInfo(), isRsa: false);
        throw new ArgumentException("A public key of the group is neither RSA-2048 nor ECDSA P-256.", nameof(pem));
    }

    /// <summary>
    /// Whether the signature of <paramref name="data"/> is this key's. P-256 goes with SHA-256 only:
    /// sources disagree about SHA-1, so nothing may rely on it here.
    /// </summary>
    public bool Verifies(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature, HashAlgorithmName hash)
    {
        // A key object of its own for each call: they are not promised to be safe under concurrency.
        if (_isRsa)
        {
            using var rsa = RSA.Create();
            rsa.ImportSubjectPublicKeyInfo(_keyInfo, out _);
            return rsa.VerifyData(data, signature, hash, RSASignaturePadding.Pkcs1);
        }
        if (hash != HashAlgorithmName.SHA256)
            return false;
        using var ecdsa = ECDsa.Create();
        ecdsa.ImportSubjectPublicKeyInfo(_keyInfo, out _);
        return ecdsa.VerifyData(data, signature, hash, DSASignatureFormat.Rfc3279DerSequence);
    }

    private static bool TryImport(AsymmetricAlgorithm key, string pem)
    {
        try
        {
            key.ImportFromPem(pem);
            return true;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return false; // another kind of key, or none
        }
    }
}
