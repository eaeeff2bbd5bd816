using Microsoft.Extensions.DependencyInjection;

namespace Reelseal.Tokens;

public static class TokenServices
{
    /// <summary>Registers <see cref="TokenGate"/> and what it needs, but for <see cref="TimeProvider"/>.</summary>
    public static void AddTokens(this IServiceCollection services, TokenOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton<TokenGate>();
        services.AddSingleton(provider => new TokenValidator(
            options, provider.GetRequiredService<TimeProvider>(), new HttpClient { Timeout = options.IssuerTimeout }));
    }
}
