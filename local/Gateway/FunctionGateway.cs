using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Http.Features;

namespace Reelseal.Local.Gateway;

/// <summary>Stands in for the OpenFaaS gateway (Community 0.27) and behaves like it: <c>/function/NAME/…</c> and <c>/async-function/NAME/…</c>.</summary>
internal sealed class FunctionGateway : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Uri[]> _functions = new(StringComparer.Ordinal);
    private readonly FunctionForwarder _forwarder = new();
    private readonly AsyncQueue _queue;
    private LoopbackServer? _server;

    private FunctionGateway() => _queue = new(_forwarder);

    /// <summary>Its address, without a trailing slash.</summary>
    public string Address => _server!.Address;

    /// <param name="port">The port on 127.0.0.1, or 0 for a free one.</param>
    /// <param name="logging">Configures where the server logs.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    public static async Task<FunctionGateway> StartAsync(int port, Action<ILoggingBuilder> logging, CancellationToken cancellationToken)
    {
        var gateway = new FunctionGateway();
        gateway._server = await LoopbackServer.StartAsync(
            port,
            kestrel =>
            {
                // The real gateway streams bodies of any size at any speed.
                kestrel.Limits.MaxRequestBodySize = null;
                kestrel.Limits.MinRequestBodyDataRate = null;
                kestrel.Limits.MinResponseDataRate = null;
                kestrel.Limits.MaxRequestLineSize = 64 * 1024;
                kestrel.Limits.MaxRequestHeadersTotalSize = 256 * 1024;
            },
            logging, gateway.ServeAsync, cancellationToken);
        return gateway;
    }

    /// <summary>Makes a function available under its name.</summary>
    public void Register(string name, Uri address) => Register(name, [address]);

    /// <summary>Makes the replicas of a function available under its name. Each request gets one at random, as in Kubernetes.</summary>
    public void Register(string name, Uri[] replicas) => _functions[name] = replicas;

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        await _queue.DisposeAsync();
        _forwarder.Dispose();
    }

    private async Task ServeAsync(HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var (rawPath, query) = target.IndexOf('?') is >= 0 and var mark ? (target[..mark], target[(mark + 1)..]) : (target, "");
        if (!rawPath.StartsWith('/') || !GatewayPath.TryDecode(rawPath, out var path))
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }
        if (GatewayPath.Clean(path) is var clean && clean != path)
        {
            context.Response.StatusCode = StatusCodes.Status301MovedPermanently;
            context.Response.Headers.Location = GatewayPath.Encode(clean) + (query.Length == 0 ? "" : "?" + query);
            return;
        }
        if (FunctionCall.Read(path) is not { } call)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        if (!_functions.TryGetValue(call.Name, out var replicas))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            await context.Response.WriteAsync("error finding function", context.RequestAborted);
            return;
        }
        if (call.AddressAt(Random.Shared.GetItems(replicas, 1)[0], query) is not { } address)
        {
            context.Abort(); // as the real gateway ends a request that it cannot forward
            return;
        }
        var callId = context.Request.Headers["X-Call-Id"].FirstOrDefault() is { Length: > 0 } own ? own : Guid.NewGuid().ToString();
        context.Request.Headers["X-Call-Id"] = callId;
        context.Response.Headers["X-Call-Id"] = callId;
        context.Request.Headers["X-Start-Time"] = (DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1_000_000).ToString(CultureInfo.InvariantCulture);
        if (call.IsAsync)
            await _queue.AcceptAsync(context, call.Name, address);
        else
            await _forwarder.ForwardAsync(context, address);
    }
}
