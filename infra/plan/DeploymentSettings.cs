using System.Collections.Immutable;

namespace Reelseal.Infra;

/// <summary>The operator's decisions: the values of <c>reelseal:…</c> in the stack's configuration, checked.</summary>
public sealed record DeploymentSettings
{
    /// <summary>Project and stack. CloudFront's policies and functions go by names that are global to the account, so each starts with this.</summary>
    public required string Prefix { get; init; }

    /// <summary>The public address of the OpenFaaS gateway, over https; CloudFront fetches playlists through it.</summary>
    public required Uri Gateway { get; init; }

    /// <summary>The keys that the distribution trusts, one to five. The first is the one that sign-playlist signs with.</summary>
    public required ImmutableArray<PublicKeyPem> PublicKeys { get; init; }

    /// <summary>What CloudFront sends as <c>X-Origin-Verify</c>, and what proofs in playlist URLs are made with.</summary>
    public required string OriginSecret { get; init; }

    /// <summary>Another secret that sign-playlist accepts while the first is being changed, or null.</summary>
    public string? OriginSecretPrevious { get; init; }

    /// <summary>Whether the bucket is protected: it can be deleted only after this setting is changed.</summary>
    public bool Production { get; init; } = true;

    /// <summary>The distribution's own domain and the ARN of its certificate (ACM, us-east-1), or null for the name that CloudFront gives.</summary>
    public CustomDomain? Domain { get; init; }

    /// <summary>Which of CloudFront's edges serve viewers: the first class leaves out the more expensive and remote ones.</summary>
    public string PriceClass { get; init; } = PriceClasses[0];

    /// <summary>
    /// Other origins whose pages may play and upload, besides the page under <c>site/</c>. If there are none, any page may play, without cookies.
    /// </summary>
    public ImmutableArray<string> AllowedOrigins { get; init; } = [];

    /// <summary>Origins whose pages may show the page under <c>site/</c> in a frame. Anyone who controls one can trick its users into clicks.</summary>
    public ImmutableArray<string> FrameAncestors { get; init; } = [];

    /// <summary>Origins whose pages may show the player, <c>site/player/embed.html</c>, in a frame. It only plays.</summary>
    public ImmutableArray<string> Embedders { get; init; } = [];

    /// <summary>The domain name of a bucket of yours for CloudFront's standard logs, or null for none.</summary>
    public string? LogBucket { get; init; }

    /// <summary>The cluster whose service accounts may act as the functions' roles, or null for users with access keys.</summary>
    public OidcCluster? Cluster { get; init; }

    /// <summary>Names of the access keys of each function's user, one or two. The functions use the first; the other exists while keys are rotated.</summary>
    public ImmutableArray<string> AccessKeys { get; init; } = ["first"];

    /// <summary>A folder, relative to Pulumi.yaml, whose files go under <c>site/</c>, or null for none.</summary>
    public string? Page { get; init; }

    /// <summary>Where the page gets its token, or null: then it asks its user.</summary>
    public Uri? TokenUrl { get; init; }

    /// <summary>Whether the page shows its switch between CloudFront and the gateway without being asked for it in its address.</summary>
    public bool Developer { get; init; }

    // Stands in for an address that is missing or malformed, until all settings are read.
    private static readonly Uri s_noAddress = new("https://unset.invalid/");

    private static readonly ImmutableArray<string> PriceClasses = ["PriceClass_100", "PriceClass_200", "PriceClass_All"];

