namespace Reelseal.Local.Edge.Signing;

/// <summary>Why CloudFront refuses a viewer: the code and message of its 403.</summary>
/// <remarks>
/// AWS documents the first two (<see href="https://repost.aws/knowledge-center/cloudfront-troubleshoot-signed-url-cookies"/>); the others are quoted in public
/// issues. A wrong signature, another URL, another address and a wrong time all get the same words.
/// </remarks>
internal sealed record Refusal(string Code, string Message)
{
    public static readonly Refusal MissingKey = new("MissingKey", "Missing Key-Pair-Id query parameter or cookie value");
    public static readonly Refusal InvalidKey = new("InvalidKey", "Unknown Key");
    public static readonly Refusal MalformedPolicy = new("MalformedPolicy", "Malformed Policy");
    public static readonly Refusal MalformedSignature = new("MalformedSignature", "Could not unencode Signature");
    public static readonly Refusal AccessDenied = new("AccessDenied", "Access denied");
}
