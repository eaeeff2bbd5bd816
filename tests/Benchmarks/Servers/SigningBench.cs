using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Reelseal.Local.Functions;
using Reelseal.Local.Keys;
using Reelseal.Storage;
using Reelseal.Testing;
using Reelseal.Tokens;

namespace Reelseal.Benchmarks.Servers;

/// <summary>What the rows about sign-playlist share: a real S3 with playlists, keys, and the two programs that sign them.</summary>
internal sealed class SigningBench : IAsyncDisposable
{
    /// <summary>Two hours of six-second segments.</summary>
    public const int Segments = 1200;

    private readonly HttpClient _http = new(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None });
    private readonly CephRgw _rgw = new();
    private readonly Secrets _secrets = Secrets.Create(SigningKeyKind.Rsa);
    private readonly Secrets _withP256 = Secrets.Create(SigningKeyKind.P256);
    private TestBucket _bucket = null!;

    public DirectoryInfo Folder { get; } = Directory.CreateTempSubdirectory("reelseal-bench-");

    public static async Task<SigningBench> CreateAsync()
    {
        var bench = new SigningBench();
        bench._bucket = await bench._rgw.CreateBucketAsync();
        File.Copy(bench._secrets.TokenKeyPath, bench._withP256.TokenKeyPath, overwrite: true);
        await Article.InstallAsync(bench.Folder);
        return bench;
    }

    /// <summary>Settings of a function that signs with a P-256 key in place of an RSA one.</summary>
    public (string Name, string Value)[] P256 => [("SECRETS_DIRECTORY", _withP256.Directory), ("KEY_PAIR_ID", _withP256.KeyPair.Id)];

    /// <summary>A token signed with the shared key, for every video.</summary>
    public string Token(string scope = Scopes.Play, string id = "bench", string? subject = null) =>
        new TokenMint(_secrets.TokenKey, TimeProvider.System).Mint(new() { Scopes = [scope], Lifetime = TimeSpan.FromHours(2), Id = id, Subject = subject });

    /// <summary>Writes the revocations of tokens, as so many calls of the function would have left them.</summary>
    public static Task RevokeAsync(IObjectStore store, IEnumerable<string> ids) => Parallel.ForEachAsync(ids, async (id, cancellation) =>
    {
        var key = ObjectKeys.RevokedToken(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id))));
        await store.PutAsync(
            key, new MemoryStream("""{"refused":true,"changed":"2026-11-01T12:00:00+00:00"}"""u8.ToArray()),
            WriteCondition.None, cancellation);
    });

    /// <summary>Asks for a playlist with each of these tokens, all of which must be refused.</summary>
    public Task AssertRefusedAsync(Uri server, string key, IEnumerable<string> tokens) => Parallel.ForEachAsync(tokens, async (token, cancellation) =>
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server, key)) { Headers = { Authorization = new("Bearer", token) } };
        using var response = await _http.SendAsync(request, cancellation);
        if (response.StatusCode != HttpStatusCode.Unauthorized)
            throw new InvalidOperationException($"A revoked token was answered {response.StatusCode}.");
    });

    /// <summary>A media playlist as ingest-video writes it.</summary>
    public static string MediaPlaylist(int segments)
    {
        var text = new StringBuilder("#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:6\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n");
        for (var segment = 0; segment < segments; segment++)
            text.Append(CultureInfo.InvariantCulture, $"#EXTINF:6.000000,\n{segment:D5}.ts\n");
        return text.Append("#EXT-X-ENDLIST\n").ToString();
    }

    /// <summary>The compressed body of one answer.</summary>
    public async Task<byte[]> FetchAsync(Uri server, string key, string? token = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server, key));
        request.Headers.Authorization = new("Bearer", token ?? Token());
        request.Headers.AcceptEncoding.ParseAdd("gzip");
        using var response = await _http.SendAsync(request);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadAsByteArrayAsync();
    }

    /// <summary>
    /// Puts a playlist into the bucket and returns its key: of a video that nobody asked for before, so that it takes a signature of its own.
    /// </summary>
    public Task<string> NewPlaylistAsync(int segments) => NewPlaylistAsync(segments, _bucket.CreateStore(TimeSpan.FromSeconds(10)));

    /// <summary>Puts a playlist of a new video into a store and returns its key.</summary>
    public static async Task<string> NewPlaylistAsync(int segments, IObjectStore store)
    {
        var key = $"videos/{VideoId.New()}/a/720p/playlist.m3u8";
        var written = await store.PutAsync(key, new MemoryStream(Encoding.ASCII.GetBytes(MediaPlaylist(segments))), WriteCondition.None, default);
        return written is null ? throw new InvalidOperationException("The playlist was not written.") : key;
    }

    /// <summary>The published sign-playlist, on the servers' core.</summary>
    public Task<ServerProcess> StartFunctionAsync(params (string Name, string Value)[] settings) =>
        StartAsync(
            "sign-playlist", Cores.Server, _bucket.Environment,
            [("KEY_PAIR_ID", _secrets.KeyPair.Id), ("CLOUDFRONT_URL", "https://d111111abcdef8.cloudfront.net"), .. settings]);

    /// <summary>The published sign-playlist on the servers' core, reading from a directory in place of the bucket.</summary>
    public Task<ServerProcess> StartFunctionAsync(DirectoryInfo store) => StartAsync(
        "sign-playlist", Cores.Server, new Dictionary<string, string> { ["STORE_DIRECTORY"] = store.FullName },
        [("KEY_PAIR_ID", _secrets.KeyPair.Id), ("CLOUDFRONT_URL", "https://d111111abcdef8.cloudfront.net")]);

    /// <summary>The published ingest-video, on all cores.</summary>
    public Task<ServerProcess> StartIngestAsync() => StartAsync("ingest-video", Cores.All, _bucket.Environment, []);

    /// <summary>The article's handler in Node, on the servers' core.</summary>
    public Task<ServerProcess> StartArticleAsync(string sign = "each") => ServerProcess.StartAsync(
        _ => ["node", Path.Combine(Folder.FullName, "article", "handler.mjs")],
        port => new(_bucket.Environment)
        {
            ["PORT"] = $"{port}", ["SIGN"] = sign, ["KEY_PAIR_ID"] = _secrets.KeyPair.Id, ["PRIVATE_KEY"] = _secrets.KeyPair.PrivatePem,
            ["CLOUDFRONT_URL"] = "https://d111111abcdef8.cloudfront.net",
        });

    private Task<ServerProcess> StartAsync(
        string function, string cores, IReadOnlyDictionary<string, string> store, (string Name, string Value)[] settings) => ServerProcess.StartAsync(
        _ => [Path.GetFullPath(Path.Combine("artifacts", "functions", function, "Root"))],
        port =>
        {
            var environment = new Dictionary<string, string>([.. RuntimeSettings.Of(function), .. store])
            {
                ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}", ["SECRETS_DIRECTORY"] = _secrets.Directory,
            };
            foreach (var (name, value) in settings)
                environment[name] = value;
            return environment;
        },
        cores);

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _rgw.DisposeAsync();
        _secrets.Dispose();
        _withP256.Dispose();
        Folder.Delete(recursive: true);
    }
}
