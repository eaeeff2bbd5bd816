using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Reelseal.Local.Keys;

/// <summary>Makes the tokens that an operator's own system would: JSON Web Tokens signed with the shared key (HS256).</summary>
internal sealed class TokenMint
{
    private readonly JsonWebTokenHandler _handler = new() { SetDefaultTimesOnTokenCreation = false };
    private readonly SigningCredentials _credentials;
    private readonly TimeProvider _clock;

    /// <param name="key">The shared key, as text of at least 32 bytes.</param>
    /// <param name="clock">The present time.</param>
    /// <exception cref="ArgumentException">The key is too short for HS256 (RFC 7518, section 3.2).</exception>
    public TokenMint(string key, TimeProvider clock)
    {
        var bytes = Encoding.UTF8.GetBytes(key);
        if (bytes.Length < 32)
            throw new ArgumentException("The token key is shorter than the 32 bytes that HS256 asks for.", nameof(key));
        _credentials = new(new SymmetricSecurityKey(bytes), SecurityAlgorithms.HmacSha256);
        _clock = clock;
    }

    public string Mint(TokenRequest request)
    {
        var now = _clock.GetUtcNow();
        var claims = new Dictionary<string, object>(StringComparer.Ordinal) { ["scope"] = string.Join(' ', request.Scopes) };
        if (request.Videos is [var single])
            claims["video"] = single.ToString();
        else if (request.Videos.Count > 1)
            claims["video"] = request.Videos.Select(video => video.ToString()).ToArray();
        claims["jti"] = request.Id;
        if (request.Subject is { } subject)
            claims["sub"] = subject;
        if (request.Until is { } until)
            claims["until"] = until.ToUnixTimeSeconds();
        return _handler.CreateToken(new SecurityTokenDescriptor
        {
            Audience = request.Audience,
            Issuer = request.Issuer,
            NotBefore = now.UtcDateTime,
            Expires = (now + request.Lifetime).UtcDateTime,
            Claims = claims,
            SigningCredentials = _credentials,
        });
    }
}

/// <summary>What a token is to allow.</summary>
internal sealed record TokenRequest
{
    public required IReadOnlyList<string> Scopes { get; init; }

    /// <summary>The videos that it is for; none for all of them.</summary>
    public IReadOnlyList<VideoId> Videos { get; init; } = [];

    public TimeSpan Lifetime { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Until when what it opens may be played, or null.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>The token's id, by which it can be revoked.</summary>
    public string Id { get; init; } = Guid.NewGuid().ToString();

    /// <summary>The user's id, by which all their tokens can be revoked, or null.</summary>
    public string? Subject { get; init; }

    public string Audience { get; init; } = "reelseal";

    public string? Issuer { get; init; }
}
