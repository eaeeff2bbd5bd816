using Pulumi;

namespace Reelseal.Infra;

/// <summary>All that is deployed, from the stack's configuration to its outputs.</summary>
internal static class Infrastructure
{
    /// <param name="config">Gives the text of a setting, or null.</param>
    /// <returns>The settings and secrets of the functions, under the names that stack.yml has for them.</returns>
    /// <exception cref="RunException">The configuration is faulty. Of this exception Pulumi prints the message alone; of any other, the stack as well.</exception>
    public static IDictionary<string, object?> Deploy(Func<string, string?> config)
    {
        try
        {
            return Deploy(DeploymentSettings.Read(config));
        }
        catch (ConfigurationFaultException fault)
        {
            throw new RunException(fault.Message, fault);
        }
    }

    private static Dictionary<string, object?> Deploy(DeploymentSettings settings)
    {
        var bucket = new MediaBucket("media", settings);
        var keys = new SigningKeys("viewers", settings.PublicKeys);
        var distribution = new MediaDistribution("media", settings, bucket.Bucket, keys.KeyGroupId);
        bucket.LetIn(distribution, settings);
        var signPlaylist = new FunctionAccess("sign-playlist", settings.Cluster, bucket.Bucket.Arn.Apply(arn => BucketAccess.SignPlaylist(arn).ToJson()));
        var ingestVideo = new FunctionAccess("ingest-video", settings.Cluster, bucket.Bucket.Arn.Apply(arn => BucketAccess.IngestVideo(arn).ToJson()));
        if (settings.Page is { } page)
            _ = new WebPage("page", bucket.Bucket, Path.Combine(Deployment.Instance.RootDirectory, page), settings);

        return new(StringComparer.Ordinal)
        {
            [StackOutputs.Bucket] = bucket.Bucket.Id,
            [StackOutputs.Region] = bucket.Bucket.Region,
            [StackOutputs.CloudFrontUrl] = distribution.Url,
            [StackOutputs.KeyPairId] = keys.SigningKeyId,
            [StackOutputs.OriginSecret] = Output.CreateSecret(settings.OriginSecret),
            // A cluster has no empty secrets. The same one twice opens nothing more.
            [StackOutputs.OriginSecretPrevious] = Output.CreateSecret(settings.OriginSecretPrevious ?? settings.OriginSecret),
            [StackOutputs.SignPlaylistCredentials] = signPlaylist.CredentialsFile,
            [StackOutputs.IngestVideoCredentials] = ingestVideo.CredentialsFile,
        };
    }
}