    /// <summary>Reads and checks all settings.</summary>
    /// <param name="value">Returns the text of a setting, or null; a list is a JSON array.</param>
    /// <param name="project">The project's name, from Pulumi.yaml.</param>
    /// <param name="stack">The stack's name.</param>
    /// <exception cref="InvalidConfigurationException">A setting is missing or malformed; the message names every one.</exception>
    public static DeploymentSettings Read(Func<string, string?> value, string project, string stack)
    {
        var reader = new Settings(name => value(name[StackConfiguration.Namespace.Length..])?.Trim(), secretsDirectory: "");
        var settings = new DeploymentSettings
        {
            Prefix = ReadPrefix(reader, project, stack),
            Gateway = ReadGateway(reader),
            PublicKeys = ReadPublicKeys(reader),
            OriginSecret = ReadOriginSecret(reader, "reelseal:originSecret", reader.Required("reelseal:originSecret")) ?? "",
            OriginSecretPrevious = ReadOriginSecret(reader, "reelseal:originSecretPrevious", reader.Text("reelseal:originSecretPrevious")),
            Production = reader.Flag("reelseal:production", fallback: true),
            Domain = ReadDomain(reader),
            PriceClass = reader.Choice("reelseal:priceClass", PriceClasses.Select(name => (name, name)).ToArray()),
            AllowedOrigins = ReadOrigins(reader, "reelseal:allowedOrigins"),
            FrameAncestors = ReadOrigins(reader, "reelseal:frameAncestors"),
            Embedders = ReadOrigins(reader, "reelseal:embedders"),
            LogBucket = ReadLogBucket(reader),
            Cluster = ReadCluster(reader),
            AccessKeys = ReadAccessKeys(reader),
            Page = reader.Text("reelseal:page"),
            TokenUrl = reader.Text("reelseal:tokenUrl") is { } tokens ? reader.HttpsAddress("reelseal:tokenUrl", tokens) : null,
            Developer = reader.Flag("reelseal:developer", fallback: false),
        };
        if (settings.OriginSecret.Length > 0 && settings.OriginSecret == settings.OriginSecretPrevious)
            reader.Refuse("reelseal:originSecretPrevious", "is the same as originSecret");
        return reader.Errors.Count == 0 ? settings : throw new InvalidConfigurationException(reader.Errors);
    }

