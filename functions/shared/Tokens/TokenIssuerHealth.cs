using Reelseal.Health;

namespace Reelseal.Tokens;

/// <summary>Asks the token issuer for its keys; a wrong <c>TOKEN_ISSUER</c> is named.</summary>
internal sealed class TokenIssuerHealth(TokenValidator validator) : DependencyHealth
{
    protected override Task AskAsync(CancellationToken cancellationToken) => validator.CheckIssuerAsync(cancellationToken);
}
