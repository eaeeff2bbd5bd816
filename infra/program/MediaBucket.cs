using Pulumi;
using Pulumi.Aws.S3;
using Pulumi.Aws.S3.Inputs;

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
                    ApplyServerSideEncryptionByDefault = new BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs { SseAlgorithm = "AES256" },
                },
            },
        }, _owned);
        // A published video never changes: a version would only be a deleted video that still costs.
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
        RegisterOutputs();
    }

    /// <summary>Lets the distribution read, and its pages upload. Only now is it known which distribution that is.</summary>
    public void LetIn(MediaDistribution distribution, DeploymentSettings settings)
    {
        _ = new BucketPolicy(_name, new()
        {
            Bucket = Bucket.Id,
            Policy = Output.Tuple(Bucket.Arn, distribution.Arn).Apply(arns => BucketAccess.Bucket(arns.Item1, arns.Item2).ToJson()),
        }, new() { Parent = this, DependsOn = { _closed } });
        var cors = distribution.Url.Apply(url => BucketRules.Uploads([url, .. settings.AllowedOrigins]));
        _ = new BucketCorsConfiguration(_name, new()
        {
            Bucket = Bucket.Id,
            CorsRules =
            {
                new BucketCorsConfigurationCorsRuleArgs
                {
                    AllowedMethods = cors.Apply(rule => rule.AllowedMethods),
                    AllowedOrigins = cors.Apply(rule => rule.AllowedOrigins),
                    AllowedHeaders = cors.Apply(rule => rule.AllowedHeaders),
                    ExposeHeaders = cors.Apply(rule => rule.ExposeHeaders),
                    MaxAgeSeconds = cors.Apply(rule => (int)rule.MaxAge.TotalSeconds),
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
