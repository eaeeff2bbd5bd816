using Pulumi;
using Pulumi.Aws.CloudFront;
using Pulumi.Aws.CloudFront.Inputs;
using Bucket = Pulumi.Aws.S3.Bucket;

namespace Reelseal.Infra;

/// <summary>The distribution: playlists from sign-playlist, everything else from the bucket; only the page needs no signature.</summary>
internal sealed class MediaDistribution : ComponentResource
{
    private readonly string _prefix;
    private readonly CustomResourceOptions _owned;
    private readonly Dictionary<CacheRule, CachePolicy> _cachePolicies = [];

    public Output<string> Arn { get; }

    public Output<string> Id { get; }

    /// <summary>The name that CloudFront gave it, such as <c>d111111abcdef8.cloudfront.net</c>.</summary>
    public Output<string> DomainName { get; }

    /// <summary>The address that viewers see, without a final slash.</summary>
    public Output<string> Url { get; }

    public MediaDistribution(string name, DeploymentSettings settings, Bucket bucket, Output<string> keyGroupId)
        : base("reelseal:delivery:MediaDistribution", name)
    {
        _prefix = settings.Prefix;
        _owned = new() { Parent = this };
        var access = new OriginAccessControl(name, new()
        {
            Name = _prefix,
            OriginAccessControlOriginType = "s3",
            SigningBehavior = "always",
            SigningProtocol = "sigv4",
        }, _owned);
        var headers = HeadersPolicy(name, settings);
        var pageHeaders = PageHeadersPolicy("page", settings, bucket, settings.FrameAncestors);
        var playerHeaders = PageHeadersPolicy("player", settings, bucket, settings.Embedders, PlayerCors());
        var pageAddresses = new Function(
            "page", new() { Name = $"{_prefix}-page", Runtime = "cloudfront-js-2.0", Code = PagePolicy.Addresses, Publish = true }, _owned);
        var args = new DistributionArgs
        {
            Enabled = true,
            Comment = _prefix,
            HttpVersion = "http2and3",
            IsIpv6Enabled = true,
            PriceClass = settings.PriceClass,
            Origins = { BucketOrigin(bucket, access), SignPlaylistOrigin(settings) },
            DefaultCacheBehavior = DefaultBehavior(DeliveryRule.Everything, headers.Id, keyGroupId),
            OrderedCacheBehaviors = DeliveryRule.Ordered.Select(rule => rule.NeedsSignature
                ? OrderedBehavior(rule, headers.Id, keyGroupId)
                : PageBehavior(OrderedBehavior(rule, (rule == DeliveryRule.Player ? playerHeaders : pageHeaders).Id, keyGroupId), pageAddresses)).ToArray(),
            CustomErrorResponses = ErrorCaching.Times
                .Select(error => new DistributionCustomErrorResponseArgs { ErrorCode = error.Key, ErrorCachingMinTtl = (int)error.Value.TotalSeconds })
                .ToArray(),
            Restrictions = new DistributionRestrictionsArgs { GeoRestriction = new DistributionRestrictionsGeoRestrictionArgs { RestrictionType = "none" } },
            ViewerCertificate = Certificate(settings.Domain),
        };
        if (settings.Domain is { } domain)
            args.Aliases.Add(domain.Name);
        if (settings.LogBucket is { } logs)
            args.LoggingConfig = new DistributionLoggingConfigArgs { Bucket = logs, Prefix = $"{_prefix}/", IncludeCookies = false };

        var distribution = new Distribution(name, args, _owned);
        Arn = distribution.Arn;
        Id = distribution.Id;
        DomainName = distribution.DomainName;
        Url = settings.Domain is { } own ? Output.Create($"https://{own.Name}") : distribution.DomainName.Apply(host => $"https://{host}");
        RegisterOutputs();
    }

    /// <summary>Has no S3OriginConfig: that would name an origin access identity, which the origin access control replaces.</summary>
    private static DistributionOriginArgs BucketOrigin(Bucket bucket, OriginAccessControl access) => new()
    {
        OriginId = nameof(DeliveryOrigin.Bucket),
        DomainName = bucket.BucketRegionalDomainName,
        OriginAccessControlId = access.Id,
    };

    /// <summary>The function's path after its route is the object's key, so the origin path ends where the key begins.</summary>
    /// <remarks>The read timeout is CloudFront's default; the function's own are shorter (of-watchdog, <c>write_timeout</c> in stack.yml).</remarks>
    private static DistributionOriginArgs SignPlaylistOrigin(DeploymentSettings settings) => new()
    {
        OriginId = nameof(DeliveryOrigin.SignPlaylist),
        DomainName = settings.Gateway.IdnHost,
        OriginPath = $"{settings.Gateway.AbsolutePath.TrimEnd('/')}/function/sign-playlist",
        CustomHeaders =
        {
            new DistributionOriginCustomHeaderArgs { Name = "X-Origin-Verify", Value = Output.CreateSecret(settings.OriginSecret) },
        },
        CustomOriginConfig = new DistributionOriginCustomOriginConfigArgs
        {
            HttpPort = 80,
            HttpsPort = settings.Gateway.Port,
            OriginProtocolPolicy = "https-only",
            OriginSslProtocols = { "TLSv1.2" },
            OriginReadTimeout = 30,
            OriginKeepaliveTimeout = 60,
        },
    };

