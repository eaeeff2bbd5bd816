using System.Collections.Immutable;
using System.Text.Json;

namespace Reelseal.Infra;

/// <summary>What is decided by whoever deploys: the values of <c>reelseal:…</c> in the stack's configuration, checked.</summary>
public sealed record DeploymentSettings
{
    /// <summary>The public address of the OpenFaaS gateway, over https; CloudFront fetches playlists through it.</summary>
    public required Uri Gateway { get; init; }

    /// <summary>The keys that the distribution trusts, one to five. The first is the one that sign-playlist signs with.</summary>
    public required ImmutableArray<PublicKeyPem> PublicKeys { get; init; }

    /// <summary>What CloudFront sends as <c>X-Origin-Verify</c>, and what proofs in playlist URLs are made with.</summary>
    public required string OriginSecret { get; init; }

    /// <summary>Another secret that sign-playlist accepts while the first is being changed, or null.</summary>
    public string? OriginSecretPrevious { get; init; }

    /// <summary>Whether the bucket is protected: nothing short of changing this setting first deletes it.</summary>
    public bool Production { get; init; } = true;

    /// <summary>The distribution's own domain and the ARN of its certificate (ACM, us-east-1), or null for the name that CloudFront gives.</summary>
    public CustomDomain? Domain { get; init; }

    /// <summary>How far from Europe and North America the edges are that are paid for.</summary>
    public string PriceClass { get; init; } = PriceClasses[0];

    /// <summary>Other origins whose pages may play and upload, besides the page under <c>site/</c>; none lets any page play, without cookies.</summary>
    public ImmutableArray<string> AllowedOrigins { get; init; } = [];

    /// <summary>The domain name of a bucket of yours for CloudFront's standard logs, or null for none.</summary>
    public string? LogBucket { get; init; }

    /// <summary>The cluster whose service accounts may act as the functions' roles, or null for users with access keys.</summary>
    public OidcCluster? Cluster { get; init; }

    /// <summary>A folder, relative to Pulumi.yaml, whose files go under <c>site/</c>, or null for none.</summary>
    public string? Page { get; init; }

    /// <summary>Where the page asks for its token, or null: then it asks its user.</summary>
    public Uri? TokenUrl { get; init; }

    private static readonly ImmutableArray<string> PriceClasses = ["PriceClass_100", "PriceClass_200", "PriceClass_All"];

    /// <summary>Reads and checks all settings.</summary>
    /// <param name="value">Gives the text of a setting, or null; a list comes as a JSON array.</param>
    /// <exception cref="ConfigurationFaultException">Something is missing or malformed; the message names every such thing.</exception>
    public static DeploymentSettings Read(Func<string, string?> value)
    {
        var reader = new SettingReader(value);
        var settings = new DeploymentSettings
        {
            Gateway = reader.Required("gateway") is { } gateway ? reader.HttpsAddress("gateway", gateway) : SettingReader.NoAddress,
            PublicKeys = ReadPublicKeys(reader),
            OriginSecret = ReadOriginSecret(reader, "originSecret", reader.Required("originSecret")) ?? "",
            OriginSecretPrevious = ReadOriginSecret(reader, "originSecretPrevious", reader.Text("originSecretPrevious")),
            Production = reader.Flag("production", otherwise: true),
            Domain = ReadDomain(reader),
            PriceClass = reader.Choice("priceClass", PriceClasses),
            AllowedOrigins = [.. reader.List("allowedOrigins").Select(origin => reader.HttpsAddress("allowedOrigins", origin).GetLeftPart(UriPartial.Authority))],
            LogBucket = ReadLogBucket(reader),
            Cluster = ReadCluster(reader),
            Page = reader.Text("page"),
            TokenUrl = reader.Text("tokenUrl") is { } tokens ? reader.HttpsAddress("tokenUrl", tokens) : null,
        };
        if (settings.OriginSecret.Length > 0 && settings.OriginSecret == settings.OriginSecretPrevious)
            reader.Fault("originSecretPrevious", "is the same as originSecret");
        reader.ThrowIfFaulty();
        return settings;
    }

    private static ImmutableArray<PublicKeyPem> ReadPublicKeys(SettingReader reader)
    {
        if (reader.Required("publicKeys") is null)
            return [];
        var keys = ImmutableArray.CreateBuilder<PublicKeyPem>();
        foreach (var (index, pem) in reader.List("publicKeys").Index())
        {
            if (PublicKeyPem.Read(pem, out var key) is { } fault)
                reader.Fault($"publicKeys[{index}]", fault);
            else if (keys.Contains(key!))
                reader.Fault($"publicKeys[{index}]", "is listed twice");
            else
                keys.Add(key!);
        }
        // CloudFront Developer Guide, "Quotas": public keys in a single key group.
        if (keys.Count > 5)
            reader.Fault("publicKeys", $"has {keys.Count} keys; a key group holds at most 5");
        return keys.ToImmutable();
    }

