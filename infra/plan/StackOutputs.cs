using System.Collections.Immutable;

namespace Reelseal.Infra;

/// <summary>The names under which the infrastructure hands on what the functions need. Each is the name of the setting, or of the secret, in stack.yml.</summary>
public static class StackOutputs
{
    public const string Bucket = "S3_BUCKET";
    public const string Region = "AWS_REGION";
    public const string CloudFrontUrl = "CLOUDFRONT_URL";
    public const string KeyPairId = "KEY_PAIR_ID";

    public const string OriginSecret = "reelseal-origin-secret";
    public const string OriginSecretPrevious = "reelseal-origin-secret-previous";
    public const string SignPlaylistCredentials = "reelseal-aws-sign-playlist";
    public const string IngestVideoCredentials = "reelseal-aws-ingest-video";

    /// <summary>Values: they go into the environment of <c>faas-cli up</c>.</summary>
    public static readonly ImmutableSortedSet<string> Settings = [Bucket, Region, CloudFrontUrl, KeyPairId];

    /// <summary>Secrets: they go into the cluster's.</summary>
    public static readonly ImmutableSortedSet<string> Secrets = [OriginSecret, OriginSecretPrevious, SignPlaylistCredentials, IngestVideoCredentials];

    /// <summary>Secrets that the infrastructure must never see: they are made by hand and go straight into the cluster's.</summary>
    public static readonly ImmutableSortedSet<string> OperatorSecrets = ["reelseal-callback-key", "reelseal-signing-key", "reelseal-token-key"];
}
