using Pulumi;

namespace Reelseal.Infra;

/// <summary>Everything that is deployed, from the stack's configuration to its outputs.</summary>
internal static class Infrastructure
{
    /// <param name="config">Returns the text of a setting, or null.</param>
    /// <returns>The stack's outputs, by the names of <see cref="StackOutputs"/>.</returns>
    /// <exception cref="RunException">
    /// The configuration is invalid. Of this exception Pulumi prints only the message; of any other, the stack trace as well.
    /// </exception>
    public static IDictionary<string, object?> Deploy(Func<string, string?> config)
    {
        try
        {
            return Deploy(DeploymentSettings.Read(config, Deployment.Instance.ProjectName, Deployment.Instance.StackName));
        }
        catch (InvalidConfigurationException e)
        {
            throw new RunException(e.Message, e);
        }
    }

    private static Dictionary<string, object?> Deploy(DeploymentSettings settings)
    {
        var bucket = new MediaBucket("media", settings);
        var keys = new SigningKeys("viewers", settings.PublicKeys);
        var distribution = new MediaDistribution("media", settings, bucket.Bucket, keys.KeyGroupId);
        bucket.LetIn(distribution, settings);
        var signPlaylist = new FunctionAccess("sign-playlist", settings, bucket.Bucket.Arn.Apply(arn => BucketAccess.SignPlaylist(arn).ToJson()));
        var ingestVideo = new FunctionAccess("ingest-video", settings, bucket.Bucket.Arn.Apply(arn => BucketAccess.IngestVideo(arn).ToJson()));
        if (settings.Page is { } page)
            _ = new WebPage("page", bucket.Bucket, Path.Combine(Deployment.Instance.RootDirectory, page), settings);

        var outputs = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            [StackOutputs.Bucket] = bucket.Bucket.Id,
            [StackOutputs.Region] = bucket.Bucket.Region,
            [StackOutputs.CloudFrontUrl] = distribution.Url,
            [StackOutputs.KeyPairId] = keys.SigningKeyId,
            [StackOutputs.OriginSecret] = Output.CreateSecret(settings.OriginSecret),
            // A cluster takes no empty secret. The same one twice opens nothing more.
            [StackOutputs.OriginSecretPrevious] = Output.CreateSecret(settings.OriginSecretPrevious ?? settings.OriginSecret),
            [StackOutputs.SignPlaylistCredentials] = signPlaylist.CredentialsFile,
            [StackOutputs.IngestVideoCredentials] = ingestVideo.CredentialsFile,
            [StackOutputs.SigningKeyFingerprint] = Output.Create(settings.PublicKeys[0].Fingerprint),
            [StackOutputs.DistributionId] = distribution.Id,
            [StackOutputs.DistributionDomain] = distribution.DomainName,
        };
        if (signPlaylist.RoleArn is { } signPlaylistRole)
            outputs.Add(StackOutputs.SignPlaylistRole, signPlaylistRole);
        if (ingestVideo.RoleArn is { } ingestVideoRole)
            outputs.Add(StackOutputs.IngestVideoRole, ingestVideoRole);
        return outputs;
    }
}
