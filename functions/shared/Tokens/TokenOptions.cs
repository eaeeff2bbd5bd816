using System.Collections.Frozen;
using System.Text;

namespace Reelseal.Tokens;

/// <summary>Which tokens are trusted, and what their claims are called.</summary>
/// <remarks>Trusted are tokens signed with a shared key (HS256), those of an issuer that publishes its keys, or both.</remarks>
public sealed record TokenOptions
{
    private const string DiscoveryPath = "/.well-known/openid-configuration";

    /// <summary>The shared HS256 key, at least 32 bytes (RFC 7518, section 3.2), or null.</summary>
    public byte[]? SharedKey { get; init; }

    /// <summary>The issuer: the value of <c>iss</c>, and where its keys are found (OpenID Connect Discovery), or null.</summary>
    public string? Issuer { get; init; }

    /// <summary>The values of which the audience claim must hold one.</summary>
    public FrozenSet<string> Audiences { get; init; } = ["reelseal"];

    /// <summary>The claim that names the audience: <c>aud</c>, or <c>client_id</c> with Cognito, whose access tokens have no <c>aud</c>.</summary>
    public string AudienceClaim { get; init; } = "aud";

    /// <summary>What the issuer writes before each scope, such as Cognito's <c>reelseal/</c>; it is removed.</summary>
    public string ScopePrefix { get; init; } = "";

    /// <summary>The claim that names the videos a token is for.</summary>
    public string VideoClaim { get; init; } = "video";

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
            settings.AddError("No token can be checked: neither the secret reelseal-token-key nor TOKEN_ISSUER is set.");
        if (key is not null && Encoding.UTF8.GetByteCount(key) < 32)
            settings.AddError("The secret reelseal-token-key is shorter than the 32 bytes that HS256 needs.");
        if (issuer is not null && settings.Address("TOKEN_ISSUER") is { } address)
            CheckIssuer(settings, address);
        return options with
        {
            SharedKey = key is null ? null : Encoding.UTF8.GetBytes(key),
            Issuer = issuer,
            Audiences = ReadList(settings, "TOKEN_AUDIENCE", settings.Text("TOKEN_AUDIENCE", string.Join(',', options.Audiences))),
            AudienceClaim = settings.Text("TOKEN_AUDIENCE_CLAIM", options.AudienceClaim),
            ScopePrefix = settings.Text("TOKEN_SCOPE_PREFIX") ?? options.ScopePrefix,
            VideoClaim = settings.Text("TOKEN_VIDEO_CLAIM", options.VideoClaim),
            LongestInQuery = settings.Duration("TOKEN_LONGEST_IN_QUERY", options.LongestInQuery),
            IssuerTimeout = settings.Duration("TOKEN_ISSUER_TIMEOUT", options.IssuerTimeout, max: TimeSpan.FromMinutes(1)),
        };
    }

    /// <summary>Returns whether answers from an address are what was sent: over TLS, or from this machine.</summary>
    internal static bool IsSafe(Uri address) => address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback);

    private static void CheckIssuer(Settings settings, Uri address)
    {
        if (!IsSafe(address))
            settings.AddError("TOKEN_ISSUER is not an https address: anyone who can change answers on their way could sign tokens.");
        else if (address.AbsolutePath.TrimEnd('/').EndsWith(DiscoveryPath, StringComparison.Ordinal))
            settings.AddError($"TOKEN_ISSUER is the address of the discovery document; leave {DiscoveryPath} away.");
        else if (address.Query.Length + address.Fragment.Length > 0)
            settings.AddError("TOKEN_ISSUER has a query or a fragment, which no issuer has (OpenID Connect Discovery 1.0, section 3).");
    }

    private static FrozenSet<string> ReadList(Settings settings, string name, string text)
    {
        var values = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return values is [] ? settings.AddError<FrozenSet<string>>($"{name} is \"{text}\", which names none.", []) : values.ToFrozenSet();
    }
}
