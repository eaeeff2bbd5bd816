using Pulumi;
using Pulumi.Aws.CloudFront;
using Pulumi.Aws.CloudFront.Inputs;
using Bucket = Pulumi.Aws.S3.Bucket;

namespace Reelseal.Infra;

/// <summary>The distribution: playlists from sign-playlist, everything else from the bucket, nothing without a signature but the page.</summary>
internal sealed class MediaDistribution : ComponentResource
{
    /// <summary>AWS's cache policy and the like go by names that are global to the account, so each carries the stack's.</summary>
    private readonly string _prefix = $"{Deployment.Instance.ProjectName}-{Deployment.Instance.StackName}";

    private readonly CustomResourceOptions _owned;
    private readonly Dictionary<CacheRule, CachePolicy> _cachePolicies = [];

    public Output<string> Arn { get; }

    /// <summary>The address that viewers see, without a final slash.</summary>
    public Output<string> Url { get; }

    public MediaDistribution(string name, DeploymentSettings settings, Bucket bucket, Output<string> keyGroupId)
        : base("reelseal:delivery:MediaDistribution", name)
    {
        _owned = new() { Parent = this };
        var access = new OriginAccessControl(name, new()
        {
            Name = _prefix,
            OriginAccessControlOriginType = "s3",
            SigningBehavior = "always",
            SigningProtocol = "sigv4",
        }, _owned);
        var headers = HeadersPolicy(name, settings);
        var pageHeaders = PageHeadersPolicy(settings, bucket);
        var pageAddresses = new Function("page", new() { Name = $"{_prefix}-page", Runtime = "cloudfront-js-2.0", Code = PagePolicy.Addresses, Publish = true }, _owned);
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
                ? OrderedBehavior(rule, headers.Id, keyGroupId) : PageBehavior(OrderedBehavior(rule, pageHeaders.Id, keyGroupId), pageAddresses)).ToArray(),
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
        Url = settings.Domain is { } own ? Output.Create($"https://{own.Name}") : distribution.DomainName.Apply(host => $"https://{host}");
        RegisterOutputs();
    }

    /// <summary>Without an S3OriginConfig: that would name an origin access identity, which this origin access control replaces.</summary>
    private static DistributionOriginArgs BucketOrigin(Bucket bucket, OriginAccessControl access) => new()
    {
        OriginId = nameof(DeliveryOrigin.Bucket),
        DomainName = bucket.BucketRegionalDomainName,
        OriginAccessControlId = access.Id,
    };

    /// <summary>The function's path after its route is the object's key, so the origin path ends where the key begins.</summary>
    private static DistributionOriginArgs SignPlaylistOrigin(DeploymentSettings settings) => new()
    {
        OriginId = nameof(DeliveryOrigin.SignPlaylist),
        DomainName = settings.Gateway.Host,
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
            Compress = true,
            CachePolicyId = CachePolicyFor(rule.Cache).Id,
            ResponseHeadersPolicyId = headersPolicyId,
        };
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
            Compress = true,
            CachePolicyId = CachePolicyFor(rule.Cache).Id,
            ResponseHeadersPolicyId = headersPolicyId,
        };
        if (rule.NeedsSignature)
            behavior.TrustedKeyGroups.Add(keyGroupId);
        return behavior;
    }

    private static DistributionOrderedCacheBehaviorArgs PageBehavior(DistributionOrderedCacheBehaviorArgs behavior, Function addresses)
    {
        behavior.FunctionAssociations.Add(new DistributionOrderedCacheBehaviorFunctionAssociationArgs { EventType = "viewer-request", FunctionArn = addresses.Arn });
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
            queryStrings.QueryStrings = new CachePolicyParametersInCacheKeyAndForwardedToOriginQueryStringsConfigQueryStringsArgs { Items = rule.QueryParameters };
        }
        var policy = new CachePolicy(rule.Name, new()
        {
            Name = $"{_prefix}-{rule.Name}",
            MinTtl = 0,
            DefaultTtl = (int)rule.Otherwise.TotalSeconds,
            MaxTtl = (int)rule.AtMost.TotalSeconds,
            ParametersInCacheKeyAndForwardedToOrigin = new CachePolicyParametersInCacheKeyAndForwardedToOriginArgs
            {
                CookiesConfig = new CachePolicyParametersInCacheKeyAndForwardedToOriginCookiesConfigArgs { CookieBehavior = "none" },
                HeadersConfig = new CachePolicyParametersInCacheKeyAndForwardedToOriginHeadersConfigArgs { HeaderBehavior = "none" },
                QueryStringsConfig = queryStrings,
                EnableAcceptEncodingGzip = true,
                EnableAcceptEncodingBrotli = true,
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
                // With credentials a star would be taken for a header of that name; players send Range and nothing else.
                AccessControlAllowHeaders = new ResponseHeadersPolicyCorsConfigAccessControlAllowHeadersArgs { Items = { cors.Credentials ? "Range" : "*" } },
                AccessControlExposeHeaders = new ResponseHeadersPolicyCorsConfigAccessControlExposeHeadersArgs { Items = PlaybackCors.ExposedHeaders },
                AccessControlMaxAgeSec = (int)PlaybackCors.MaxAge.TotalSeconds,
            },
            SecurityHeadersConfig = new ResponseHeadersPolicySecurityHeadersConfigArgs
            {
                ContentTypeOptions = new ResponseHeadersPolicySecurityHeadersConfigContentTypeOptionsArgs { Override = true },
                // A signed URL in a Referer is a signed URL given away.
                ReferrerPolicy = new ResponseHeadersPolicySecurityHeadersConfigReferrerPolicyArgs { ReferrerPolicy = "no-referrer", Override = true },
                StrictTransportSecurity = new ResponseHeadersPolicySecurityHeadersConfigStrictTransportSecurityArgs { AccessControlMaxAgeSec = 31_536_000, Override = true },
            },
        }, _owned);
    }

    /// <summary>The page's own headers. No other page has anything to read there, so there are none for CORS.</summary>
    private ResponseHeadersPolicy PageHeadersPolicy(DeploymentSettings settings, Bucket bucket)
    {
        string[] tokens = settings.TokenUrl is { } url ? [url.GetLeftPart(UriPartial.Authority)] : [];
        var content = bucket.BucketRegionalDomainName.Apply(host => PagePolicy.ContentSecurityPolicy(settings.Gateway.GetLeftPart(UriPartial.Authority), [$"https://{host}", .. tokens]));
        return new ResponseHeadersPolicy("page", new()
        {
            Name = $"{_prefix}-page",
            SecurityHeadersConfig = new ResponseHeadersPolicySecurityHeadersConfigArgs
            {
                ContentSecurityPolicy = new ResponseHeadersPolicySecurityHeadersConfigContentSecurityPolicyArgs { ContentSecurityPolicy = content, Override = true },
                ContentTypeOptions = new ResponseHeadersPolicySecurityHeadersConfigContentTypeOptionsArgs { Override = true },
                // A link's ticket is in the fragment, which no Referer holds; what follows from it is in signed URLs.
                ReferrerPolicy = new ResponseHeadersPolicySecurityHeadersConfigReferrerPolicyArgs { ReferrerPolicy = "no-referrer", Override = true },
                StrictTransportSecurity = new ResponseHeadersPolicySecurityHeadersConfigStrictTransportSecurityArgs { AccessControlMaxAgeSec = 31_536_000, Override = true },
            },
        }, _owned);
    }

    private static DistributionViewerCertificateArgs Certificate(CustomDomain? domain) => domain is null
        // With CloudFront's own name and certificate the least version of TLS is CloudFront's to choose.
        ? new() { CloudfrontDefaultCertificate = true, MinimumProtocolVersion = "TLSv1" }
        : new() { AcmCertificateArn = domain.CertificateArn, SslSupportMethod = "sni-only", MinimumProtocolVersion = "TLSv1.2_2021" };
}
