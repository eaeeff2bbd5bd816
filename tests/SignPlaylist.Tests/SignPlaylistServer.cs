using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Reelseal;
using Reelseal.Storage;
using Reelseal.Testing;
using Root;

namespace SignPlaylist.Tests;

/// <summary>The function behind real HTTP, with a directory as its store, a clock that stands still, and keys of its own.</summary>
public sealed class SignPlaylistServer : IAsyncDisposable
{
    public const string OriginSecret = "origin-secret-of-this-test";
    public const string PreviousOriginSecret = "previous-origin-secret-of-it";
    public const string TokenKey = "a-token-key-of-at-least-32-bytes!";
    public static readonly DateTimeOffset Start = new(2027, 1, 15, 8, 20, 0, TimeSpan.Zero);

    private static readonly Lazy<string> s_pem = new(static () =>
    {
        using var rsa = RSA.Create(2048);
        return rsa.ExportPkcs8PrivateKeyPem();
    });

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sign-playlist-tests-");
    private readonly WebApplication _app;

    private readonly TestLog _log = new(TestContext.Current.TestOutputHelper);

    private SignPlaylistServer(Dictionary<string, string> settings, IObjectStore? store, string pem, Action<IServiceCollection>? change)
    {
        SigningKeyPem = pem;
        var secrets = _folder.CreateSubdirectory("secrets").FullName;
        File.WriteAllText(Path.Combine(secrets, "reelseal-signing-key"), pem);
        File.WriteAllText(Path.Combine(secrets, "reelseal-origin-secret"), OriginSecret + "\n");
        File.WriteAllText(Path.Combine(secrets, "reelseal-origin-secret-previous"), PreviousOriginSecret);
        File.WriteAllText(Path.Combine(secrets, "reelseal-token-key"), TokenKey);
        settings = new(settings, StringComparer.Ordinal);
        settings.TryAdd("CLOUDFRONT_URL", "https://cdn.example");
        settings.TryAdd("KEY_PAIR_ID", "K1");
        Store = store ?? new DirectoryObjectStore(Path.Combine(_folder.FullName, "store"), TimeSpan.FromSeconds(5));

        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders().AddProvider(_log);
        builder.Services.AddProblemDetails(problems => problems.CustomizeProblemDetails = Problems.Complete);
        builder.Services.AddSignPlaylist(SigningOptions.Read(new Settings(settings.GetValueOrDefault, secrets)));
        builder.Services.AddSingleton<TimeProvider>(Clock);
        builder.Services.AddSingleton(Store);
        change?.Invoke(builder.Services);
        _app = builder.Build();
        _app.UseProblems();
        Handler.MapEndpoints(_app);
    }

    /// <summary>The function's routes.</summary>
    public IEnumerable<RouteEndpoint> Routes => ((IEndpointRouteBuilder)_app).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>();

    public IServiceProvider Services => _app.Services;

    public Uri Address => new(_app.Urls.Single());

    /// <summary>The warnings and errors that were logged.</summary>
    public IReadOnlyCollection<string> Log => _log.Lines;

    public string SigningKeyPem { get; }

    public FakeTimeProvider Clock { get; } = new(Start);
    public IObjectStore Store { get; }

    public HttpClient Client { get; } = new(new DocumentedHandler("sign-playlist", new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }));

    public static async Task<SignPlaylistServer> StartAsync(
        Dictionary<string, string>? settings = null, IObjectStore? store = null, string? pem = null, Action<IServiceCollection>? change = null)
    {
        var server = new SignPlaylistServer(settings ?? [], store, pem ?? s_pem.Value, change);
        await server._app.StartAsync();
        server.Client.BaseAddress = new Uri(server._app.Urls.Single());
        return server;
    }

    public async Task PutAsync(string key, string content) =>
        Assert.NotNull(await Store.PutAsync(key, new MemoryStream(Encoding.UTF8.GetBytes(content)), WriteCondition.None, CancellationToken.None));

    /// <summary>Asks as a client with a token in the header, or none.</summary>
    public Task<HttpResponseMessage> GetAsync(string path, string? token = null, HttpMethod? method = null, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method ?? HttpMethod.Get, path);
        if (token is not null)
            request.Headers.Authorization = new("Bearer", token);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return Client.SendAsync(request);
    }

    /// <summary>Asks as CloudFront does.</summary>
    public Task<HttpResponseMessage> GetAsEdgeAsync(string pathAndQuery, string secret = OriginSecret, params (string Name, string Value)[] headers) =>
        GetAsync(pathAndQuery, headers: [(OriginProof.Header, secret), .. headers]);

    public string Token(
        object? video = null, string scope = "video:play", DateTimeOffset? expires = null, long? until = null, string? id = null, string? subject = null)
    {
        var claims = new Dictionary<string, object> { ["scope"] = scope };
        if (video is not null)
            claims["video"] = video;
        if (until is not null)
            claims["until"] = until;
        if (id is not null)
            claims["jti"] = id;
        if (subject is not null)
            claims["sub"] = subject;
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Audience = "reelseal",
            Expires = (expires ?? Clock.GetUtcNow().AddMinutes(10)).UtcDateTime,
            Claims = claims,
            SigningCredentials = new(new SymmetricSecurityKey(Encoding.UTF8.GetBytes(TokenKey)), SecurityAlgorithms.HmacSha256),
        });
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
