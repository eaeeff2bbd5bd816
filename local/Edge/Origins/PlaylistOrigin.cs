using System.Globalization;
using System.Net;
using Reelseal.Infra;
using Reelseal.Local.Edge.Caching;
using Reelseal.Local.Edge.Signing;

namespace Reelseal.Local.Edge.Origins;

/// <summary>Where playlists come from.</summary>
/// <param name="Gateway">The function gateway's address, without a slash at its end.</param>
/// <param name="OriginSecret">The value of <c>X-Origin-Verify</c>.</param>
internal sealed record PlaylistOriginOptions(string Gateway, string OriginSecret)
{
    /// <summary>The origin's path, which CloudFront puts before the viewer's.</summary>
    public string Path { get; init; } = "/function/sign-playlist";
}

/// <summary>
/// The function behind its gateway, as a custom origin: cached by path, the parameters of the distribution's cache policy and encoding,
/// and asked with nothing else of the viewer's request.
/// </summary>
internal sealed class PlaylistOrigin(PlaylistOriginOptions options, PlaylistCache cache) : IOrigin, IDisposable
{
    private static readonly string[] s_hopByHop =
        ["Connection", "Keep-Alive", "Proxy-Authenticate", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length", "Set-Cookie"];

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ConnectTimeout = TimeSpan.FromSeconds(10), // CloudFront's default
        AutomaticDecompression = DecompressionMethods.None,
    });

    public async Task ServeAsync(HttpContext context, ViewerUrl url)
    {
        var key = new CacheKey(url.Path, url.QueryOf(DeliveryRule.Playlists.Cache.QueryParameters.AsSpan()), AcceptedEncodings.Of(context.Request));
        var cancellationToken = context.RequestAborted;
        var (answer, outcome, age) = HttpMethods.IsOptions(context.Request.Method)
            ? (await FetchAsync(HttpMethod.Options, key, context, stale: null, cancellationToken), CacheOutcome.Miss, TimeSpan.Zero) // never cached
            : await cache.GetAsync(key, (stale, cancellation) => FetchAsync(HttpMethod.Get, key, context, stale, cancellation), cancellationToken);
        var response = context.Response;
        response.StatusCode = answer.Status;
        foreach (var (name, values) in answer.Headers)
            response.Headers[name] = values;
        if (outcome is CacheOutcome.Hit)
            response.Headers.Age = ((long)age.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        response.Headers["X-Cache"] = answer.Status >= 400 ? "Error from cloudfront" : $"{outcome} from cloudfront";
        if (answer.Status == StatusCodes.Status200OK && Conditions.AreUnmodified(context.Request.GetTypedHeaders(), answer.ETag, lastModified: null))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            response.Headers.Remove("Content-Type");
            response.Headers.Remove("Content-Encoding");
            return;
        }
        if (answer.Status != StatusCodes.Status204NoContent)
            response.ContentLength = answer.Body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await response.Body.WriteAsync(answer.Body, context.RequestAborted);
    }

    public void Dispose() => _http.Dispose();

    private async Task<OriginAnswer> FetchAsync(HttpMethod method, CacheKey key, HttpContext context, OriginAnswer? stale, CancellationToken cancellationToken)
    {
        var target = options.Gateway + options.Path + key.Path + (key.Query.Length == 0 ? "" : "?" + key.Query);
        // CloudFront sends the path as it came; .NET would resolve ".." and decode escapes.
        using var request = new HttpRequestMessage(method, new Uri(target, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        request.Headers.Add("X-Origin-Verify", options.OriginSecret);
        request.Headers.Add("User-Agent", "Amazon CloudFront");
        request.Headers.Add("Via", "1.1 local (CloudFront)");
        request.Headers.Add("X-Forwarded-For", context.Connection.RemoteIpAddress?.ToString());
        if (key.Encodings.Length > 0)
            request.Headers.Add("Accept-Encoding", key.Encodings);
        if (stale?.ETag is { } eTag)
            request.Headers.TryAddWithoutValidation("If-None-Match", eTag);
        try
        {
            using var response = await _http.SendAsync(request, cancellationToken);
            var headers = response.Headers.Concat(response.Content.Headers)
                .Where(header => !s_hopByHop.Contains(header.Key, StringComparer.OrdinalIgnoreCase))
                .Select(header => KeyValuePair.Create(header.Key, header.Value.ToArray()))
                .ToArray();
            return new((int)response.StatusCode, headers, await response.Content.ReadAsByteArrayAsync(cancellationToken));
        }
        catch (HttpRequestException e)
        {
            throw new UpstreamException("The function gateway does not answer.", timedOut: false, e);
        }
    }
}
