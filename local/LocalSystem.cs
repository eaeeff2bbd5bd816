using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Reelseal.Infra;
using Reelseal.Local.Edge;
using Reelseal.Local.Edge.Origins;
using Reelseal.Local.Edge.Signing;
using Reelseal.Local.Functions;
using Reelseal.Local.Gateway;
using Reelseal.Local.Keys;
using Reelseal.Local.Store;
using Reelseal.Storage;
using Reelseal.Tokens;

namespace Reelseal.Local;

/// <summary>
/// The whole system on this machine: both functions as processes, behind a gateway and an edge, with keys of its own.
/// </summary>
internal sealed class LocalSystem : IAsyncDisposable
{
    public const string IngestVideo = "ingest-video";
    public const string SignPlaylist = "sign-playlist";

    private readonly Stack<IAsyncDisposable> _parts = new(); // stopped in the reverse order of their start
    private readonly Secrets _secrets;
    private readonly Dictionary<string, FunctionProgram> _programs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FunctionProcess> _functions = new(StringComparer.Ordinal);
    private readonly List<FunctionProcess> _replicas = [];
    private FunctionGateway _gateway = null!;

    private LocalSystem(LocalOptions options)
    {
        _secrets = options.KeyDirectory is { } directory ? Secrets.Keep(directory, options.SigningKey) : Secrets.Create(options.SigningKey);
        Tokens = new(_secrets.TokenKey, TimeProvider.System);
    }

    /// <summary>The gateway's address, without a slash at its end.</summary>
    public string Gateway { get; private set; } = "";

    /// <summary>The edge's address, without a slash at its end.</summary>
    public string Edge { get; private set; } = "";

    public TokenMint Tokens { get; }

    public CloudFrontKeyPair KeyPair => _secrets.KeyPair;

    public IObjectStore Store { get; private set; } = null!;

    /// <summary>The file with the key of the tokens.</summary>
    public string TokenKeyPath => _secrets.TokenKeyPath;

    /// <summary>The file with the key of callbacks.</summary>
    public string CallbackKeyPath => _secrets.CallbackKeyPath;

    /// <summary>All that no log may hold.</summary>
    public IReadOnlyList<string> SecretTexts =>
        [
            _secrets.OriginSecret, _secrets.TokenKey, _secrets.WorkerKey, File.ReadAllText(CallbackKeyPath),
            .. KeyPair.PrivatePem.Split('\n').Where(line => line.Length > 20 && line[0] != '-'),
        ];

    /// <summary>The processes that the gateway sends calls to, of several replicas the first.</summary>
    public IReadOnlyDictionary<string, FunctionProcess> Functions => _functions;

    /// <summary>All processes of ingest-video that the gateway sends calls to.</summary>
    public IReadOnlyList<FunctionProcess> Replicas => _replicas;

    /// <summary>What they have logged.</summary>
    public IEnumerable<string> ReplicaLog => _replicas.SelectMany(replica => replica.Log.Lines);

