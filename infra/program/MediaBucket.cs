using Pulumi;
using Pulumi.Aws.S3;
using Pulumi.Aws.S3.Inputs;
using Reelseal.Storage;

namespace Reelseal.Infra;

/// <summary>The bucket: closed to the public, encrypted, without ACLs or versions, cleaned up by lifecycle rules.</summary>
internal sealed class MediaBucket : ComponentResource
{
    private readonly string _name;
    private readonly CustomResourceOptions _owned;
    private readonly BucketPublicAccessBlock _closed;

    public Bucket Bucket { get; }

    public MediaBucket(string name, DeploymentSettings settings)
        : base("reelseal:storage:MediaBucket", name)
    {
        _name = name;
        _owned = new() { Parent = this };
        Bucket = new Bucket(name, new() { ForceDestroy = !settings.Production }, new() { Parent = this, Protect = settings.Production });
        _closed = new BucketPublicAccessBlock(name, new()
        {
            Bucket = Bucket.Id,
            BlockPublicAcls = true,
            BlockPublicPolicy = true,
            IgnorePublicAcls = true,
            RestrictPublicBuckets = true,
        }, _owned);
        _ = new BucketOwnershipControls(name, new()
        {
            Bucket = Bucket.Id,
            Rule = new BucketOwnershipControlsRuleArgs { ObjectOwnership = "BucketOwnerEnforced" },
        }, _owned);
        _ = new BucketServerSideEncryptionConfiguration(name, new()
        {
            Bucket = Bucket.Id,
            Rules =
            {
                new BucketServerSideEncryptionConfigurationRuleArgs
                {
                    ApplyServerSideEncryptionByDefault = new BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs
                    {
                        SseAlgorithm = "AES256",
                    },
                },
            },
        }, _owned);
        // A published video never changes: an old version could only be a deleted video that still costs money.
        _ = new BucketVersioning(name, new()
        {
            Bucket = Bucket.Id,
            VersioningConfiguration = new BucketVersioningVersioningConfigurationArgs { Status = "Disabled" },
        }, _owned);
        _ = new BucketLifecycleConfiguration(name, new()
        {
            Bucket = Bucket.Id,
            Rules = BucketRules.Lifecycle.Select(ToArgs).ToArray(),
        }, _owned);
        _ = new BucketObjectv2(HealthObject.Key, new()
        {
            Bucket = Bucket.Id,
            Key = HealthObject.Key,
            Content = HealthObject.Content,
            ContentType = ObjectHeaders.For(HealthObject.Key).ContentType,
            CacheControl = HealthObject.CacheControl,
        }, _owned);
        RegisterOutputs();
    }

    /// <summary>
    /// Lets the distribution read, its pages upload, and pages of the allowed origins play. It needs the distribution, which needs the bucket.
    /// </summary>
    public void LetIn(MediaDistribution distribution, DeploymentSettings settings)
    {
        _ = new BucketPolicy(_name, new()
        {
            Bucket = Bucket.Id,
            Policy = Output.Tuple(Bucket.Arn, distribution.Arn).Apply(arns => BucketAccess.Bucket(arns.Item1, arns.Item2).ToJson()),
        }, new() { Parent = this, DependsOn = { _closed } });
        var uploads = distribution.Url.Apply(url => BucketRules.Uploads([url, .. settings.AllowedOrigins]));
        var playback = BucketRules.Playback(PlaybackCors.For(settings.AllowedOrigins));
        _ = new BucketCorsConfiguration(_name, new()
        {
            Bucket = Bucket.Id,
            CorsRules =
            {
                new BucketCorsConfigurationCorsRuleArgs
                {
                    AllowedMethods = uploads.Apply(rule => rule.AllowedMethods),
                    AllowedOrigins = uploads.Apply(rule => rule.AllowedOrigins),
                    AllowedHeaders = uploads.Apply(rule => rule.AllowedHeaders),
                    ExposeHeaders = uploads.Apply(rule => rule.ExposeHeaders),
                    MaxAgeSeconds = uploads.Apply(rule => (int)rule.MaxAge.TotalSeconds),
                },
                new BucketCorsConfigurationCorsRuleArgs
                {
                    AllowedMethods = playback.AllowedMethods,
                    AllowedOrigins = playback.AllowedOrigins,
                    AllowedHeaders = playback.AllowedHeaders,
                    ExposeHeaders = playback.ExposeHeaders,
                    MaxAgeSeconds = (int)playback.MaxAge.TotalSeconds,
                },
            },
        }, _owned);
    }

    private static BucketLifecycleConfigurationRuleArgs ToArgs(LifecycleRule rule)
    {
        var args = new BucketLifecycleConfigurationRuleArgs
        {
            Id = rule.Id,
            Status = "Enabled",
            Filter = new BucketLifecycleConfigurationRuleFilterArgs { Prefix = rule.Prefix },
        };
        if (rule.AbortUploadsAfterDays is { } abort)
            args.AbortIncompleteMultipartUpload = new BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs { DaysAfterInitiation = abort };
        if (rule.ExpireAfterDays is { } expire)
            args.Expiration = new BucketLifecycleConfigurationRuleExpirationArgs { Days = expire };
        return args;
    }
}
