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
    private readonly string _path;
    private int _fetches;

    private TokenIssuer(WebApplication app, string path)
    {
        (_app, _path) = (app, path);
        _app.MapGet(path.TrimEnd('/') + "/.well-known/openid-configuration", (HttpContext context) =>
        {
            Interlocked.Increment(ref _fetches);
            return Misbehave is { } misbehave ? misbehave(context)
                : context.Response.WriteAsync(
                    Discovery?.Invoke() ?? new JsonObject { ["issuer"] = Address, ["jwks_uri"] = Origin + KeySetPath }.ToJsonString());
        });
        _app.MapGet("/{**path}", (HttpContext context) =>
        {
            if (context.Request.Path == KeySetPath)
                return context.Response.WriteAsync(
                    KeySet?.Invoke() ?? new JsonObject { ["keys"] = new JsonArray([.. Keys.Select(key => key.ToJwk())]) }.ToJsonString());
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
    }

    /// <summary>Scheme, host and port.</summary>
    public string Origin => _app.Urls.First();

    /// <summary>The value of <c>iss</c>, and of <c>TOKEN_ISSUER</c>.</summary>
    public string Address => Origin + _path;

    /// <summary>Where the keys are.</summary>
    public string KeySetPath { get; init; } = "/jwks";

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

    /// <param name="path">What follows the host in the issuer's name, such as <c>/realms/team</c>, or <c>/</c> alone where its name ends with one.</param>
    /// <param name="keySetPath">Where the keys are.</param>
    public static async Task<TokenIssuer> StartAsync(string path = "", string keySetPath = "/jwks")
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var issuer = new TokenIssuer(builder.Build(), path) { KeySetPath = keySetPath };
        await issuer._app.StartAsync();
        return issuer;
    }

    public async ValueTask DisposeAsync()
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(1)); // some may wait for an answer that never comes
        await _app.StopAsync(soon.Token);
        await _app.DisposeAsync();
    }
}
