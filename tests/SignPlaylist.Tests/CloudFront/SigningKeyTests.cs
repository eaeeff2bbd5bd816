using System.Security.Cryptography;
using SignPlaylist.CloudFront;

namespace SignPlaylist.Tests.CloudFront;

public sealed class SigningKeyTests
{
    private static readonly byte[] s_data = "data"u8.ToArray();

    [Fact]
    public void Reads_RSA_2048_as_PKCS1_and_as_PKCS8()
    {
        using var rsa = RSA.Create(2048);
        string[] forms =
        [
            rsa.ExportRSAPrivateKeyPem(), rsa.ExportPkcs8PrivateKeyPem(), "leading words\r\n" + rsa.ExportPkcs8PrivateKeyPem().ReplaceLineEndings("\r\n"),
        ];
        foreach (var pem in forms)
            Assert.True(rsa.VerifyData(
                s_data, SigningKey.Parse(pem).Sign(s_data, HashAlgorithmName.SHA256),
                HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    [Fact]
    public void Reads_P256_as_SEC1_and_as_PKCS8_and_signs_in_DER()
    {
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        // The block that `openssl ecparam -genkey` writes before the key
        const string parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
        foreach (var pem in new[] { ec.ExportECPrivateKeyPem(), ec.ExportPkcs8PrivateKeyPem(), parameters + ec.ExportECPrivateKeyPem() })
            Assert.True(ec.VerifyData(
                s_data, SigningKey.Parse(pem).Sign(s_data, HashAlgorithmName.SHA256),
                HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
    }

    [Fact]
    public void Refuses_other_sizes_and_curves_and_says_which()
    {
        using var small = RSA.Create(1024);
        using var big = RSA.Create(4096);
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var p521 = ECDsa.Create(ECCurve.NamedCurves.nistP521);
        Assert.Contains("RSA of 1024 bits", Refusal(small.ExportPkcs8PrivateKeyPem()), StringComparison.Ordinal);
        Assert.Contains("RSA of 4096 bits", Refusal(big.ExportRSAPrivateKeyPem()), StringComparison.Ordinal);
        Assert.Contains("ECDSA of 384 bits", Refusal(p384.ExportPkcs8PrivateKeyPem()), StringComparison.Ordinal);
        Assert.Contains("ECDSA of 521 bits", Refusal(p521.ExportECPrivateKeyPem()), StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_a_curve_of_256_bits_that_is_not_P256()
    {
        using var koblitz = ECDsa.Create(ECCurve.CreateFromFriendlyName("secp256k1"));
        Assert.Contains("P-256", Refusal(koblitz.ExportPkcs8PrivateKeyPem()), StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_public_encrypted_and_malformed_keys()
    {
        using var rsa = RSA.Create(2048);
        var pbe = new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000);
        Assert.Contains("public", Refusal(rsa.ExportSubjectPublicKeyInfoPem()), StringComparison.Ordinal);
        Assert.Contains("public", Refusal(rsa.ExportRSAPublicKeyPem()), StringComparison.Ordinal);
        Assert.Contains("encrypted", Refusal(rsa.ExportEncryptedPkcs8PrivateKeyPem("passphrase", pbe)), StringComparison.Ordinal);
        const string traditional = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----";
        Assert.Contains("encrypted", Refusal(traditional), StringComparison.Ordinal);
        Assert.Contains("not a private key", Refusal("hello"), StringComparison.Ordinal);
        Assert.Contains("not a private key", Refusal(rsa.ExportPkcs8PrivateKeyPem()[..200]), StringComparison.Ordinal);
        Assert.Contains("damaged", Refusal("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"), StringComparison.Ordinal);
    }

    [Fact]
    public void Signs_from_many_threads_at_once()
    {
        using var rsa = RSA.Create(2048);
        var key = SigningKey.Parse(rsa.ExportPkcs8PrivateKeyPem());
        var expected = key.Sign(s_data, HashAlgorithmName.SHA256);
        Parallel.For(0, 500, _ => Assert.Equal(expected, key.Sign(s_data, HashAlgorithmName.SHA256)));
    }

    private static string Refusal(string pem) => Assert.Throws<FormatException>(() => SigningKey.Parse(pem)).Message;
}
