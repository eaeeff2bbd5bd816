using System.Security.Cryptography;

namespace Reelseal.Local.Keys;

/// <summary>The functions' secrets: files in a folder that only this user can read.</summary>
internal sealed class Secrets : IDisposable
{
    private const string SigningKeyName = "reelseal-signing-key";
    private const string OriginSecretName = "reelseal-origin-secret";
    private const string TokenKeyName = "reelseal-token-key";
    private const string CallbackKeyName = "reelseal-callback-key";

    private readonly bool _isKept;

    private Secrets(string directory, SigningKeyKind kind, bool isKept)
    {
        (Directory, _isKept) = (directory, isKept);
        KeyPair = CloudFrontKeyPair.Read(ReadOrWrite(SigningKeyName, () => CloudFrontKeyPair.Create(kind).PrivatePem));
        OriginSecret = ReadOrWrite(OriginSecretName, RandomText);
        TokenKey = ReadOrWrite(TokenKeyName, RandomText);
        WorkerKey = ReadOrWrite("reelseal-worker-key", RandomText);
        ReadOrWrite(CallbackKeyName, () => "whsec_" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
    }

    public string Directory { get; }

    public CloudFrontKeyPair KeyPair { get; }

    /// <summary>The value that the edge sends the function in <c>X-Origin-Verify</c>.</summary>
    public string OriginSecret { get; }

    /// <summary>The HS256 key of the tokens.</summary>
    public string TokenKey { get; }

    /// <summary>The key of calls from replica to replica.</summary>
    public string WorkerKey { get; }

    /// <summary>The path of the file with <see cref="TokenKey"/>: what <c>make token</c> takes.</summary>
    public string TokenKeyPath => TokenKeyPathIn(Directory);

    /// <summary>The path of the file with the key of callbacks.</summary>
    public string CallbackKeyPath => Path.Combine(Directory, CallbackKeyName);

    /// <summary>Makes secrets that are removed at the end.</summary>
    public static Secrets Create(SigningKeyKind kind) =>
        new(System.IO.Directory.CreateTempSubdirectory("reelseal-secrets-").FullName, kind, isKept: false); // made with mode 0700

    /// <summary>Opens the secrets of a folder that stays, and makes those that are missing: what was signed with them yesterday opens today.</summary>
    /// <param name="directory">The folder; it is made if need be.</param>
    /// <param name="kind">The kind of signing key to create. A key that the folder already has stays.</param>
    public static Secrets Keep(string directory, SigningKeyKind kind)
    {
        if (OperatingSystem.IsWindows())
            System.IO.Directory.CreateDirectory(directory);
        else
            System.IO.Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return new(directory, kind, isKept: true);
    }

    /// <summary>The path of the tokens' key in a folder of secrets.</summary>
    public static string TokenKeyPathIn(string directory) => Path.Combine(directory, TokenKeyName);

    public void Dispose()
    {
        if (!_isKept)
            System.IO.Directory.Delete(Directory, recursive: true);
    }

    private string ReadOrWrite(string name, Func<string> create)
    {
        var path = Path.Combine(Directory, name);
        if (File.Exists(path))
            return File.ReadAllText(path);
        var secret = create();
        // Whole or not at all: half a key would be found again tomorrow.
        File.WriteAllText($"{path}.new", secret);
        File.Move($"{path}.new", path);
        return secret;
    }

    private static string RandomText() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
}
