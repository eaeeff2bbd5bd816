using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Reelseal.Testing;

/// <summary>A token issuer on a free port of this machine: OpenID Connect Discovery and a JWK set, over real HTTP.</summary>
public sealed class TokenIssuer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _fetches;

    private TokenIssuer(WebApplication app)
    {
        _app = app;
        _app.MapGet("/.well-known/openid-configuration", (HttpContext context) =>
        {
            Interlocked.Increment(ref _fetches);
            return Misbehave is { } misbehave ? misbehave(context) : context.Response.WriteAsync(Discovery?.Invoke() ?? new JsonObject { ["issuer"] = Address, ["jwks_uri"] = $"{Address}/jwks" }.ToJsonString());
        });
        _app.MapGet("/jwks", (HttpContext context) => context.Response.WriteAsync(KeySet?.Invoke() ?? new JsonObject { ["keys"] = new JsonArray([.. Keys.Select(key => key.ToJwk())]) }.ToJsonString()));
    }

    /// <summary>The value of <c>iss</c>, and of <c>TOKEN_ISSUER</c>.</summary>
    public string Address => _app.Urls.First();

    /// <summary>How often somebody asked for the keys.</summary>
    public int Fetches => _fetches;

    /// <summary>What is published.</summary>
    public IReadOnlyList<IssuerKey> Keys { get; set; } = [];

    /// <summary>Answers instead of the discovery document; null for the document.</summary>
    public Func<HttpContext, Task>? Misbehave { get; set; }

    /// <summary>Another discovery document.</summary>
    public Func<string>? Discovery { get; set; }

    /// <summary>Another JWK set.</summary>
    public Func<string>? KeySet { get; set; }

    public static async Task<TokenIssuer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var issuer = new TokenIssuer(builder.Build());
        await issuer._app.StartAsync();
        return issuer;
    }

    public async ValueTask DisposeAsync()
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(1)); // whoever still waits for an answer that never comes
        await _app.StopAsync(soon.Token);
        await _app.DisposeAsync();
    }
}
