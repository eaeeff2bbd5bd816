using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Reelseal;
using Reelseal.Tokens;
using SignPlaylist.CloudFront;

namespace SignPlaylist;

/// <summary>The settings of sign-playlist, read and checked once at start-up.</summary>
internal sealed record SigningOptions
{
    public required Distribution Distribution { get; init; }
    public required UrlSigner Signer { get; init; }
    public required OriginProof OriginProof { get; init; }
    public required TokenOptions Tokens { get; init; }
    public required UrlLifetime Lifetime { get; init; }

    /// <summary>Whether each URL gets a canned policy of its own, as in the article, rather than one custom policy for the whole video.</summary>
    public required bool SignPerUrl { get; init; }

    /// <summary>The domain of cookies, common to the gateway and the distribution; null when there is none, and no cookies are given.</summary>
    public required string? CookieDomain { get; init; }

    /// <summary>The one value of <c>Access-Control-Allow-Origin</c>. It does not vary with the request: CloudFront's cache key has no Origin.</summary>
    public required string CorsOrigin { get; init; }

    /// <summary>How long a playlist is used before the store is asked whether it still stands.</summary>
    public required TimeSpan Freshness { get; init; }

    /// <summary>
    /// How old a multivariant playlist may be that a player gets while the store answers: what was revoked, deleted or replaced is noticed after this time.
    /// </summary>
    public required TimeSpan MultivariantFreshness { get; init; }

    /// <summary>
    /// How much of <see cref="MultivariantFreshness"/> is for our own copy, in whole seconds. The rest is for that of the edge or the player, because their
    /// ages add up.
    /// </summary>
    public TimeSpan OwnMultivariantFreshness
    {
        get
        {
            var half = TimeSpan.FromSeconds((long)MultivariantFreshness.TotalSeconds / 2);
            return Freshness < half ? Freshness : half;
        }
    }

    /// <summary>How long CloudFront and players keep a media playlist, which never changes; at most until the ticket ends.</summary>
    public required TimeSpan MediaFreshness { get; init; }

    /// <summary>How far ahead a share link may end.</summary>
    public required TimeSpan ShareLifetime { get; init; }

    /// <summary>The longest that fetching a playlist from the store may take.</summary>
    public required TimeSpan StoreTimeout { get; init; }

    /// <summary>The most bytes that the caches hold together.</summary>
    public required long CacheBytes { get; init; }

    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">A setting is missing or malformed; all of them are named.</exception>
    public static SigningOptions Read(Settings settings)
    {
        var address = settings.Text("CLOUDFRONT_URL") is null
            ? settings.AddError<Uri?>("CLOUDFRONT_URL is not set.", fallback: null)
            : settings.Address("CLOUDFRONT_URL");
        if (address is not null and not { AbsolutePath: "/", Query: "", UserInfo: "" })
            settings.AddError("CLOUDFRONT_URL must be an address without path or query: a URL's path is an object's key.");

        var pem = settings.RequiredSecret("reelseal-signing-key");
        var key = pem.Length == 0 ? null : ParseKey(settings, pem);
        var hash = settings.Choice("SIGNING_HASH", ("sha256", HashAlgorithmName.SHA256), ("sha1", HashAlgorithmName.SHA1));
        if (key is { IsRsa: false } && hash == HashAlgorithmName.SHA1)
            settings.AddError("SIGNING_HASH is sha1, which CloudFront documents for RSA keys only; the signing key is ECDSA.");

        var keyPairId = settings.Required("KEY_PAIR_ID");
        if (keyPairId.Length > 0 && !IsKeyPairId(keyPairId))
            settings.AddError("KEY_PAIR_ID is not the id of a CloudFront public key: it has letters and digits only.");

        string[] secrets = [settings.RequiredSecret("reelseal-origin-secret"), settings.Secret("reelseal-origin-secret-previous") ?? ""];
        if (secrets[0].Length is > 0 and < 16)
            settings.AddError("The secret reelseal-origin-secret is shorter than 16 characters.");

        var lifetime = new UrlLifetime(
            settings.Duration("URL_LIFETIME", TimeSpan.FromHours(24)),
            settings.Duration("URL_WINDOW", TimeSpan.FromHours(1)),
            settings.Flag("URL_START", fallback: false));
        if (lifetime.Minimum < TimeSpan.FromSeconds(1) || lifetime.Window < TimeSpan.FromSeconds(1))
            settings.AddError("URL_LIFETIME and URL_WINDOW are at least a second: CloudFront counts in whole ones.");
        var signPerUrl = settings.Choice("SIGNING_POLICY", ("video", false), ("url", true));
        if (signPerUrl && lifetime.StartsWithWindow)
            settings.AddError("URL_START needs SIGNING_POLICY=video: a canned policy has no start.");

        var options = new SigningOptions
        {
            Distribution = new(address ?? new Uri("https://unset.invalid")),
            Signer = new(keyPairId, key!, hash),
            OriginProof = new([.. secrets.Where(secret => secret.Length > 0)]),
            Tokens = TokenOptions.Read(settings),
            Lifetime = lifetime,
            SignPerUrl = signPerUrl,
            CookieDomain = settings.Text("COOKIE_DOMAIN"),
            CorsOrigin = settings.Text("CORS_ORIGIN", "*"),
            Freshness = settings.Duration("PLAYLIST_FRESHNESS", TimeSpan.FromMinutes(1)),
            MultivariantFreshness = settings.Duration("MULTIVARIANT_FRESHNESS", TimeSpan.FromMinutes(1)),
            MediaFreshness = settings.Text("MEDIA_FRESHNESS") is null ? TimeSpan.MaxValue : settings.Duration("MEDIA_FRESHNESS", TimeSpan.MaxValue),
            ShareLifetime = settings.Duration("SHARE_LIFETIME", TimeSpan.FromDays(30), max: TimeSpan.FromDays(3650)),
            StoreTimeout = settings.Duration("S3_TIMEOUT", TimeSpan.FromSeconds(5)),
            CacheBytes = settings.Number("CACHE_BYTES", 32L << 20),
        };
        settings.ThrowIfInvalid();
        return options;
    }

    /// <summary>Whether a text can be the id of one of CloudFront's public keys: letters and digits, so that it is the same text in a query.</summary>
    internal static bool IsKeyPairId([NotNullWhen(true)] string? text) => text is { Length: > 0 and <= 64 } && text.All(char.IsAsciiLetterOrDigit);

    private static SigningKey? ParseKey(Settings settings, string pem)
    {
        try
        {
            return SigningKey.Parse(pem);
        }
        catch (FormatException e)
        {
            return settings.AddError<SigningKey?>(e.Message, fallback: null);
        }
    }
}
