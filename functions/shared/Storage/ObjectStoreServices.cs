using Amazon.S3;
using Microsoft.Extensions.DependencyInjection;
using Reelseal.Health;

namespace Reelseal.Storage;

/// <summary>Registers the object store that the settings name.</summary>
public static class ObjectStoreServices
{
    /// <summary>
    /// Adds <see cref="IObjectStore"/>: the directory <c>STORE_DIRECTORY</c>, or the bucket <c>S3_BUCKET</c> at <c>S3_ENDPOINT</c> (default: Amazon's) in
    /// <c>AWS_REGION</c>, which answers within <c>S3_TIMEOUT</c> (5s). For a bucket also <see cref="S3Options"/> and a lazy <see cref="IAmazonS3"/>.
    /// </summary>
    public static IServiceCollection AddObjectStore(this IServiceCollection services, Settings settings)
    {
        var (directory, bucket, endpoint, region) =
            (settings.Text("STORE_DIRECTORY"), settings.Text("S3_BUCKET"), settings.Address("S3_ENDPOINT"), settings.Text("AWS_REGION"));
        var timeout = ReadTimeout(settings);
        if (directory is null == bucket is null)
            settings.AddError("Set either S3_BUCKET, or STORE_DIRECTORY to keep objects in a directory.");
        if (bucket is not null && endpoint is null && region is null)
            settings.AddError("AWS_REGION is not set.");

        services.AddHealthChecks().AddCheck<ObjectStoreHealth>(UpstreamException.ObjectStore, timeout: DependencyHealth.Longest);
        if (directory is not null)
            return services.AddSingleton<IObjectStore>(_ => new DirectoryObjectStore(directory, timeout));

        // S3s that are not Amazon's know no regions, but the signature needs one.
        var options = new S3Options(bucket ?? "", region ?? "us-east-1", endpoint, timeout);
        return services
            .AddSingleton(options)
            .AddSingleton<IAmazonS3>(_ => options.CreateClient())
            .AddSingleton<IObjectStore>(provider => new S3ObjectStore(options, new(provider.GetRequiredService<IAmazonS3>)));
    }

    /// <summary>How long the store may take to answer: <c>S3_TIMEOUT</c>.</summary>
    public static TimeSpan ReadTimeout(Settings settings) => settings.Duration("S3_TIMEOUT", TimeSpan.FromSeconds(5), max: TimeSpan.FromHours(1));
}
