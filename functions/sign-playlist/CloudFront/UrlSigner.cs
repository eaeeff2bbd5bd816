using System.Security.Cryptography;

namespace SignPlaylist.CloudFront;

/// <summary>Signs policy statements with the private half of a key pair in the distribution's key group.</summary>
/// <param name="keyPairId">The id that CloudFront gave the public key.</param>
/// <param name="key">The private key.</param>
/// <param name="hash">SHA-256, or SHA-1 with an RSA key.</param>
internal sealed class UrlSigner(string keyPairId, SigningKey key, HashAlgorithmName hash)
{
    private readonly string? _hashParameter = hash == HashAlgorithmName.SHA256 ? "SHA256" : null;

    /// <summary>The id that is part of every signature.</summary>
    public string KeyPairId => keyPairId;

    /// <summary>Signs with a custom policy: the signature carries the statement and fits every URL that the resource covers.</summary>
    public UrlSignature Sign(PolicyStatement statement) => Sign(statement, custom: true);

    /// <summary>Signs with a canned policy: the signature fits one URL, and CloudFront rebuilds the statement from it.</summary>
    public UrlSignature SignCanned(string url, DateTimeOffset expires) => Sign(new(url, expires, NotBefore: null), custom: false);

    private UrlSignature Sign(PolicyStatement statement, bool custom)
    {
        var policy = statement.ToJson();
        return new(statement.Expires, custom ? UrlSignature.Encode(policy) : null, UrlSignature.Encode(key.Sign(policy, hash)), keyPairId, _hashParameter);
    }
}