    private DistributionDefaultCacheBehaviorArgs DefaultBehavior(DeliveryRule rule, Output<string> headersPolicyId, Output<string> keyGroupId)
    {
        var behavior = new DistributionDefaultCacheBehaviorArgs
        {
            TargetOriginId = rule.Origin.ToString(),
            ViewerProtocolPolicy = "https-only",
            AllowedMethods = { "GET", "HEAD", "OPTIONS" },
            CachedMethods = { "GET", "HEAD" },
            Compress = rule.Cache.IsCompressed,
            CachePolicyId = CachePolicyFor(rule.Cache).Id,
            ResponseHeadersPolicyId = headersPolicyId,
        };
        if (rule.OriginRequestPolicyId is { } originRequestPolicy)
            behavior.OriginRequestPolicyId = originRequestPolicy;
        if (rule.NeedsSignature)
            behavior.TrustedKeyGroups.Add(keyGroupId);
        return behavior;
    }

    private DistributionOrderedCacheBehaviorArgs OrderedBehavior(DeliveryRule rule, Output<string> headersPolicyId, Output<string> keyGroupId)
    {
        var behavior = new DistributionOrderedCacheBehaviorArgs
        {
            PathPattern = rule.PathPattern,
            TargetOriginId = rule.Origin.ToString(),
            ViewerProtocolPolicy = "https-only",
            AllowedMethods = { "GET", "HEAD", "OPTIONS" },
            CachedMethods = { "GET", "HEAD" },
            Compress = rule.Cache.IsCompressed,
            CachePolicyId = CachePolicyFor(rule.Cache).Id,
            ResponseHeadersPolicyId = headersPolicyId,
        };
        if (rule.OriginRequestPolicyId is { } originRequestPolicy)
            behavior.OriginRequestPolicyId = originRequestPolicy;
        if (rule.NeedsSignature)
            behavior.TrustedKeyGroups.Add(keyGroupId);
        return behavior;
    }

    private static DistributionOrderedCacheBehaviorArgs PageBehavior(DistributionOrderedCacheBehaviorArgs behavior, Function addresses)
    {
        behavior.FunctionAssociations.Add(
            new DistributionOrderedCacheBehaviorFunctionAssociationArgs { EventType = "viewer-request", FunctionArn = addresses.Arn });
        return behavior;
    }

    private CachePolicy CachePolicyFor(CacheRule rule)
    {
        if (_cachePolicies.TryGetValue(rule, out var known))
            return known;
        var queryStrings = new CachePolicyParametersInCacheKeyAndForwardedToOriginQueryStringsConfigArgs { QueryStringBehavior = "none" };
        if (rule.QueryParameters is not [])
        {
            queryStrings.QueryStringBehavior = "whitelist";
            queryStrings.QueryStrings =
                new CachePolicyParametersInCacheKeyAndForwardedToOriginQueryStringsConfigQueryStringsArgs { Items = rule.QueryParameters };
        }
        var policy = new CachePolicy(rule.Name, new()
        {
            Name = $"{_prefix}-{rule.Name}",
            MinTtl = 0,
            DefaultTtl = (int)rule.DefaultTtl.TotalSeconds,
            MaxTtl = (int)rule.MaxTtl.TotalSeconds,
            ParametersInCacheKeyAndForwardedToOrigin = new CachePolicyParametersInCacheKeyAndForwardedToOriginArgs
            {
                CookiesConfig = new CachePolicyParametersInCacheKeyAndForwardedToOriginCookiesConfigArgs { CookieBehavior = "none" },
                HeadersConfig = new CachePolicyParametersInCacheKeyAndForwardedToOriginHeadersConfigArgs { HeaderBehavior = "none" },
                QueryStringsConfig = queryStrings,
                EnableAcceptEncodingGzip = rule.IsCompressed,
                EnableAcceptEncodingBrotli = rule.IsCompressed,
            },
        }, _owned);
        _cachePolicies.Add(rule, policy);
        return policy;
    }

