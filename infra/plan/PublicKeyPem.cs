using System.Security.Cryptography;

namespace Reelseal.Infra;

/// <summary>A public key that CloudFront accepts for signed URLs: RSA with 2048 bits or ECDSA on P-256, as PEM (SubjectPublicKeyInfo).</summary>
/// <param name="Text">
/// The PEM with lines of 64 characters, line feeds and a final one, which is how CloudFront gives it back. Any other form of the same key would look
/// changed at every run; the provider would then replace the key, and every URL signed with it would die.
/// </param>
/// <param name="Fingerprint">The first 12 hexadecimal digits of the SHA-256 of the key: a name that stays with the key wherever it moves in a list.</param>
public sealed record PublicKeyPem(string Text, string Fingerprint)
{
    /// <summary>Reads a key, however its lines are broken.</summary>
    /// <param name="pem">The text between and with its BEGIN and END lines.</param>
    /// <param name="key">The key, or null if there is an error.</param>
    /// <returns>Null, or the reason why CloudFront would not take it.</returns>
    public static string? Read(string pem, out PublicKeyPem? key)
    {
        key = null;
        // A configuration that was pasted through JSON or an environment variable has its line ends as two characters.
        var text = pem.Replace("\\n", "\n", StringComparison.Ordinal).Trim();
        if (text.Contains("PRIVATE KEY", StringComparison.Ordinal))
            return "holds a private key; it belongs in the function's secret only, and anyone who can read this configuration must now be assumed to know it";
        if (!PemEncoding.TryFind(text, out var fields))
            return "is not PEM";
        if (text[fields.Label] != "PUBLIC KEY")
            return $"is a {text[fields.Label]}, not a PUBLIC KEY (openssl pkey -in private.pem -pubout)";
        var bytes = Convert.FromBase64String(text[fields.Base64Data]);
        if (FindError(bytes) is { } error)
            return error;
        key = new(PemEncoding.WriteString("PUBLIC KEY", bytes) + "\n", Convert.ToHexStringLower(SHA256.HashData(bytes))[..12]);
        return null;
    }

    private static string? FindError(byte[] subjectPublicKeyInfo)
    {
        if (TryImport(RSA.Create(), subjectPublicKeyInfo) is { } rsa)
        {
            using (rsa)
                return rsa.KeySize == 2048 ? null : $"is an RSA key with {rsa.KeySize} bits; CloudFront takes 2048";
        }
        if (TryImport(ECDsa.Create(), subjectPublicKeyInfo) is { } ecdsa)
        {
            using (ecdsa)
                return ecdsa.ExportParameters(includePrivateParameters: false).Curve.Oid.Value == "1.2.840.10045.3.1.7"
                    ? null : "is an elliptic curve key, but not on P-256";
        }
        return "is neither an RSA nor an elliptic curve key";
    }

    private static T? TryImport<T>(T algorithm, byte[] subjectPublicKeyInfo)
        where T : AsymmetricAlgorithm
    {
        try
        {
            algorithm.ImportSubjectPublicKeyInfo(subjectPublicKeyInfo, out _);
            return algorithm;
        }
        catch (CryptographicException)
        {
            algorithm.Dispose();
            return null;
        }
    }
}
