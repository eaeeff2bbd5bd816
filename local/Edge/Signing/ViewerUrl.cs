using System.Collections.Frozen;

namespace Reelseal.Local.Edge.Signing;

/// <summary>The URL that a viewer requested, exactly as sent, without the parameters that CloudFront reserves.</summary>
/// <param name="Scheme"><c>http</c> or <c>https</c>.</param>
/// <param name="Host">The host, with its port where one was given.</param>
/// <param name="Path">The path, from its first slash on, percent-encoded as it was sent.</param>
/// <param name="Query">The query without <c>?</c> and without the reserved parameters; empty when nothing is left.</param>
internal sealed record ViewerUrl(string Scheme, string Host, string Path, string Query)
{
    /// <summary>The longest URL that CloudFront accepts, in bytes (quotas of the developer guide).</summary>
    public const int MaxLength = 8192;

    /// <summary>
    /// The parameters that CloudFront reads and removes:
    /// <see href="https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-choosing-signed-urls-cookies.html"/>.
    /// </summary>
    public static FrozenSet<string> ReservedParameters { get; } =
        FrozenSet.Create(StringComparer.Ordinal, "Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm");

    /// <summary>Splits a request target (RFC 9112, section 3.2.1) into the viewer's URL and the reserved parameters.</summary>
    public static (ViewerUrl Url, IReadOnlyList<KeyValuePair<string, string>> Reserved) Parse(string scheme, string host, string target)
    {
        var reserved = new List<KeyValuePair<string, string>>();
        var own = new List<string>();
        var (path, query) = target.IndexOf('?') is >= 0 and var mark ? (target[..mark], target[(mark + 1)..]) : (target, "");
        foreach (var parameter in query.Length == 0 ? [] : query.Split('&'))
        {
            var (name, value) = Cut(parameter);
            if (ReservedParameters.Contains(name))
                reserved.Add(new(name, Uri.UnescapeDataString(value)));
            else
                own.Add(parameter);
        }
        return (new(scheme, host, path, string.Join('&', own)), reserved);
    }

    /// <summary>
    /// Returns the viewer's own parameters of the given names, as sent and in order: the cache key of a cache policy with a list of parameters.
    /// </summary>
    public string QueryOf(params ReadOnlySpan<string> names)
    {
        var kept = new List<string>();
        foreach (var parameter in Query.Split('&'))
        {
            if (names.Contains(Cut(parameter).Name))
                kept.Add(parameter);
        }
        return string.Join('&', kept);
    }

    public override string ToString() => Query.Length == 0 ? $"{Scheme}://{Host}{Path}" : $"{Scheme}://{Host}{Path}?{Query}";

    private static (string Name, string Value) Cut(string parameter) =>
        parameter.IndexOf('=') is >= 0 and var equals ? (parameter[..equals], parameter[(equals + 1)..]) : (parameter, "");
}
