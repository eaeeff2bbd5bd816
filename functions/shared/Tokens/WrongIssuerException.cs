namespace Reelseal.Tokens;

/// <summary><c>TOKEN_ISSUER</c> is wrong: no retry will help, and someone has to correct it.</summary>
/// <remarks>The message is for the operator, in the log and in <c>/health</c>.</remarks>
internal sealed class WrongIssuerException(string message) : Exception(message)
{
    private const int MaxLength = 200;

    /// <summary>The discovery document at the issuer's address names another issuer.</summary>
    /// <param name="issuer">The value of <c>TOKEN_ISSUER</c>.</param>
    /// <param name="found">What the document says; it comes from outside.</param>
    public static WrongIssuerException Mismatch(string issuer, string? found)
    {
        if (found is not { Length: > 0 and <= MaxLength } || found.Any(character => character is <= ' ' or > '~'))
            return new($"TOKEN_ISSUER is {issuer}, but the discovery document there names no issuer.");
        var hint = found.TrimEnd('/') == issuer.TrimEnd('/') ? " They differ in the slash at the end."
            : found.Contains('{', StringComparison.Ordinal) ? " Use the address of your own tenant."
            : "";
        return new($"TOKEN_ISSUER is {issuer}, but the discovery document there is for the issuer {found}.{hint}");
    }
}