    private static string? ReadOriginSecret(SettingReader reader, string name, string? secret)
    {
        if (secret is not null && (secret.Length < 32 || secret.Any(c => c is <= ' ' or > '~')))
            reader.Fault(name, "is no secret of at least 32 printable characters without spaces (openssl rand -base64 32)");
        return secret;
    }

    private static CustomDomain? ReadDomain(SettingReader reader)
    {
        var (name, certificate) = (reader.Text("domain"), reader.Text("certificateArn"));
        if (name is null && certificate is null)
            return null;
        if (name is null || certificate is null)
            reader.Fault(name is null ? "domain" : "certificateArn", "is not set, but the other of domain and certificateArn is");
        else if (Uri.CheckHostName(name) != UriHostNameType.Dns || !name.Contains('.', StringComparison.Ordinal))
            reader.Fault("domain", $"is \"{name}\", which is no domain name");
        else if (!certificate.StartsWith("arn:aws:acm:us-east-1:", StringComparison.Ordinal))
            reader.Fault("certificateArn", $"is \"{certificate}\", which is no certificate of ACM in us-east-1, where CloudFront looks for it");
        return new(name ?? "", certificate ?? "");
    }

    private static string? ReadLogBucket(SettingReader reader)
    {
        var bucket = reader.Text("logBucket");
        if (bucket is not null && !bucket.EndsWith(".amazonaws.com", StringComparison.Ordinal))
            reader.Fault("logBucket", $"is \"{bucket}\", which is no bucket's domain name such as logs.s3.amazonaws.com");
        return bucket;
    }

    private static OidcCluster? ReadCluster(SettingReader reader)
    {
        if (reader.Text("oidcProviderArn") is not { } provider)
            return null;
        if (!OidcCluster.IsProviderArn(provider))
            reader.Fault("oidcProviderArn", $"is \"{provider}\", which is no ARN of an OIDC provider");
        return new(provider, reader.Text("namespace") ?? "openfaas-fn");
    }
}

/// <summary>A domain of one's own for the distribution.</summary>
/// <param name="Name">For example <c>media.example.com</c>.</param>
/// <param name="CertificateArn">The certificate for it, in ACM in us-east-1.</param>
public sealed record CustomDomain(string Name, string CertificateArn);

/// <summary>The stack's configuration cannot be used. The message has a line for each fault, and never a secret.</summary>
public sealed class ConfigurationFaultException(IReadOnlyCollection<string> faults)
    : Exception(string.Join('\n', faults))
{
    public IReadOnlyCollection<string> Faults { get; } = faults;
}

/// <summary>Reads values of the stack's configuration and collects every fault, so that all are told at once.</summary>
internal sealed class SettingReader(Func<string, string?> value)
{
    /// <summary>Stands in for an address that is faulty, until <see cref="ThrowIfFaulty"/>.</summary>
    public static readonly Uri NoAddress = new("https://unset.invalid/");

    private readonly List<string> _faults = [];

    public string? Text(string name) => value(name) is { } text && text.Trim() is { Length: > 0 } trimmed ? trimmed : null;

    public string? Required(string name)
    {
        if (Text(name) is { } text)
            return text;
        Fault(name, "is not set");
        return null;
    }

    public bool Flag(string name, bool otherwise)
    {
        switch (Text(name))
        {
            case null: return otherwise;
            case "true": return true;
            case "false": return false;
            case var text:
                Fault(name, $"is \"{text}\", which is neither true nor false");
                return otherwise;
        }
    }

    /// <summary>One of the words; the first is the default.</summary>
    public string Choice(string name, ImmutableArray<string> words)
    {
        var text = Text(name) ?? words[0];
        if (!words.Contains(text, StringComparer.Ordinal))
            Fault(name, $"is \"{text}\", which is none of {string.Join(", ", words)}");
        return text;
    }

    public Uri HttpsAddress(string name, string text)
    {
        if (Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme == Uri.UriSchemeHttps && address.Query == "" && address.UserInfo == "")
            return address;
        Fault(name, $"is \"{text}\", which is not an https address");
        return NoAddress;
    }

    /// <summary>A list of texts; one text alone is a list of one.</summary>
    public IReadOnlyList<string> List(string name)
    {
        if (Text(name) is not { } text)
            return [];
        if (!text.StartsWith('['))
            return [text];
        try
        {
            if (JsonSerializer.Deserialize<List<string?>>(text) is { } list && list.All(item => item is not null))
                return list!;
        }
        catch (JsonException)
        {
            // Told below, without the text: it may hold a key.
        }
        Fault(name, "is not a list of texts");
        return [];
    }

    public void Fault(string name, string fault) => _faults.Add($"reelseal:{name} {fault}.");

    public void ThrowIfFaulty()
    {
        if (_faults.Count > 0)
            throw new ConfigurationFaultException(_faults);
    }
}
