namespace Reelseal.Local.Edge.Signing;

/// <summary>A viewer's request with its signature parameters, as sent and unchecked.</summary>
/// <param name="Url">What is asked for.</param>
/// <param name="Expires">The end of a canned policy, in seconds since the epoch.</param>
/// <param name="Policy">A custom policy, in CloudFront's base64.</param>
/// <param name="Signature">The signature of the policy, in CloudFront's base64.</param>
/// <param name="KeyPairId">Which key of the group signed.</param>
/// <param name="HashAlgorithm">The hash algorithm; SHA-1 if absent.</param>
internal sealed record SignedRequest(ViewerUrl Url, string? Expires, string? Policy, string? Signature, string? KeyPairId, string? HashAlgorithm)
{
    private const string CookiePrefix = "CloudFront-";

    /// <summary>Reads the query, or the cookies if the query has none of the reserved parameters: a signed URL takes precedence over signed cookies.</summary>
    /// <param name="scheme">How the viewer connected.</param>
    /// <param name="host">The header <c>Host</c>.</param>
    /// <param name="target">The request target, undecoded.</param>
    /// <param name="cookies">The viewer's cookies.</param>
    public static SignedRequest Read(string scheme, string host, string target, IRequestCookieCollection cookies)
    {
        var (url, reserved) = ViewerUrl.Parse(scheme, host, target);
        Func<string, string?> value = reserved.Count > 0 ? Parameter : name => cookies[CookiePrefix + name];
        return new(url, value("Expires"), value("Policy"), value("Signature"), value("Key-Pair-Id"), value("Hash-Algorithm"));

        string? Parameter(string name) => reserved.FirstOrDefault(parameter => parameter.Key == name).Value;
    }
}