    private static string ReadPrefix(Settings reader, string project, string stack)
    {
        var prefix = $"{project}-{stack}";
        // CloudFront API Reference, "CreateFunction": a name has up to 64 letters, digits, hyphens and underscores. Ours ends in "-page".
        if (!prefix.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            reader.AddError($"The stack's name is \"{stack}\"; CloudFront takes letters, digits, hyphens and underscores only, and no dot.");
        else if (prefix.Length > 59)
            reader.AddError($"The stack's name is \"{stack}\"; with the project's it has {prefix.Length} characters, and CloudFront takes 59.");
        return prefix;
    }

    private static Uri ReadGateway(Settings reader)
    {
        if (reader.Required("reelseal:gateway") is not { Length: > 0 } text || reader.HttpsAddress("reelseal:gateway", text) is not { } gateway)
            return s_noAddress;
        // CloudFront Developer Guide, "Origin domain": a name that public DNS resolves; and API Reference, "CustomOriginConfig": HTTPSPort.
        if (gateway.HostNameType != UriHostNameType.Dns || !gateway.IdnHost.Trim('.').Contains('.', StringComparison.Ordinal))
            reader.Refuse(
                "reelseal:gateway",
                $"is \"{text}\", which has no public domain name; CloudFront connects to neither a bare IP address nor a name without a dot");
        else if (gateway.Port is not (80 or 443 or >= 1024))
            reader.Refuse("reelseal:gateway", $"has the port {gateway.Port}; CloudFront connects to 80, 443 and 1024 to 65535 only");
        return gateway;
    }

    private static ImmutableArray<string> ReadOrigins(Settings reader, string name)
    {
        var origins = ImmutableArray.CreateBuilder<string>();
        foreach (var text in reader.List(name))
        {
            if (reader.HttpsAddress(name, text) is not { } origin)
                continue;
            if (origin.AbsolutePath != "/")
                reader.Refuse(name, $"has \"{text}\", which is more than an origin: leave out its path");
            origins.Add(origin.GetLeftPart(UriPartial.Authority));
        }
        return origins.ToImmutable();
    }

    private static ImmutableArray<string> ReadAccessKeys(Settings reader)
    {
        var names = reader.List("reelseal:accessKeys");
        if (names is [])
            return ["first"];
        if (names.Any(name => name.Length is 0 or > 32 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')))
            reader.Refuse("reelseal:accessKeys", "has a name that is not 1 to 32 letters, digits and hyphens");
        if (names.Distinct(StringComparer.Ordinal).Count() != names.Count)
            reader.Refuse("reelseal:accessKeys", "lists a name twice");
        // IAM User Guide, "IAM and AWS STS quotas": access keys assigned to an IAM user.
        if (names.Count > 2)
            reader.Refuse("reelseal:accessKeys", $"lists {names.Count} keys; a user has at most 2");
        return [.. names];
    }

    private static ImmutableArray<PublicKeyPem> ReadPublicKeys(Settings reader)
    {
        if (reader.Required("reelseal:publicKeys") is "")
            return [];
        var keys = ImmutableArray.CreateBuilder<PublicKeyPem>();
        foreach (var (index, pem) in reader.List("reelseal:publicKeys").Index())
        {
            if (PublicKeyPem.Read(pem, out var key) is { } error)
                reader.Refuse($"reelseal:publicKeys[{index}]", error);
            else if (keys.Contains(key!))
                reader.Refuse($"reelseal:publicKeys[{index}]", "is listed twice");
            else
                keys.Add(key!);
        }
        // CloudFront Developer Guide, "Quotas": public keys in a single key group.
        if (keys.Count > 5)
            reader.Refuse("reelseal:publicKeys", $"has {keys.Count} keys; a key group holds at most 5");
        return keys.ToImmutable();
    }

    private static string? ReadOriginSecret(Settings reader, string name, string? secret)
    {
        if (secret is { Length: > 0 } && (secret.Length < 32 || secret.Any(c => c is <= ' ' or > '~')))
            reader.Refuse(name, "is not a secret of at least 32 printable characters without spaces (openssl rand -base64 32)");
        return secret;
    }

    private static CustomDomain? ReadDomain(Settings reader)
    {
        var (name, certificate) = (reader.Text("reelseal:domain"), reader.Text("reelseal:certificateArn"));
        if (name is null && certificate is null)
            return null;
        if (name is null || certificate is null)
            reader.Refuse(name is null ? "reelseal:domain" : "reelseal:certificateArn", "is not set, but the other of domain and certificateArn is");
        else if (Uri.CheckHostName(name) != UriHostNameType.Dns || !name.Contains('.', StringComparison.Ordinal))
            reader.Refuse("reelseal:domain", $"is \"{name}\", which is not a domain name");
        else if (!certificate.StartsWith("arn:aws:acm:us-east-1:", StringComparison.Ordinal))
            reader.Refuse("reelseal:certificateArn", $"is \"{certificate}\", which is not a certificate of ACM in us-east-1, where CloudFront looks for it");
        return new(name ?? "", certificate ?? "");
    }

    private static string? ReadLogBucket(Settings reader)
    {
        var bucket = reader.Text("reelseal:logBucket");
        if (bucket is not null && !bucket.EndsWith(".amazonaws.com", StringComparison.Ordinal))
            reader.Refuse("reelseal:logBucket", $"is \"{bucket}\", which is not a bucket's domain name such as logs.s3.amazonaws.com");
        return bucket;
    }

    private static OidcCluster? ReadCluster(Settings reader)
    {
        if (reader.Text("reelseal:oidcProviderArn") is not { } provider)
            return null;
        if (!OidcCluster.IsProviderArn(provider))
            reader.Refuse("reelseal:oidcProviderArn", $"is \"{provider}\", which is not the ARN of an OIDC provider");
        return new(provider, reader.Text("reelseal:namespace") ?? "openfaas-fn");
    }
}

/// <summary>The distribution's own domain.</summary>
/// <param name="Name">For example <c>media.example.com</c>.</param>
/// <param name="CertificateArn">The certificate for it, in ACM in us-east-1.</param>
public sealed record CustomDomain(string Name, string CertificateArn);

/// <summary>Thrown when the stack's configuration cannot be used. The message has a line for each error, and never a secret.</summary>
public sealed class InvalidConfigurationException(IReadOnlyCollection<string> errors)
    : Exception(string.Join('\n', errors))
{
    public IReadOnlyCollection<string> Errors { get; } = errors;
}
