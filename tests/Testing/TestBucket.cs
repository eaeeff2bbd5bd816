using Amazon.Runtime;
using Amazon.S3;
using Reelseal.Storage;

namespace Reelseal.Testing;

/// <summary>A bucket of a test, and everything needed to use it.</summary>
public sealed record TestBucket(Uri Endpoint, string Name, string AccessKey, string SecretKey)
{
    /// <summary>The environment variables with which a function uses it.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["S3_BUCKET"] = Name,
        ["S3_ENDPOINT"] = Endpoint.AbsoluteUri,
        ["AWS_REGION"] = "us-east-1",
        ["AWS_ACCESS_KEY_ID"] = AccessKey,
        ["AWS_SECRET_ACCESS_KEY"] = SecretKey,
        ["AWS_EC2_METADATA_DISABLED"] = "true", // whatever goes wrong, a test never asks the machine it runs on for credentials
    };

    public AmazonS3Client CreateClient() => Options(TimeSpan.FromSeconds(5)).CreateClient(new BasicAWSCredentials(AccessKey, SecretKey));

    public S3ObjectStore CreateStore(TimeSpan timeout) =>
        new(Options(timeout), new(() => Options(timeout).CreateClient(new BasicAWSCredentials(AccessKey, SecretKey))));

    private S3Options Options(TimeSpan timeout) => new(Name, "us-east-1", Endpoint, timeout);
}
