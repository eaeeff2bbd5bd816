using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
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
    private static readonly TimeSpan s_rememberedFor = TimeSpan.FromMinutes(1);

    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false };
    private readonly ConcurrentDictionary<Digest, (TokenClaims Claims, DateTimeOffset Until)> _remembered = new();
    private readonly TokenValidationParameters _parameters;
    private readonly ConfigurationManager<OpenIdConnectConfiguration>? _issuer;
    private readonly TokenOptions _options;
    private readonly TimeProvider _clock;
    private OpenIdConnectConfiguration? _rememberedKeys;

    /// <param name="options">Which tokens are trusted.</param>
    /// <param name="clock">The present time.</param>
    /// <param name="http">Fetches the issuer's keys.</param>
    public TokenValidator(TokenOptions options, TimeProvider clock, HttpClient http)
    {
        (_options, _clock) = (options, clock);
        var algorithms = new List<string>();
        _parameters = new()
        {
            ValidAudience = options.Audience,
            ValidateIssuer = options.Issuer is not null,
            ValidIssuer = options.Issuer,
            ValidateLifetime = false, // checked below, at every use and not only at the first
            ValidAlgorithms = algorithms,
        };
        if (options.SharedKey is { } key)
        {
            _parameters.IssuerSigningKey = new SymmetricSecurityKey(key);
            algorithms.Add(SecurityAlgorithms.HmacSha256);
        }
        if (options.Issuer is { } issuer)
        {
            algorithms.AddRange([SecurityAlgorithms.RsaSha256, SecurityAlgorithms.EcdsaSha256]);
            _issuer = new(
                issuer.TrimEnd('/') + "/.well-known/openid-configuration",
                new OpenIdConnectConfigurationRetriever(),
                new HttpDocumentRetriever(http) { RequireHttps = !new Uri(issuer).IsLoopback });
            _parameters.ConfigurationManager = _issuer;
        }
    }

    /// <summary>What the token says, or null when it is not valid now.</summary>
    /// <exception cref="UpstreamException">The issuer's keys are not to be had.</exception>
    public async ValueTask<TokenClaims?> ValidateAsync(string token, CancellationToken cancellationToken)
    {
        if (token.Length is 0 or > LongestToken)
            return null;
        await ForgetOnKeyChangeAsync(cancellationToken);
        var now = _clock.GetUtcNow();
        var digest = Digest.Of(token);
        if (!_remembered.TryGetValue(digest, out var known) || known.Until <= now)
        {
            var result = await _handler.ValidateTokenAsync(token, _parameters);
            if (!result.IsValid || Read((JsonWebToken)result.SecurityToken) is not { } claims)
                return null;
            if (_remembered.Count >= MostRemembered)
                _remembered.Clear();
            known = (claims, now + s_rememberedFor);
            _remembered[digest] = known;
        }
        return known.Claims.NotBefore <= now + ClockSkew && now - ClockSkew < known.Claims.Expires ? known.Claims : null;
    }

    private async ValueTask ForgetOnKeyChangeAsync(CancellationToken cancellationToken)
    {
        if (_issuer is null)
            return;
        OpenIdConnectConfiguration keys;
        try
        {
            // The manager's own wait is as long as its queue: each waiter tries again after the one before it has failed.
            keys = await _issuer.GetConfigurationAsync(CancellationToken.None).WaitAsync(_options.IssuerTimeout, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or InvalidOperationException or IOException)
        {
            throw new UpstreamException("The token issuer's keys are not to be had right now.", timedOut: e is TimeoutException, e);
        }
        if (!ReferenceEquals(Interlocked.Exchange(ref _rememberedKeys, keys), keys))
            _remembered.Clear();
    }

    private static TokenClaims? Read(JsonWebToken token)
    {
        // A claim of the wrong type must not widen what the token allows: such a token is no token.
        if (!token.TryGetPayloadValue<long>("exp", out var expires) || !TryReadTexts(token, "scope", out var scopes) || !TryReadTexts(token, "video", out var videos))
            return null;
        DateTimeOffset? until = null;
        if (token.TryGetPayloadValue<object>("until", out _))
        {
            if (!token.TryGetPayloadValue<long>("until", out var seconds) || !IsTime(seconds))
                return null;
            until = DateTimeOffset.FromUnixTimeSeconds(seconds);
        }
        return !IsTime(expires) ? null : new(
            (scopes ?? []).SelectMany(scope => scope.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToFrozenSet(StringComparer.Ordinal),
            videos?.Select(video => VideoId.TryParse(video, provider: null, out var id) ? id : (VideoId?)null).OfType<VideoId>().ToFrozenSet(),
            new(token.ValidFrom, TimeSpan.Zero),
            DateTimeOffset.FromUnixTimeSeconds(expires),
            until);
    }

    private static bool IsTime(long seconds) => seconds is >= 0 and < 253_402_300_800; // up to the year 9999

    /// <summary>A claim that is one text or an array of them; null when it is absent.</summary>
    private static bool TryReadTexts(JsonWebToken token, string name, out string[]? texts)
    {
        texts = null;
        if (!token.TryGetPayloadValue<object>(name, out var claim))
            return true;
        if (claim is string one)
            texts = [one];
        else if (claim is JsonElement { ValueKind: JsonValueKind.Array } list && list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String))
            texts = [.. list.EnumerateArray().Select(item => item.GetString()!)];
        return texts is not null;
    }

    /// <summary>The SHA-256 of a token: the cache holds no token that a memory dump could give away.</summary>
    private readonly record struct Digest(UInt128 High, UInt128 Low)
    {
        public static Digest Of(string token)
        {
            Span<byte> text = stackalloc byte[LongestToken];
            if (!Encoding.UTF8.TryGetBytes(token, text, out var length))
                return Of(Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token))));
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(text[..length], hash);
            return MemoryMarshal.Read<Digest>(hash);
        }
    }
}