    private ResponseHeadersPolicy HeadersPolicy(string name, DeploymentSettings settings)
    {
        var cors = PlaybackCors.For(settings.AllowedOrigins);
        return new ResponseHeadersPolicy(name, new()
        {
            Name = _prefix,
            CorsConfig = new ResponseHeadersPolicyCorsConfigArgs
            {
                OriginOverride = true,
                AccessControlAllowCredentials = cors.Credentials,
                AccessControlAllowOrigins = new ResponseHeadersPolicyCorsConfigAccessControlAllowOriginsArgs { Items = cors.Origins },
                AccessControlAllowMethods = new ResponseHeadersPolicyCorsConfigAccessControlAllowMethodsArgs { Items = PlaybackCors.Methods },
                // With credentials, browsers take a star for a header of that name; players send Range and nothing else.
                AccessControlAllowHeaders = new ResponseHeadersPolicyCorsConfigAccessControlAllowHeadersArgs { Items = { cors.Credentials ? "Range" : "*" } },
                AccessControlExposeHeaders = new ResponseHeadersPolicyCorsConfigAccessControlExposeHeadersArgs { Items = PlaybackCors.ExposedHeaders },
                AccessControlMaxAgeSec = (int)PlaybackCors.MaxAge.TotalSeconds,
            },
            SecurityHeadersConfig = new ResponseHeadersPolicySecurityHeadersConfigArgs
            {
                ContentTypeOptions = new ResponseHeadersPolicySecurityHeadersConfigContentTypeOptionsArgs { Override = true },
                // A Referer would give the signed URL away.
                ReferrerPolicy = new ResponseHeadersPolicySecurityHeadersConfigReferrerPolicyArgs { ReferrerPolicy = "no-referrer", Override = true },
                StrictTransportSecurity = StrictTransportSecurity(),
            },
        }, _owned);
    }

    /// <summary>The headers of the page or of the player. No other page needs to read the page, so it has none for CORS.</summary>
    private ResponseHeadersPolicy PageHeadersPolicy(
        string name, DeploymentSettings settings, Bucket bucket, IEnumerable<string> frameAncestors, ResponseHeadersPolicyCorsConfigArgs? cors = null)
    {
        string[] tokens = settings.TokenUrl is { } url ? [url.GetLeftPart(UriPartial.Authority)] : [];
        var content = bucket.BucketRegionalDomainName.Apply(host => PagePolicy.ContentSecurityPolicy(
            settings.Gateway.GetLeftPart(UriPartial.Authority), [$"https://{host}", .. tokens], frameAncestors));
        var args = new ResponseHeadersPolicyArgs
        {
            Name = $"{_prefix}-{name}",
            SecurityHeadersConfig = new ResponseHeadersPolicySecurityHeadersConfigArgs
            {
                ContentSecurityPolicy =
                    new ResponseHeadersPolicySecurityHeadersConfigContentSecurityPolicyArgs { ContentSecurityPolicy = content, Override = true },
                ContentTypeOptions = new ResponseHeadersPolicySecurityHeadersConfigContentTypeOptionsArgs { Override = true },
                // A link's ticket is in the fragment, which no Referer holds; the signed URLs that follow from it would be.
                ReferrerPolicy = new ResponseHeadersPolicySecurityHeadersConfigReferrerPolicyArgs { ReferrerPolicy = "no-referrer", Override = true },
                StrictTransportSecurity = StrictTransportSecurity(),
            },
        };
        if (cors is not null)
            args.CorsConfig = cors;
        return new ResponseHeadersPolicy(name, args, _owned);
    }

    /// <summary>Lets any page load the player's module, which holds no secret.</summary>
    private static ResponseHeadersPolicyCorsConfigArgs PlayerCors() => new()
    {
        OriginOverride = true,
        AccessControlAllowCredentials = false,
        AccessControlAllowOrigins = new ResponseHeadersPolicyCorsConfigAccessControlAllowOriginsArgs { Items = { "*" } },
        AccessControlAllowMethods = new ResponseHeadersPolicyCorsConfigAccessControlAllowMethodsArgs { Items = { "GET", "HEAD" } },
        AccessControlAllowHeaders = new ResponseHeadersPolicyCorsConfigAccessControlAllowHeadersArgs { Items = { "*" } },
    };

    /// <summary>Keeps browsers on https for a year.</summary>
    private static ResponseHeadersPolicySecurityHeadersConfigStrictTransportSecurityArgs StrictTransportSecurity() =>
        new() { AccessControlMaxAgeSec = 31_536_000, Override = true };

    private static DistributionViewerCertificateArgs Certificate(CustomDomain? domain) => domain is null
        // With CloudFront's own name and certificate, CloudFront chooses the lowest version of TLS.
        ? new() { CloudfrontDefaultCertificate = true, MinimumProtocolVersion = "TLSv1" }
        : new() { AcmCertificateArn = domain.CertificateArn, SslSupportMethod = "sni-only", MinimumProtocolVersion = "TLSv1.2_2021" };
}
