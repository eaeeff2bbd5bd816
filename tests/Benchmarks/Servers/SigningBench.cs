using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Reelseal.Local.Keys;
using Reelseal.Storage;
using Reelseal.Testing;
using Reelseal.Tokens;

namespace Reelseal.Benchmarks.Servers;

/// <summary>What the rows about sign-playlist share: a real S3 with playlists, keys, and the two programs that sign them.</summary>
internal sealed class SigningBench : IAsyncDisposable
{
    private readonly CephRgw _rgw = new();
    private readonly Secrets _secrets = Secrets.Create(SigningKeyKind.Rsa);
    private TestBucket _bucket = null!;

    public DirectoryInfo Folder { get; } = Directory.CreateTempSubdirectory("reelseal-bench-");

    public VideoId Video { get; } = VideoId.New();

    public static async Task<SigningBench> CreateAsync()
    {
        var bench = new SigningBench();
        bench._bucket = await bench._rgw.CreateBucketAsync();
        Command.Run("cp", ["-r", Path.Combine(AppContext.BaseDirectory, "article"), bench.Folder.FullName]);
        Command.Run("npm", ["install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"], Path.Combine(bench.Folder.FullName, "article"));
        return bench;
    }

    public string Token() => new TokenMint(_secrets.TokenKey, TimeProvider.System).Mint(new() { Scopes = [Scopes.Play], Videos = [Video], Lifetime = TimeSpan.FromHours(2) });

    /// <summary>Puts a playlist into the store and returns its key, which nobody asked for before.</summary>
    public async Task<string> NewPlaylistAsync(int segments)
    {
        var key = $"videos/{Video}/{RandomNumberGenerator.GetHexString(8, lowercase: true)}/720p/playlist.m3u8";
        var text = new StringBuilder("#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:6\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n");
        for (var segment = 0; segment < segments; segment++)
            text.Append(CultureInfo.InvariantCulture, $"#EXTINF:6.000000,\n{segment:D5}.ts\n");
        text.Append("#EXT-X-ENDLIST\n");
        var written = await _bucket.CreateStore(TimeSpan.FromSeconds(10)).PutAsync(key, new MemoryStream(Encoding.UTF8.GetBytes(text.ToString())), WriteCondition.None, default);
        return written is null ? throw new InvalidOperationException("The playlist was not written.") : key;
    }

    /// <summary>The published sign-playlist, on the servers' core.</summary>
    public Task<ServerProcess> StartFunctionAsync(params (string Name, string Value)[] settings) => ServerProcess.StartAsync(
        _ => [Path.GetFullPath(Path.Combine("artifacts", "functions", "sign-playlist", "Root"))],
        port =>
        {
            var environment = new Dictionary<string, string>(_bucket.Environment)
            {
                ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}", ["SECRETS_DIRECTORY"] = _secrets.Directory, ["KEY_PAIR_ID"] = _secrets.KeyPair.Id,
                ["CLOUDFRONT_URL"] = "https://d111111abcdef8.cloudfront.net",
            };
            foreach (var (name, value) in settings)
                environment[name] = value;
            return environment;
        });

    /// <summary>The article's handler in Node, on the servers' core.</summary>
    public Task<ServerProcess> StartArticleAsync(string sign = "each") => ServerProcess.StartAsync(
        _ => ["node", Path.Combine(Folder.FullName, "article", "handler.mjs")],
        port => new(_bucket.Environment)
        {
            ["PORT"] = $"{port}", ["SIGN"] = sign, ["KEY_PAIR_ID"] = _secrets.KeyPair.Id, ["PRIVATE_KEY"] = _secrets.KeyPair.PrivatePem,
            ["CLOUDFRONT_URL"] = "https://d111111abcdef8.cloudfront.net",
        });

    public async ValueTask DisposeAsync()
    {
        await _rgw.DisposeAsync();
        _secrets.Dispose();
        Folder.Delete(recursive: true);
    }
}
