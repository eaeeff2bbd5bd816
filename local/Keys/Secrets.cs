using System.Security.Cryptography;

namespace Reelseal.Local.Keys;

/// <summary>The functions' secrets, made at start: files in a folder that only this user can read, removed when the system stops.</summary>
internal sealed class Secrets : IDisposable
{
    private const string TokenKeyName = "reelseal-token-key";
    private const string CallbackKeyName = "reelseal-callback-key";

    private Secrets(string directory, CloudFrontKeyPair keyPair, string originSecret, string tokenKey) =>
        (Directory, KeyPair, OriginSecret, TokenKey) = (directory, keyPair, originSecret, tokenKey);

    public string Directory { get; }

    public CloudFrontKeyPair KeyPair { get; }

    /// <summary>The value that the edge sends the function in <c>X-Origin-Verify</c>.</summary>
    public string OriginSecret { get; }

    /// <summary>The HS256 key of the tokens.</summary>
    public string TokenKey { get; }

    /// <summary>The path of the file with <see cref="TokenKey"/>: what <c>make token</c> takes.</summary>
    public string TokenKeyPath => Path.Combine(Directory, TokenKeyName);

    /// <summary>The path of the file with the key of callbacks.</summary>
    public string CallbackKeyPath => Path.Combine(Directory, CallbackKeyName);

    public static Secrets Create(SigningKeyKind kind)
    {
        // Made with mode 0700.
        var directory = System.IO.Directory.CreateTempSubdirectory("reelseal-secrets-").FullName;
        var secrets = new Secrets(directory, CloudFrontKeyPair.Create(kind), RandomText(), RandomText());
        secrets.Write("reelseal-signing-key", secrets.KeyPair.PrivatePem);
        secrets.Write("reelseal-origin-secret", secrets.OriginSecret);
        secrets.Write(TokenKeyName, secrets.TokenKey);
        secrets.Write(CallbackKeyName, "whsec_" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        return secrets;
    }

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);

    private void Write(string name, string secret) => File.WriteAllText(Path.Combine(Directory, name), secret);

    private static string RandomText() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
}
