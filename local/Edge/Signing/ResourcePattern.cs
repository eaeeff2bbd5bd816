namespace Reelseal.Local.Edge.Signing;

/// <summary>The <c>Resource</c> of a custom policy: a URL in which <c>*</c> stands for any run of characters and <c>?</c> for one.</summary>
/// <remarks>
/// CloudFront divides it into protocol, domain, path and query (<c>[protocol]://[domain]/[path]\?[query]</c>), and a wildcard stays within its part,
/// except that an asterisk at the end of the path also covers any query, one at the end of a lone domain any path and query, and one alone everything:
/// <see href="https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-custom-policy.html"/>.
/// That page writes the border to the query both as <c>\?</c> and as a bare <c>?</c>, so both are accepted.
/// </remarks>
internal sealed class ResourcePattern
{
    private readonly string _protocol;
    private readonly string _domain;
    private readonly string _path;
    private readonly string _query;
    private readonly (string Path, string Query)? _bareQuery;

    /// <param name="resource">The pattern; null if the policy omits it, which allows everything.</param>
    public ResourcePattern(string? resource)
    {
        if (resource is null or "*")
        {
            (_protocol, _domain, _path, _query) = ("*", "*", "*", "*");
            return;
        }
        var (protocol, rest) = Cut(resource, "://");
        // Only a pattern that starts with an asterisk may omit the protocol; any other pattern without one matches nothing.
        (_protocol, rest) = rest is not null ? (protocol, rest) : (resource.StartsWith('*') ? "*" : "", resource);

        var slash = rest.IndexOf('/');
        _domain = slash < 0 ? rest : rest[..slash];
        if (slash < 0)
        {
            (_path, _query) = rest.EndsWith('*') ? ("/*", "*") : ("/", "");
            return;
        }
        var (path, query) = Cut(rest[slash..], @"\?");
        _path = path;
        _query = query ?? (path.EndsWith('*') ? "*" : "");
        if (query is null && Cut(path, "?") is (var barePath, { } bareQuery))
            _bareQuery = (barePath, bareQuery);
    }

    public bool Matches(ViewerUrl url) =>
        Covers(_protocol, url.Scheme) && Covers(_domain, url.Host)
        && ((Covers(_path, url.Path) && Covers(_query, url.Query))
            || (_bareQuery is var (path, query) && Covers(path, url.Path) && Covers(query, url.Query)));

    private static (string Before, string? After) Cut(string text, string border) =>
        text.IndexOf(border, StringComparison.Ordinal) is >= 0 and var at ? (text[..at], text[(at + border.Length)..]) : (text, null);

    /// <summary>
    /// Returns whether the pattern matches the whole text. On a mismatch it backtracks to the last asterisk, which then matches one more character.
    /// </summary>
    private static bool Covers(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        var (at, from) = (0, 0);
        var (asterisk, taken) = (-1, 0);
        while (from < text.Length)
        {
            if (at < pattern.Length && pattern[at] == '*')
            {
                (asterisk, taken) = (at++, from);
            }
            else if (at < pattern.Length && IsEscaped(pattern[at..]) && text[from] == '?')
            {
                (at, from) = (at + 2, from + 1);
            }
            else if (at < pattern.Length && !IsEscaped(pattern[at..]) && (pattern[at] == '?' || pattern[at] == text[from]))
            {
                (at, from) = (at + 1, from + 1);
            }
            else if (asterisk >= 0)
            {
                (at, from) = (asterisk + 1, ++taken);
            }
            else
            {
                return false;
            }
        }
        return pattern[at..].TrimStart('*').IsEmpty;
    }

    private static bool IsEscaped(ReadOnlySpan<char> pattern) => pattern is ['\\', '?', ..];
}
