using System.Buffers;
using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Reelseal.Tokens;

/// <summary>Checks JSON Web Tokens (RFC 7519): the signature against an allow-list of algorithms, <c>iss</c>, <c>aud</c>, <c>exp</c> and <c>nbf</c>.</summary>
/// <remarks>Remembers what it validated, by the token's SHA-256 and for a minute at most: an ES256 signature costs more than a whole answer.</remarks>
public sealed class TokenValidator
{
    /// <summary>How far the issuer's clock may differ from ours.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(5);

    private const int LongestToken = 8 * 1024;
    private const int MostRemembered = 10_000;
    private static readonly SearchValues<char> s_characters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");
    private static readonly TimeSpan s_rememberedFor = TimeSpan.FromMinutes(1);

    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false };
    private readonly ConcurrentDictionary<Digest, Remembered> _remembered = new();
    private readonly SymmetricSecurityKey? _sharedKey;
    private readonly IssuerKeys? _issuer;
    private readonly TokenOptions _options;
    private readonly TimeProvider _clock;

    /// <param name="options">Which tokens are trusted.</param>
    /// <param name="clock">The present time.</param>
    /// <param name="http">Fetches the issuer's keys.</param>
    /// <param name="logger">Is told when the issuer's keys are not to be had.</param>
    public TokenValidator(TokenOptions options, TimeProvider clock, HttpClient http, ILogger<TokenValidator> logger)
    {
        (_options, _clock) = (options, clock);
        _sharedKey = options.SharedKey is { } key ? new(key) : null;
        _issuer = options.Issuer is { } issuer ? new(issuer, options.IssuerTimeout, clock, http, logger) : null;
    }

    /// <summary>Whether the issuer can be asked for its keys; at once where none is trusted.</summary>
    /// <exception cref="UpstreamException">Its keys are not to be had.</exception>
    public Task CheckIssuerAsync(CancellationToken cancellationToken) => _issuer?.CheckAsync(cancellationToken) ?? Task.CompletedTask;

    /// <summary>What the token says, or null when it is not valid now.</summary>
    /// <exception cref="UpstreamException">The issuer's keys are not to be had.</exception>
    public async ValueTask<TokenClaims?> ValidateAsync(string token, CancellationToken cancellationToken)
    {
        if (token.Length is 0 or > LongestToken || token.AsSpan().ContainsAnyExcept(s_characters))
            return null;
        var now = _clock.GetUtcNow();
        var digest = Digest.Of(token);
        if (!_remembered.TryGetValue(digest, out var known) || known.Until <= now || (known.Keys is not null && known.Keys != _issuer!.Known))
        {
            if (await CheckAsync(token, cancellationToken) is not { } valid)
                return null;
            if (_remembered.Count >= MostRemembered)
                _remembered.Clear();
            known = new(valid.Claims, valid.Keys, now + s_rememberedFor);
            _remembered[digest] = known;
        }
        return known.Claims.NotBefore <= now + ClockSkew && now - ClockSkew < known.Claims.Expires ? known.Claims : null;
    }

    /// <summary>Checks everything but the time; tells also which keys it was checked with, null for the shared one.</summary>
    private async ValueTask<(TokenClaims Claims, KeySet? Keys)?> CheckAsync(string token, CancellationToken cancellationToken)
    {
        var parts = token.Split('.', 4);
        if (parts.Length != 3)
            return null;
        using var header = CompactJson.Read(parts[0]);
        // What an extension named in crit changes, we would not know (RFC 7515, section 4.1.11).
        if (header is null || header.RootElement.TryGetProperty("crit", out _))
            return null;

        // Each algorithm has its own keys, so that none can be used with a key that was meant for another.
        KeySet? keys = null;
        IEnumerable<SecurityKey> candidates = [];
        var algorithm = header.RootElement.Text("alg");
        if (algorithm == SecurityAlgorithms.HmacSha256 && _sharedKey is not null)
            candidates = [_sharedKey];
        else if (algorithm is SecurityAlgorithms.RsaSha256 or SecurityAlgorithms.EcdsaSha256 && _issuer is not null)
            candidates = (keys = await _issuer.FindAsync(algorithm, header.RootElement.Text("kid"), cancellationToken)).Find(algorithm, header.RootElement.Text("kid"));
        foreach (var key in candidates)
        {
            var result = await _handler.ValidateTokenAsync(token, new TokenValidationParameters
            {
                IssuerSigningKey = key,
                ValidAlgorithms = [algorithm],
                ValidAudience = _options.Audience,
                IgnoreTrailingSlashWhenValidatingAudience = false,
                ValidateIssuer = _options.Issuer is not null,
                ValidIssuer = _options.Issuer,
                ValidateLifetime = false, // checked at every use, and not only at the first
            });
            if (result.IsValid && ReadClaims(parts[1]) is { } claims)
                return (claims, keys);
        }
        return null;
    }

    /// <summary>A claim of the wrong type must not widen what a token allows: such a token is no token.</summary>
    private static TokenClaims? ReadClaims(string payload)
    {
        using var document = CompactJson.Read(payload);
        if (document?.RootElement is not { } claims
            || !claims.TryReadTime("exp", out var expires) || expires is null || !claims.TryReadTime("nbf", out var notBefore) || !claims.TryReadTime("until", out var until)
            || !claims.TryReadTexts("scope", out var scopes) || !claims.TryReadTexts("video", out var videos))
            return null;
        return new(
            (scopes ?? []).SelectMany(scope => scope.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToFrozenSet(StringComparer.Ordinal),
            videos?.Select(video => VideoId.TryParse(video, provider: null, out var id) ? id : (VideoId?)null).OfType<VideoId>().ToFrozenSet(),
            notBefore ?? DateTimeOffset.UnixEpoch,
            expires.Value,
            until);
    }

    /// <param name="Claims">What the token says.</param>
    /// <param name="Keys">The issuer's keys by which it was checked: it has to be checked again when they have changed. Null for the shared key.</param>
    /// <param name="Until">When to check it again in any case.</param>
    private sealed record Remembered(TokenClaims Claims, KeySet? Keys, DateTimeOffset Until);

    /// <summary>The SHA-256 of a token: the cache holds no token that a memory dump could give away.</summary>
    private readonly record struct Digest(UInt128 High, UInt128 Low)
    {
        public static Digest Of(string token)
        {
            Span<byte> text = stackalloc byte[token.Length]; // not more: the stack is cleared
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(text[..Encoding.ASCII.GetBytes(token, text)], hash);
            return MemoryMarshal.Read<Digest>(hash);
        }
    }
}
