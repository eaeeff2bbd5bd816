using Microsoft.Extensions.DependencyInjection;

namespace Reelseal.Revocation;

public static class RevocationServices
{
    /// <summary>Registers <see cref="Revocations"/>, which needs an <see cref="Storage.IObjectStore"/> and a <see cref="TimeProvider"/>.</summary>
    public static IServiceCollection AddRevocations(this IServiceCollection services) => services.AddSingleton<OutageLog>().AddSingleton<Revocations>();
}
