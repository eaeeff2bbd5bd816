using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Reelseal.Health;

namespace Reelseal.Tokens;

public static class TokenServices
{
    /// <summary>Registers <see cref="TokenGate"/> and what it needs, but for <see cref="TimeProvider"/>.</summary>
    public static void AddTokens(this IServiceCollection services, TokenOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton<TokenGate>();
        services.AddSingleton(provider => new TokenValidator(
            options, provider.GetRequiredService<TimeProvider>(), new HttpClient { Timeout = options.IssuerTimeout }, provider.GetRequiredService<ILogger<TokenValidator>>()));
        if (options.Issuer is not null)
            services.AddHealthChecks().AddCheck<TokenIssuerHealth>(UpstreamException.TokenIssuer, timeout: DependencyHealth.Longest);
    }
}
