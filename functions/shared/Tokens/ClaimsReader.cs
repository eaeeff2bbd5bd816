using System.Collections.Frozen;
using System.Text.Json;

namespace Reelseal.Tokens;

/// <summary>Reads the claims of a token whose signature and issuer were checked, under the names that issuers give them.</summary>
internal sealed class ClaimsReader(TokenOptions options)
{
    /// <summary>Where issuers write what a token allows, in the order in which we look.</summary>
    /// <remarks>
    /// <c>scope</c>: RFC 8693 and RFC 9068, Auth0, Cognito, Keycloak. <c>scp</c>: Entra ID (a string), Okta (an array). <c>permissions</c>: Auth0 with RBAC.
    /// <c>roles</c>: Entra ID's app roles.
    /// </remarks>
    private static readonly string[] s_scopeClaims = ["scope", "scp", "permissions", "roles"];

    /// <summary>Reads the claims. A claim of the wrong type must not widen what a token allows: such a token is refused.</summary>
    /// <param name="payload">The token's second part.</param>
    /// <returns>The claims, or null when they are malformed or for another audience.</returns>
    public TokenClaims? Read(ReadOnlySpan<char> payload)
    {
        using var document = CompactJson.Read(payload);
        if (document?.RootElement is not { } claims
            || !claims.TryReadTexts(options.AudienceClaim, out var audiences) || audiences?.Any(options.Audiences.Contains) != true
            || !claims.TryReadTime("exp", out var expires) || expires is null
            || !claims.TryReadTime("nbf", out var notBefore) || !claims.TryReadTime("until", out var until)
            || !claims.TryReadTexts(options.VideoClaim, out var videos) || ReadScopes(claims) is not { } scopes
            || !claims.TryReadText("jti", out var id) || (id is null && !claims.TryReadText("uti", out id)) || !claims.TryReadText("sub", out var subject))
            return null;
        return new(
            scopes,
            videos?.Select(video => VideoId.TryParse(video, provider: null, out var parsed) ? parsed : (VideoId?)null).OfType<VideoId>().ToFrozenSet(),
            notBefore ?? DateTimeOffset.UnixEpoch,
            expires.Value,
            until,
            id,
            subject);
    }

    /// <summary>Takes the first claim that names a scope of ours, and that one only.</summary>
    /// <remarks>
    /// The claims mean different things: <c>scope</c> is what the user granted this client, <c>permissions</c> and <c>roles</c> are all that the user may do.
    /// Added up, a client that was granted only playing could upload for a user who may. But a login's <c>"openid profile"</c> says nothing about videos,
    /// and must not hide the permissions beside it.
    /// </remarks>
    /// <returns>The scopes, or null when a claim has the wrong type.</returns>
    private FrozenSet<string>? ReadScopes(JsonElement claims)
    {
        foreach (var name in s_scopeClaims)
        {
            if (!claims.TryReadTexts(name, out var texts))
                return null;
            var words = (texts ?? []).SelectMany(text => text.Split(' ', StringSplitOptions.RemoveEmptyEntries));
            var scopes = words.Select(WithoutPrefix).ToFrozenSet();
            if (scopes.Any(scope => scope.StartsWith(Scopes.Family, StringComparison.Ordinal)))
                return scopes;
        }
        return FrozenSet<string>.Empty;
    }

    private string WithoutPrefix(string scope) =>
        scope.StartsWith(options.ScopePrefix, StringComparison.Ordinal) ? scope[options.ScopePrefix.Length..] : scope;
}
