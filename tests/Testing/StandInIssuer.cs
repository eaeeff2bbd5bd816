using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Reelseal.Testing;

/// <summary>
/// Stands in for the issuer of a recipe: publishes its documents at its paths and with its members, and signs with its header, as that product's documentation
/// shows them.
/// </summary>
public sealed class StandInIssuer : IAsyncDisposable
{
    private static readonly IssuerKey s_key = IssuerKey.Rsa("xA1b2C3d4E5f6G7h8I9j0"); // made once: an RSA key takes a while
    private readonly TokenIssuer _issuer;
    private readonly IssuerRecipe _recipe;
    private readonly Product _product;

    private StandInIssuer(TokenIssuer issuer, IssuerRecipe recipe, Product product)
    {
        (_issuer, _recipe, _product) = (issuer, recipe, product);
        _issuer.Discovery = () => Discovery().ToJsonString();
        _issuer.KeySet = () => new JsonObject { ["keys"] = new JsonArray(PublishedKeys()) }.ToJsonString();
    }

    /// <summary>The recipe's settings, with this issuer in place of the documented one.</summary>
    public Dictionary<string, string> Settings => new(_recipe.Settings, StringComparer.Ordinal) { ["TOKEN_ISSUER"] = _issuer.Address };

    public static async Task<StandInIssuer> StartAsync(IssuerRecipe recipe)
    {
        // "/" alone counts only where the documented name ends with it.
        var path = new Uri(recipe.Issuer).AbsolutePath is var absolute && absolute == "/" && !recipe.Issuer.EndsWith('/') ? "" : absolute;
        var product = Product.Of(recipe.Name, path);
        return new(await TokenIssuer.StartAsync(path, product.KeySetPath), recipe, product);
    }

    /// <summary>Signs the recipe's token with what <paramref name="change"/> makes of its claims.</summary>
    public string Token(DateTimeOffset now, string scope, Action<JsonObject>? change = null)
    {
        var payload = _recipe.PayloadAt(now, _issuer.Address, scope);
        change?.Invoke(payload);
        return Sign(payload, s_key);
    }

    /// <summary>Signs the recipe's token with a key that bears the right name and is not published.</summary>
    public string ForgedToken(DateTimeOffset now, string scope)
    {
        using var forger = IssuerKey.Rsa(s_key.Id);
        return Sign(_recipe.PayloadAt(now, _issuer.Address, scope), forger);
    }

    public ValueTask DisposeAsync() => _issuer.DisposeAsync();

    private string Sign(JsonObject payload, IssuerKey key)
    {
        var header = new JsonObject { ["alg"] = key.Algorithm, ["kid"] = key.Id };
        if (_product.HasType)
            header["typ"] = "JWT";
        if (_product.HasThumbprint)
            header["x5t"] = key.Id;
        return Jwt.Create(header, payload, key.Sign);
    }

    private JsonObject Discovery() => new()
    {
        ["issuer"] = _issuer.Address,
        ["authorization_endpoint"] = _issuer.Origin + "/authorize",
        ["token_endpoint"] = _issuer.Origin + "/oauth/token",
        ["jwks_uri"] = _issuer.Origin + _product.KeySetPath,
        ["response_types_supported"] = new JsonArray("code", "id_token"),
        ["subject_types_supported"] = new JsonArray("public", "pairwise"),
        ["id_token_signing_alg_values_supported"] = new JsonArray("HS256", "RS256", "PS256"),
        ["claims_parameter_supported"] = false,
        ["mtls_endpoint_aliases"] = new JsonObject { ["token_endpoint"] = _issuer.Origin + "/mtls/token" },
    };

    private JsonNode[] PublishedKeys()
    {
        var jwk = s_key.ToJwk();
        if (!_product.HasAlgorithm)
            jwk.Remove("alg");
        if (_product.HasCertificate)
        {
            var certificate = s_key.ToCertificate();
            jwk["x5c"] = new JsonArray(certificate);
#pragma warning disable CA5350 // x5t is a SHA-1 by definition (RFC 7517, 4.8)
            jwk["x5t"] = Base64Url.EncodeToString(SHA1.HashData(Convert.FromBase64String(certificate)));
#pragma warning restore CA5350
        }
        if (!_product.HasEncryptionKey)
            return [jwk];
        var encryption = s_key.ToJwk();
        (encryption["kid"], encryption["use"], encryption["alg"]) = ("encryption", "enc", "RSA-OAEP");
        return [encryption, jwk];
    }

    /// <summary>What differs between products.</summary>
    private sealed record Product(string KeySetPath)
    {
        public bool HasType { get; init; } = true;
        public bool HasThumbprint { get; init; }
        public bool HasAlgorithm { get; init; } = true;
        public bool HasCertificate { get; init; }
        public bool HasEncryptionKey { get; init; }

        public static Product Of(string recipe, string path) => recipe switch
        {
            "Auth0" or "Auth0 without RBAC" => new("/.well-known/jwks.json") { HasCertificate = true },
            "Cognito" => new(path + "/.well-known/jwks.json") { HasType = false },
            "Entra ID" => new("/" + path.Split('/')[1] + "/discovery/v2.0/keys") { HasAlgorithm = false, HasCertificate = true },
            "Entra ID, version 1 tokens" => new("/common/discovery/keys") { HasAlgorithm = false, HasCertificate = true, HasThumbprint = true },
            "Keycloak" => new(path + "/protocol/openid-connect/certs") { HasCertificate = true, HasEncryptionKey = true },
            "Okta" => new(path + "/v1/keys") { HasType = false },
            _ => throw new ArgumentOutOfRangeException(nameof(recipe), recipe, "This recipe has no stand-in."),
        };
    }
}
