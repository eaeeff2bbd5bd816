using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Reelseal.Health;
using Reelseal.Revocation;

namespace Reelseal.Tokens;

public static class TokenServices
{
    private const int MaxDocumentBytes = 1024 * 1024;

    /// <summary>Registers <see cref="TokenGate"/> and what it needs, except <see cref="TimeProvider"/> and <see cref="Storage.IObjectStore"/>.</summary>
    public static void AddTokens(this IServiceCollection services, TokenOptions options)
    {
        services.AddSingleton(options);
        services.AddRevocations();
        services.AddSingleton<TokenGate>();
        services.AddSingleton(CreateValidator);
        if (options.Issuer is null)
            return;
        services.AddHostedService<TokenIssuerCheck>();
        services.AddHealthChecks().AddCheck<TokenIssuerHealth>(UpstreamException.TokenIssuer, timeout: DependencyHealth.Longest);
    }

    private static TokenValidator CreateValidator(IServiceProvider provider)
    {
        var options = provider.GetRequiredService<TokenOptions>();
        var (clock, logger) = (provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<TokenValidator>>());
        return new(options, clock, CreateHttpClient(options.IssuerTimeout), logger);
    }

    /// <summary>Makes the client that fetches an issuer's documents.</summary>
    internal static HttpClient CreateHttpClient(TimeSpan timeout) => new() { Timeout = timeout, MaxResponseContentBufferSize = MaxDocumentBytes };
}
