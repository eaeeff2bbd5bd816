using System.Security.Cryptography;
using Reelseal.Infra;

namespace Deployment.Tests.Infra;

public sealed class PublicKeyPemTests : IDisposable
{
    private readonly RSA _rsa = RSA.Create(2048);
    private readonly ECDsa _ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    [Fact]
    public void However_the_lines_are_broken_the_key_is_the_same_text_with_a_final_line_feed()
    {
        var pem = _rsa.ExportSubjectPublicKeyInfoPem();
        var base64 = pem
            .Replace("-----BEGIN PUBLIC KEY-----", "", StringComparison.Ordinal)
            .Replace("-----END PUBLIC KEY-----", "", StringComparison.Ordinal)
            .ReplaceLineEndings("");
        string[] forms =
        [
            pem,
            pem + "\n",
            "\n\n" + pem + "  \n\n",
            pem.ReplaceLineEndings("\r\n"),
            pem.ReplaceLineEndings("\\n"),
            $"-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----",
        ];

        var keys = forms.Select(Read).ToList();

        Assert.All(keys, key => Assert.Equal(keys[0], key));
        Assert.EndsWith("\n-----END PUBLIC KEY-----\n", keys[0].Text, StringComparison.Ordinal);
        Assert.DoesNotContain("\r", keys[0].Text, StringComparison.Ordinal);
        Assert.All(keys[0].Text.Split('\n')[1..^3], line => Assert.Equal(64, line.Length));
    }

    [Fact]
    public void Both_kinds_of_key_that_cloudfront_supports_are_accepted()
    {
        Assert.Equal(12, Read(_rsa.ExportSubjectPublicKeyInfoPem()).Fingerprint.Length);
        Assert.Equal(12, Read(_ecdsa.ExportSubjectPublicKeyInfoPem()).Fingerprint.Length);
    }

    [Fact]
    public void A_private_key_is_refused_and_the_error_says_what_to_do()
    {
        foreach (var pem in new[] { _rsa.ExportPkcs8PrivateKeyPem(), _rsa.ExportRSAPrivateKeyPem(), _ecdsa.ExportECPrivateKeyPem() })
            Assert.Contains("private key", Fault(pem), StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_cloudfront_rejects_is_refused_with_the_reason()
    {
        using var small = RSA.Create(1024);
        using var large = RSA.Create(4096);
        using var curve = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        Assert.Contains("1024", Fault(small.ExportSubjectPublicKeyInfoPem()), StringComparison.Ordinal);
        Assert.Contains("4096", Fault(large.ExportSubjectPublicKeyInfoPem()), StringComparison.Ordinal);
        Assert.Contains("P-256", Fault(curve.ExportSubjectPublicKeyInfoPem()), StringComparison.Ordinal);
        Assert.Contains("RSA PUBLIC KEY", Fault(_rsa.ExportRSAPublicKeyPem()), StringComparison.Ordinal);
        Assert.Contains("not PEM", Fault("K2JCJMDEHXQW5F"), StringComparison.Ordinal);
        Assert.Contains("neither", Fault("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"), StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _rsa.Dispose();
        _ecdsa.Dispose();
    }

    private static PublicKeyPem Read(string pem)
    {
        Assert.Null(PublicKeyPem.Read(pem, out var key));
        return key!;
    }

    private static string Fault(string pem)
    {
        var fault = PublicKeyPem.Read(pem, out var key);
        Assert.Null(key);
        return fault!;
    }
}
