namespace Reelseal.Infra;

/// <summary>What a browser lets the page under <c>site/</c> do (Content Security Policy Level 3).</summary>
public static class PagePolicy
{
    /// <summary>
    /// Nothing but its own files, and the gateway and the store by name. Scripts and styles come from files only; <c>blob:</c> is what Media Source Extensions play
    /// from; nobody frames the page, so that nobody can lay a button of theirs under a click meant for <em>Delete</em>.
    /// </summary>
    /// <param name="gateway">The function gateway's origin: it also gives playlists.</param>
    /// <param name="others">Further origins that the page talks to: the bucket, which takes parts, and where tokens come from.</param>
    public static string ContentSecurityPolicy(string gateway, params IEnumerable<string> others) => string.Join("; ",
    [
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        $"media-src 'self' blob: data: {gateway}", // data: is the empty track that hls.js puts subtitles into
        $"connect-src 'self' {string.Join(' ', others.Prepend(gateway).Distinct(StringComparer.Ordinal))}",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]);

    /// <summary>
    /// What CloudFront does with a request for the page before anything else (a function of its runtime 2.0): the bare address leads to the page, and a folder is its
    /// <c>index.html</c>, which S3 does not know by itself.
    /// </summary>
    public const string Addresses =
        """
        function handler(event) {
          var request = event.request;
          if (request.uri === '/') {
            return { statusCode: 302, statusDescription: 'Found', headers: { location: { value: '/site/' } } };
          }
          if (request.uri.endsWith('/')) request.uri += 'index.html';
          return request;
        }

        """;
}
