using Amazon;
using Amazon.Runtime;
using Amazon.S3;

namespace Reelseal.Storage;

/// <summary>Which bucket, where it is, and how long to wait for it.</summary>
/// <param name="Bucket">The bucket's name.</param>
/// <param name="Region">The AWS region, such as <c>eu-central-1</c>: part of every signature.</param>
/// <param name="Endpoint">An S3 that is not Amazon's, addressed with the bucket in the path; null for Amazon's own.</param>
/// <param name="Timeout">How long an answer may take, with all attempts, and how long a body may be silent;
/// a little longer for an upload (4 s/MiB, at most 16 s).</param>
public sealed record S3Options(string Bucket, string Region, Uri? Endpoint, TimeSpan Timeout)
{
    /// <summary>Creates a client with these credentials, or with those that the SDK's own chain finds at the first request.</summary>
    public AmazonS3Client CreateClient(AWSCredentials? credentials = null)
    {
        var config = new AmazonS3Config
        {
            // Deadline ends a call; this would also end a long upload that makes progress.
            Timeout = System.Threading.Timeout.InfiniteTimeSpan,
            RetryMode = RequestRetryMode.Standard,
            HttpClientFactory = new StoreHttpClients(),
            // Both said here, because otherwise the SDK looks for them in files and on the network.
            DefaultConfigurationMode = DefaultConfigurationMode.Standard,
        };
        if (Endpoint is null)
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(Region);
        }
        else
        {
            config.ServiceURL = Endpoint.AbsoluteUri;
            config.AuthenticationRegion = Region;
            config.ForcePathStyle = true;
        }
        if (credentials is not null)
            return new(credentials, config);
        AssumedRoles.Enable();
        return new(config);
    }
}
