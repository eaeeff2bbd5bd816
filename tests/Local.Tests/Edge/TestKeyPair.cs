using System.Security.Cryptography;
using System.Text;
using Reelseal.Local.Edge.Signing;

namespace Reelseal.Local.Tests.Edge;

/// <summary>A key pair that signs as AWS's guide says, with nothing of the project's own signer.</summary>
internal sealed class TestKeyPair : IDisposable
{
    private readonly AsymmetricAlgorithm _key;

    private TestKeyPair(string id, AsymmetricAlgorithm key) => (Id, _key) = (id, key);

    public string Id { get; }

    public string PublicPem => _key.ExportSubjectPublicKeyInfoPem();

    public static TestKeyPair Rsa(string id = "K1RSA") => new(id, RSA.Create(2048));

    public static TestKeyPair P256(string id = "K1P256") => new(id, ECDsa.Create(ECCurve.NamedCurves.nistP256));

    public static TrustedKeyGroup Group(params TestKeyPair[] pairs) => new(pairs.ToDictionary(pair => pair.Id, pair => pair.PublicPem, StringComparer.Ordinal));

    /// <summary>The URL with a canned policy's parameters.</summary>
    public string SignCanned(string url, DateTimeOffset expires, string? hash = "SHA256")
    {
        var seconds = expires.ToUnixTimeSeconds();
        var policy = "{\"Statement\":[{\"Resource\":\"" + url + "\",\"Condition\":{\"DateLessThan\":{\"AWS:EpochTime\":" + seconds + "}}}]}";
        return Append(url, $"Expires={seconds}", policy, hash);
    }

    /// <summary>The URL with a custom policy's parameters.</summary>
    public string SignCustom(string url, string policy, string? hash = "SHA256") =>
        Append(url, $"Policy={Encode(Encoding.UTF8.GetBytes(policy))}", policy, hash);

    /// <summary>The value of the header <c>Cookie</c> for a custom policy.</summary>
    public string Cookies(string policy, string? hash = "SHA256") =>
        $"CloudFront-Policy={Encode(Encoding.UTF8.GetBytes(policy))}; CloudFront-Signature={Signature(policy, hash)}; CloudFront-Key-Pair-Id={Id}"
            + (hash is null ? "" : $"; CloudFront-Hash-Algorithm={hash}");

    public static string Policy(string resource, DateTimeOffset before, string more = "") =>
        "{\"Statement\":[{\"Resource\":\"" + resource + "\",\"Condition\":{\"DateLessThan\":{\"AWS:EpochTime\":"
            + before.ToUnixTimeSeconds() + "}" + more + "}}]}";

    public static string Encode(byte[] bytes) => Convert.ToBase64String(bytes).Replace('+', '-').Replace('=', '_').Replace('/', '~');

    public void Dispose() => _key.Dispose();

    private string Append(string url, string first, string policy, string? hash) =>
        url + (url.Contains('?') ? "&" : "?") + $"{first}&Signature={Signature(policy, hash)}&Key-Pair-Id={Id}"
            + (hash is null ? "" : $"&Hash-Algorithm={hash}");

    private string Signature(string policy, string? hash)
    {
        var name = hash == "SHA256" ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1;
        var data = Encoding.UTF8.GetBytes(policy);
        return Encode(_key is RSA rsa
            ? rsa.SignData(data, name, RSASignaturePadding.Pkcs1)
            : ((ECDsa)_key).SignData(data, name, DSASignatureFormat.Rfc3279DerSequence));
    }
}
