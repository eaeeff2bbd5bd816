using Microsoft.Extensions.Primitives;
using Reelseal.Storage;

namespace Reelseal.Local.Store;

/// <summary>
/// Stands in for the bucket's address when the store is a directory: accepts the parts of uploads at presigned addresses, on its own origin and with the
/// CORS headers that S3 sends under the rule of <c>infra</c>, so that the page behaves here as it will there.
/// </summary>
internal sealed class PartServer : IAsyncDisposable
{
    private readonly string _pageOrigin;
    private LoopbackServer? _server;
    private DirectoryMultipartStore? _parts;

    private PartServer(string pageOrigin) => _pageOrigin = pageOrigin;

    /// <summary>Its address, without a trailing slash: the function's <c>STORE_URL</c>.</summary>
    public string Address => _server!.Address;

    /// <param name="directory">The store's directory.</param>
    /// <param name="store">The store in that directory.</param>
    /// <param name="pageOrigin">The one origin whose pages may send parts.</param>
    /// <param name="logging">Configures where the server logs.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    public static async Task<PartServer> StartAsync(
        string directory, IObjectStore store, string pageOrigin, Action<ILoggingBuilder> logging, CancellationToken cancellationToken)
    {
        var server = new PartServer(pageOrigin);
        server._server = await LoopbackServer.StartAsync(
            port: 0, kestrel => kestrel.Limits.MaxRequestBodySize = null, logging, server.ServeAsync, cancellationToken);
        server._parts = new(directory, new(server.Address), store, TimeProvider.System);
        return server;
    }

    public ValueTask DisposeAsync() => _server!.DisposeAsync();

    private async Task ServeAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        var isPreflight = HttpMethods.IsOptions(request.Method);
        if (request.Headers.Origin == _pageOrigin)
        {
            response.Headers.AccessControlAllowOrigin = _pageOrigin;
            response.Headers.AccessControlExposeHeaders = "ETag";
            response.Headers.Vary = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";
            if (isPreflight)
            {
                response.Headers.AccessControlAllowMethods = "PUT";
                response.Headers.AccessControlAllowHeaders = request.Headers.AccessControlRequestHeaders;
                response.Headers.AccessControlMaxAge = "3600";
                return;
            }
        }
        if (isPreflight || !HttpMethods.IsPut(request.Method) || _parts is null
            || await _parts.ReceivePartAsync((request.Path.Value ?? "").TrimStart('/'), Parameter, request.Body, context.RequestAborted) is not { } eTag)
        {
            response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }
        response.Headers.ETag = eTag;

        string? Parameter(string name) => request.Query[name] is { Count: 1 } value && !StringValues.IsNullOrEmpty(value) ? value[0] : null;
    }
}
