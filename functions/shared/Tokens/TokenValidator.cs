using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Reelseal.Tokens;

/// <summary>Checks JSON Web Tokens (RFC 7519): the signature by an allow-list of algorithms, <c>iss</c>, the audience, <c>exp</c> and <c>nbf</c>.</summary>
/// <remarks>Remembers what it validated, by the token's SHA-256 and for a minute at most: an ES256 signature costs more than a whole answer.</remarks>
public sealed class TokenValidator
{
    /// <summary>How far the issuer's clock may differ from ours.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(5);

    private const int MaxTokenLength = 16 * 1024; // characters; a user in hundreds of groups has a long one
    private const int MaxRemembered = 10_000;
    private static readonly SearchValues<char> s_characters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");
    private static readonly TimeSpan s_rememberedFor = TimeSpan.FromMinutes(1);

    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false };
    private readonly ConcurrentDictionary<Digest, Remembered> _remembered = new();
    private readonly SymmetricSecurityKey? _sharedKey;
    private readonly IssuerKeys? _issuer;
    private readonly ClaimsReader _claims;
    private readonly TokenOptions _options;
    private readonly TimeProvider _clock;

    /// <param name="options">Which tokens are trusted.</param>
    /// <param name="clock">The present time.</param>
    /// <param name="http">Fetches the issuer's keys.</param>
    /// <param name="logger">Logs when the issuer's keys are unavailable.</param>
    public TokenValidator(TokenOptions options, TimeProvider clock, HttpClient http, ILogger<TokenValidator> logger)
    {
        (_options, _clock, _claims) = (options, clock, new(options));
        _sharedKey = options.SharedKey is { } key ? new(key) : null;
        _issuer = options.Issuer is { } issuer ? new(issuer, options.IssuerTimeout, clock, http, logger) : null;
    }

    /// <summary>Asks the issuer for its keys; returns at once when there is no issuer.</summary>
    /// <exception cref="UpstreamException">Its keys are unavailable.</exception>
    public Task CheckIssuerAsync(CancellationToken cancellationToken) => _issuer?.CheckAsync(cancellationToken) ?? Task.CompletedTask;

    /// <summary>Validates a token.</summary>
    /// <returns>What the token says, or null when it is not valid now.</returns>
    /// <exception cref="UpstreamException">The issuer's keys are unavailable.</exception>
    public async ValueTask<TokenClaims?> ValidateAsync(string token, CancellationToken cancellationToken)
    {
        if (token.Length is 0 or > MaxTokenLength || token.AsSpan().ContainsAnyExcept(s_characters))
            return null;
        var now = _clock.GetUtcNow();
        var digest = Digest.Of(token);
        if (!_remembered.TryGetValue(digest, out var known) || known.Until <= now || (known.Keys is not null && known.Keys != _issuer!.Known))
        {
            if (await CheckAsync(token, cancellationToken) is not { } valid)
                return null;
            if (_remembered.Count >= MaxRemembered)
                _remembered.Clear();
            known = new(valid.Claims, valid.Keys, now + s_rememberedFor);
            _remembered[digest] = known;
        }
        return known.Claims.NotBefore <= now + ClockSkew && now - ClockSkew < known.Claims.Expires ? known.Claims : null;
    }

    /// <summary>Checks everything except the time.</summary>
    /// <returns>The claims, and the keys that the signature was checked with (null for the shared key), or null when the token is not valid.</returns>
    private async ValueTask<(TokenClaims Claims, KeySet? Keys)?> CheckAsync(string token, CancellationToken cancellationToken)
    {
        var parts = token.Split('.', 4);
        if (parts.Length != 3)
            return null;
        using var header = CompactJson.Read(parts[0]);
        // We would not know what an extension named in crit changes (RFC 7515, section 4.1.11).
        if (header is null || header.RootElement.TryGetProperty("crit", out _))
            return null;

        // Each algorithm has keys of its own, so that none can be used with a key that was meant for another (RFC 8725, section 3.1).
        KeySet? keys = null;
        IEnumerable<SecurityKey> candidates = [];
        var (algorithm, keyId) = (header.RootElement.Text("alg"), header.RootElement.Text("kid"));
        if (algorithm == SecurityAlgorithms.HmacSha256 && _sharedKey is not null)
            candidates = [_sharedKey];
        else if (KeySet.Supports(algorithm) && _issuer is not null)
            candidates = (keys = await _issuer.FindAsync(algorithm, keyId, cancellationToken)).Find(algorithm, keyId);
        foreach (var key in candidates)
        {
            var result = await _handler.ValidateTokenAsync(token, new TokenValidationParameters
            {
                IssuerSigningKey = key,
                ValidAlgorithms = [algorithm],
                ValidateIssuer = _options.Issuer is not null,
                ValidIssuer = _options.Issuer,
                ValidateAudience = false, // ClaimsReader does: its claim may have another name
                ValidateLifetime = false, // checked at every use, and not only at the first
            });
            if (result.IsValid && _claims.Read(parts[1]) is { } claims)
                return (claims, keys);
        }
        return null;
    }

    /// <param name="Claims">What the token says.</param>
    /// <param name="Keys">The issuer's keys that it was checked with: when they change, it is checked again. Null for the shared key.</param>
    /// <param name="Until">When to check it again in any case.</param>
    private sealed record Remembered(TokenClaims Claims, KeySet? Keys, DateTimeOffset Until);

    /// <summary>The SHA-256 of a token: the cache holds no token that a memory dump could give away.</summary>
    private readonly record struct Digest(UInt128 High, UInt128 Low)
    {
        public static Digest Of(string token)
        {
            Span<byte> text = stackalloc byte[token.Length]; // no more: the stack is cleared
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(text[..Encoding.ASCII.GetBytes(token, text)], hash);
            return MemoryMarshal.Read<Digest>(hash);
        }
    }
}
