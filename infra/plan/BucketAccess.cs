namespace Reelseal.Infra;

/// <summary>Who may do what in the bucket: the distribution by the bucket's own policy, each function by a policy of its identity.</summary>
public static class BucketAccess
{
    /// <summary>The bucket's policy: one distribution may read what viewers may see, and no request without TLS is allowed.</summary>
    /// <remarks>
    /// <c>status/</c>, <c>listing/</c>, <c>uploads/</c>, <c>callbacks/</c>, <c>work/</c> and <c>revocations/</c> are not named, so no signed URL reaches them
    /// through CloudFront (CloudFront Developer Guide, "Restrict access to an Amazon S3 origin").
    /// </remarks>
    /// <param name="bucketArn">The bucket's ARN.</param>
    /// <param name="distributionArn">The ARN of the only distribution that may read.</param>
    public static PolicyDocument Bucket(string bucketArn, string distributionArn) => new(
        new PolicyStatement(
            "DistributionReads",
            Effect.Allow,
            ["s3:GetObject"],
            [$"{bucketArn}/{ObjectKeys.VideosPrefix}*", $"{bucketArn}/{ObjectKeys.DownloadsPrefix}*", $"{bucketArn}/site/*"])
            .For("Service", "cloudfront.amazonaws.com")
            .When("StringEquals", "AWS:SourceArn", distributionArn),
        new PolicyStatement("NobodyWithoutTls", Effect.Deny, ["s3:*"], [bucketArn, $"{bucketArn}/*"])
            .For("AWS", "*")
            .When("Bool", "aws:SecureTransport", "false"));

    /// <summary>What sign-playlist may do: read playlists, what names a video's files to keep and its title, and read and write revocations.</summary>
    /// <remarks>It cannot list, so S3 answers 403 and not 404 for a missing key (<see cref="HealthObject"/>). Nor can it delete: a revocation stays.</remarks>
    public static PolicyDocument SignPlaylist(string bucketArn) => new(
        new PolicyStatement("ReadPlaylists", Effect.Allow, ["s3:GetObject"], [$"{bucketArn}/{ObjectKeys.VideosPrefix}*.m3u8"]),
        new PolicyStatement(
            "ReadDownloads", Effect.Allow, ["s3:GetObject"],
            [$"{bucketArn}/{ObjectKeys.VideosPrefix}*/{ObjectKeys.ManifestName}", $"{bucketArn}/{ObjectKeys.StatusPrefix}*.json"]),
        new PolicyStatement("Revoke", Effect.Allow, ["s3:GetObject", "s3:PutObject"], [$"{bucketArn}/{ObjectKeys.RevocationsPrefix}*"]));

    /// <summary>What ingest-video may do: read, write, delete and list what belongs to videos, and read revocations; not the page under <c>site/</c>.</summary>
    /// <remarks>
    /// The first function to look for revocations writes <see cref="ObjectKeys.LatestRevocation"/>, which shows from then on whether they can be read.
    /// </remarks>
    public static PolicyDocument IngestVideo(string bucketArn)
    {
        string[] prefixes =
            [ObjectKeys.VideosPrefix, ObjectKeys.DownloadsPrefix, ObjectKeys.StatusPrefix, ObjectKeys.ListingPrefix,
                ObjectKeys.UploadsPrefix, ObjectKeys.CallbacksPrefix, ObjectKeys.WorkPrefix];
        return new(
            new PolicyStatement(
                "ReadWriteDelete",
                Effect.Allow,
                // PutObject covers the parts of a multipart upload; listing and aborting them are rights of their own.
                ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"],
                [.. prefixes.Select(prefix => $"{bucketArn}/{prefix}*")]),
            new PolicyStatement("ReadRevocations", Effect.Allow, ["s3:GetObject"], [$"{bucketArn}/{ObjectKeys.RevocationsPrefix}*"]),
            new PolicyStatement("MarkRevocations", Effect.Allow, ["s3:PutObject"], [$"{bucketArn}/{ObjectKeys.LatestRevocation}"]),
            new PolicyStatement("List", Effect.Allow, ["s3:ListBucket"], [bucketArn])
                .When("StringLike", "s3:prefix", [.. prefixes.Select(prefix => $"{prefix}*")]));
    }

    /// <summary>Lets pods of one Kubernetes service account, and no other, act as a role (EKS User Guide, "IAM roles for service accounts").</summary>
    /// <param name="cluster">The cluster's OIDC provider and the namespace of the functions.</param>
    /// <param name="function">The function's name, and the service account's.</param>
    public static PolicyDocument Trust(OidcCluster cluster, string function) => new(
        new PolicyStatement("ServiceAccount", Effect.Allow, ["sts:AssumeRoleWithWebIdentity"], Resource: null)
            .For("Federated", cluster.ProviderArn)
            .When("StringEquals", $"{cluster.Issuer}:aud", "sts.amazonaws.com")
            .When("StringEquals", $"{cluster.Issuer}:sub", $"system:serviceaccount:{cluster.Namespace}:{function}"));
}
