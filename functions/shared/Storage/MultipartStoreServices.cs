using Amazon.S3;
using Microsoft.Extensions.DependencyInjection;

namespace Reelseal.Storage;

public static class MultipartStoreServices
{
    /// <summary>
    /// Adds <see cref="IMultipartStore"/> for the store that <see cref="ObjectStoreServices.AddObjectStore"/> added. A directory takes uploads in parts
    /// only where <c>STORE_URL</c> is set, the address at which the parts are served.
    /// </summary>
    public static IServiceCollection AddMultipartStore(this IServiceCollection services, Settings settings)
    {
        if (settings.Text("STORE_DIRECTORY") is not { } directory)
            return services.AddSingleton<IMultipartStore>(
                provider => new S3MultipartStore(provider.GetRequiredService<S3Options>(), new(provider.GetRequiredService<IAmazonS3>)));
        return settings.Address("STORE_URL") is not { } address
            ? services
            : services.AddSingleton<IMultipartStore>(provider => new DirectoryMultipartStore(
                directory, address, provider.GetRequiredService<IObjectStore>(), provider.GetRequiredService<TimeProvider>()));
    }
}
