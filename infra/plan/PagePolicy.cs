namespace Reelseal.Infra;

/// <summary>What browsers and CloudFront do with the page under <c>site/</c>.</summary>
public static class PagePolicy
{
    /// <summary>
    /// Lets the page load its own files and talk to the gateway, the store and the token's address, and nothing else (Content Security Policy Level
    /// 3).
    /// </summary>
    /// <remarks>
    /// Scripts and styles come from files only; Media Source Extensions play from <c>blob:</c>. By default no page may frame this one: a stranger's page
    /// could place its own button over <em>Delete</em>.
    /// </remarks>
    /// <param name="gateway">The function gateway's origin, which also serves playlists.</param>
    /// <param name="others">Further origins that the page talks to: the bucket, which takes parts, and where tokens come from.</param>
    /// <param name="frameAncestors">The origins whose pages may show this one, or the player, in a frame; empty for none.</param>
    public static string ContentSecurityPolicy(string gateway, IEnumerable<string> others, IEnumerable<string> frameAncestors) => string.Join("; ",
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
        $"frame-ancestors {string.Join(' ', frameAncestors.DefaultIfEmpty("'none'"))}",
    ]);

    /// <summary>
    /// A CloudFront function (runtime 2.0) for requests of the page: the bare address and <c>/site</c> redirect to the page, and a folder means its
    /// <c>index.html</c>, which S3 does not resolve itself.
    /// </summary>
    public const string Addresses =
        """
        function handler(event) {
          var request = event.request;
          if (request.uri === '/' || request.uri === '/site') {
            return { statusCode: 302, statusDescription: 'Found', headers: { location: { value: '/site/' } } };
          }
          if (request.uri.endsWith('/')) request.uri += 'index.html';
          return request;
        }

        """;
}
