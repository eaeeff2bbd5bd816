using System.Net;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Reelseal.Local.Gateway;

/// <summary>Forwards a request to a function and its response to the caller, both as streams.</summary>
/// <remarks>
/// 1. Headers are forwarded without those of the connection and without Content-Length: a body arrives chunked.
/// 2. Without <c>Accept-Encoding</c>, gzip is requested and the response decompressed, as Go's HTTP client does.
/// 3. The body is forwarded as it arrives; when the caller hangs up, so does this side.
/// 4. When the caller announced the body with <c>Expect: 100-continue</c> and the function responds before it has read all of it, the response is lost: 502.
/// In a real
/// installation three Go proxies forward that header, and each then sends a body that the next no longer accepts, or waits for one that never comes. There it
/// happens
/// often (500, 502 or no response at all); here always, so that a test can rely on it.
/// 5. Status and headers are returned, then the body as it arrives; when the function breaks off, so does this side.
/// </remarks>
internal sealed class FunctionForwarder : IDisposable
{
    private static readonly HashSet<string> s_hopByHop = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
    };

    private readonly HttpMessageInvoker _plain = new(NewHandler(DecompressionMethods.None));
    private readonly HttpMessageInvoker _unpacking = new(NewHandler(DecompressionMethods.GZip));

    public async Task ForwardAsync(HttpContext context, Uri address)
    {
        using var request = NewRequest(context.Request, address);
        var hasBody = context.Request.ContentLength is not 0 && context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody is true;
        StreamedBody? body = null;
        if (hasBody)
        {
            request.Content = body = new StreamedBody(context.Request.Body);
            CopyContentHeaders(context.Request.Headers, request.Content);
            request.Headers.TransferEncodingChunked = true;
        }
        HttpResponseMessage response;
        try
        {
            response = await SendAsync(request, context.RequestAborted);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or BadHttpRequestException)
        {
            if (context.RequestAborted.IsCancellationRequested)
                return;
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            await context.Response.WriteAsync("Can't reach service for this function.\n", context.RequestAborted);
            return;
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return; // the caller hung up
        }
        using (response)
        {
            if (body is { Sent: false } && request.Headers.ExpectContinue is true)
                context.Response.StatusCode = StatusCodes.Status502BadGateway;
            else
                await AnswerAsync(context, response);
        }
    }

    /// <summary>Sends a request that has no <c>Accept-Encoding</c> as Go's client would: with gzip, unpacking the answer.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        (request.Headers.AcceptEncoding.Count > 0 ? _plain : _unpacking).SendAsync(request, cancellationToken);

    public static HttpRequestMessage NewRequest(HttpRequest from, Uri address)
    {
        var request = new HttpRequestMessage(new HttpMethod(from.Method), address);
        foreach (var (name, values) in from.Headers)
        {
            if (!s_hopByHop.Contains(name)
                && !name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase)
                && !name.Equals("Host", StringComparison.OrdinalIgnoreCase))
                request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }
        if (StringValues.IsNullOrEmpty(from.Headers["X-Forwarded-Host"]))
            request.Headers.TryAddWithoutValidation("X-Forwarded-Host", from.Host.Value);
        if (StringValues.IsNullOrEmpty(from.Headers["X-Forwarded-For"]))
            request.Headers.TryAddWithoutValidation(
                "X-Forwarded-For", $"{from.HttpContext.Connection.RemoteIpAddress}:{from.HttpContext.Connection.RemotePort}");
        return request;
    }

    public static void CopyContentHeaders(IHeaderDictionary from, HttpContent to)
    {
        foreach (var (name, values) in from)
        {
            if (name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase) && !name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
                to.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }
    }

    public void Dispose()
    {
        _plain.Dispose();
        _unpacking.Dispose();
    }

    private static async Task AnswerAsync(HttpContext context, HttpResponseMessage from)
    {
        var to = context.Response;
        to.StatusCode = (int)from.StatusCode;
        foreach (var (name, values) in from.Headers.Concat(from.Content.Headers))
        {
            if (!s_hopByHop.Contains(name))
                to.Headers[name] = values.ToArray();
        }
        try
        {
            await to.StartAsync(context.RequestAborted);
            await using var body = await from.Content.ReadAsStreamAsync(context.RequestAborted);
            await body.CopyToAsync(to.Body, context.RequestAborted);
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException)
        {
            context.Abort(); // one side broke off: the other must not mistake a part for the whole
        }
    }

    private static SocketsHttpHandler NewHandler(DecompressionMethods unpacking) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        AutomaticDecompression = unpacking,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        // Go does not add trace headers either.
        ActivityHeadersPropagator = null,
    };
}
