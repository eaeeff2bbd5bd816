using System.Collections.Immutable;

namespace Reelseal.Infra;

/// <summary>The names of the stack's outputs. Settings and secrets go by the name that they have in stack.yml.</summary>
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

    /// <summary>Of the public key that <see cref="KeyPairId"/> names: deploy.sh compares it with the private key before it deploys the id.</summary>
    public const string SigningKeyFingerprint = "signingKeyFingerprint";

    /// <summary>For invalidations.</summary>
    public const string DistributionId = "distributionId";

    /// <summary>The <c>….cloudfront.net</c> name that a domain of one's own must point to.</summary>
    public const string DistributionDomain = "distributionDomain";

    /// <summary>The role that the service account of sign-playlist is annotated with.</summary>
    public const string SignPlaylistRole = "signPlaylistRoleArn";

    /// <summary>The role that the service account of ingest-video is annotated with.</summary>
    public const string IngestVideoRole = "ingestVideoRoleArn";

    /// <summary>Values for the environment of <c>faas-cli up</c>.</summary>
    public static readonly ImmutableSortedSet<string> Settings = [Bucket, Region, CloudFrontUrl, KeyPairId];

    /// <summary>Values for the cluster's secrets.</summary>
    public static readonly ImmutableSortedSet<string> Secrets = [OriginSecret, OriginSecretPrevious, SignPlaylistCredentials, IngestVideoCredentials];

    /// <summary>What an operator needs to know; no function reads it.</summary>
    public static readonly ImmutableSortedSet<string> Information = [SigningKeyFingerprint, DistributionId, DistributionDomain];

    /// <summary>Information that exists only where functions act as roles.</summary>
    public static readonly ImmutableSortedSet<string> Roles = [SignPlaylistRole, IngestVideoRole];

    /// <summary>Secrets that the infrastructure must never see: the operator makes them, and they go straight into the cluster.</summary>
    public static readonly ImmutableSortedSet<string> OperatorSecrets =
        ["reelseal-callback-key", "reelseal-signing-key", "reelseal-token-key", "reelseal-worker-key"];
}