    /// <exception cref="FunctionStartException">A function is not published or does not start; the message says which and why.</exception>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">A setting of the store is missing or malformed.</exception>
    public static async Task<LocalSystem> StartAsync(LocalOptions options, CancellationToken cancellationToken)
    {
        var system = new LocalSystem(options);
        try
        {
            await system.StartPartsAsync(options, cancellationToken);
            return system;
        }
        catch
        {
            await system.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Starts a function, or another process of it: the gateway sends all calls there from now on. The one before goes on, if it lives, with what it has.
    /// </summary>
    /// <exception cref="FunctionStartException">It is not published or does not start.</exception>
    public async Task<FunctionProcess> StartFunctionAsync(string name, CancellationToken cancellationToken)
    {
        var function = await FunctionProcess.StartAsync(_programs[name], cancellationToken);
        _parts.Push(function);
        _functions[name] = function;
        if (name == IngestVideo)
        {
            _replicas.Clear();
            _replicas.Add(function);
        }
        _gateway.Register(name, function.Address);
        return function;
    }

    /// <summary>Ends a process of ingest-video, and starts another in its place.</summary>
    /// <param name="replica">The process.</param>
    /// <param name="end">Ends it.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    public async Task ReplaceReplicaAsync(FunctionProcess replica, Action end, CancellationToken cancellationToken)
    {
        end();
        _replicas.Remove(replica);
        await AddReplicaAsync(cancellationToken);
    }

    /// <summary>Starts one more process of ingest-video, to which the gateway sends calls as well.</summary>
    private async Task AddReplicaAsync(CancellationToken cancellationToken)
    {
        var replica = await FunctionProcess.StartAsync(_programs[IngestVideo], cancellationToken);
        _parts.Push(replica);
        _replicas.Add(replica);
        _gateway.Register(IngestVideo, [.. _replicas.Select(one => one.Address)]);
    }

    public async ValueTask DisposeAsync()
    {
        while (_parts.TryPop(out var part))
            await part.DisposeAsync();
        _secrets.Dispose();
    }

    private async Task StartPartsAsync(LocalOptions options, CancellationToken cancellationToken)
    {
        var settings = StoreSettings(options);
        Store = options.Store ?? OpenStore(settings);
        await Store.PutAsync(ObjectKeys.HealthCheck, new MemoryStream("#EXTM3U\n"u8.ToArray()), WriteCondition.None, cancellationToken);

        _gateway = await FunctionGateway.StartAsync(options.GatewayPort, options.Logging, cancellationToken);
        _parts.Push(_gateway);
        Gateway = _gateway.Address;

        var site = new SiteOrigin(options.SiteDirectory);
        var keys = new TrustedKeyGroup(new Dictionary<string, string>(StringComparer.Ordinal) { [KeyPair.Id] = KeyPair.PublicPem });
        var edge = await EdgeServer.StartAsync(
            new() { Port = options.EdgePort, Keys = keys, Playlists = new(Gateway, _secrets.OriginSecret), Store = Store, Site = site },
            options.Logging, cancellationToken);
        _parts.Push(edge);
        Edge = edge.Address;
        if (options.StoreDirectory is not null)
        {
            var parts = await PartServer.StartAsync(settings["STORE_DIRECTORY"], Store, Edge, options.Logging, cancellationToken);
            _parts.Push(parts);
            settings["STORE_URL"] = parts.Address;
        }
        site.Configuration = PageConfiguration();
        site.ContentSecurityPolicy = PagePolicy.ContentSecurityPolicy(Gateway, [OriginOfParts(settings)], frameAncestors: []);
        site.PlayerPolicy = PagePolicy.ContentSecurityPolicy(Gateway, [], options.Embedders);

        settings["CLOUDFRONT_URL"] = Edge;
        settings["KEY_PAIR_ID"] = KeyPair.Id;
        settings.TryAdd("FUNCTION_GATEWAY", Gateway);
        settings.TryAdd("CHUNK_CALLS", (options.Replicas - 1).ToString(CultureInfo.InvariantCulture));
        foreach (var name in (string[])[IngestVideo, SignPlaylist])
        {
            _programs[name] = new()
            {
                Name = name,
                Executable = Path.Combine(options.FunctionsDirectory, name, "Root"),
                Environment = new Dictionary<string, string>(RuntimeSettings.Of(name).Concat(settings), StringComparer.Ordinal),
                SecretsDirectory = _secrets.Directory,
                OnLine = options.OnFunctionLine is { } onLine ? line => onLine(name, line) : null,
            };
            await StartFunctionAsync(name, cancellationToken);
        }
        while (_replicas.Count < options.Replicas)
            await AddReplicaAsync(cancellationToken);
    }

    private static Dictionary<string, string> StoreSettings(LocalOptions options)
    {
        var settings = new Dictionary<string, string>(options.Settings, StringComparer.Ordinal);
        if (options.StoreDirectory is { } directory)
        {
            settings["STORE_DIRECTORY"] = Directory.CreateDirectory(directory).FullName;
            return settings;
        }
        // The bucket and the credentials for it, as the SDK's own chain finds them.
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            if (variable is { Key: string name, Value: string value }
                && (name.StartsWith("S3_", StringComparison.Ordinal) || name.StartsWith("AWS_", StringComparison.Ordinal)))
                settings.TryAdd(name, value);
        }
        return settings;
    }

    /// <summary>Where the page sends parts: the origin of the presigned addresses.</summary>
    private static string OriginOfParts(Dictionary<string, string> settings) =>
        settings.TryGetValue("STORE_URL", out var store) ? store
        : settings.TryGetValue("S3_ENDPOINT", out var endpoint) ? new Uri(endpoint).GetLeftPart(UriPartial.Authority)
        : $"https://{settings.GetValueOrDefault("S3_BUCKET")}.s3.{settings.GetValueOrDefault("AWS_REGION")}.amazonaws.com";

    private IObjectStore OpenStore(Dictionary<string, string> values)
    {
        var settings = new Settings(values.GetValueOrDefault, secretsDirectory: _secrets.Directory);
        var services = new ServiceCollection().AddObjectStore(settings);
        settings.ThrowIfInvalid();
        var provider = services.BuildServiceProvider();
        _parts.Push(provider);
        return provider.GetRequiredService<IObjectStore>();
    }

    /// <summary>What the page reads: where the functions are, and a token that lets it upload, list, play and keep files.</summary>
    private byte[] PageConfiguration()
    {
        var token = Tokens.Mint(new() { Scopes = [Scopes.Ingest, Scopes.Play, Scopes.Download], Lifetime = TimeSpan.FromHours(12) });
        return Encoding.UTF8.GetBytes(
            JsonSerializer.Serialize(new Dictionary<string, string>(StringComparer.Ordinal) { ["gateway"] = Gateway, ["token"] = token }));
    }
}
