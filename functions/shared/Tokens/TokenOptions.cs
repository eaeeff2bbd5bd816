using System.Text;

namespace Reelseal.Tokens;

/// <summary>Which tokens are trusted: those signed with a shared key (HS256), those of an issuer that publishes its keys (RS256, ES256), or both.</summary>
public sealed record TokenOptions
{
    /// <summary>The shared HS256 key, at least 32 bytes (RFC 7518, section 3.2), or null.</summary>
    public byte[]? SharedKey { get; init; }

    /// <summary>The issuer: the value of <c>iss</c>, and where its keys are found (OpenID Connect Discovery), or null.</summary>
    public string? Issuer { get; init; }

    /// <summary>The value that <c>aud</c> must hold.</summary>
    public string Audience { get; init; } = "reelseal";

    /// <summary>The longest life that a token in a query may have left. A query ends up in histories and logs; a header does not.</summary>
    public TimeSpan LongestInQuery { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>How long a request waits for the issuer's keys.</summary>
    public TimeSpan IssuerTimeout { get; init; } = TimeSpan.FromSeconds(3);

    public static TokenOptions Read(Settings settings)
    {
        var options = new TokenOptions();
        var key = settings.Secret("reelseal-token-key");
        var issuer = settings.Text("TOKEN_ISSUER");
        if (key is null && issuer is null)
            settings.Fault("No token can be checked: neither the secret reelseal-token-key nor TOKEN_ISSUER is set.", 0);
        if (key is not null && Encoding.UTF8.GetByteCount(key) < 32)
            settings.Fault("The secret reelseal-token-key is shorter than the 32 bytes that HS256 asks for.", 0);
        if (issuer is not null && settings.Address("TOKEN_ISSUER") is { } address && !IsSafe(address))
            settings.Fault("TOKEN_ISSUER is not an https address: whoever can change the answers on the way could sign tokens.", 0);
        return options with
        {
            SharedKey = key is null ? null : Encoding.UTF8.GetBytes(key),
            Issuer = issuer,
            Audience = settings.Text("TOKEN_AUDIENCE") ?? options.Audience,
            LongestInQuery = settings.Duration("TOKEN_LONGEST_IN_QUERY", options.LongestInQuery),
            IssuerTimeout = settings.Duration("TOKEN_ISSUER_TIMEOUT", options.IssuerTimeout, most: TimeSpan.FromMinutes(1)),
        };
    }

    /// <summary>Whether what comes from there is what was sent: over TLS, or from this machine.</summary>
    internal static bool IsSafe(Uri address) => address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback);
}
