using Microsoft.Extensions.Hosting;

namespace Reelseal.Tokens;

/// <summary>Asks the token issuer for its keys at start, without delaying it.</summary>
/// <remarks>A wrong <c>TOKEN_ISSUER</c> is then in the log before the first viewer comes, and otherwise the keys are at hand.</remarks>
internal sealed class TokenIssuerCheck(TokenValidator validator) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await validator.CheckIssuerAsync(stoppingToken);
        }
        catch (UpstreamException)
        {
            // Logged where the fetch failed. An issuer that is down must not keep a function from starting: the next token asks again.
        }
    }
}
