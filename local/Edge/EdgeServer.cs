using Microsoft.AspNetCore.Http.Features;
using Reelseal.Infra;
using Reelseal.Local.Edge.Caching;
using Reelseal.Local.Edge.Origins;
using Reelseal.Local.Edge.Signing;
using Reelseal.Storage;

namespace Reelseal.Local.Edge;

/// <summary>The origins of an edge, and the keys it trusts.</summary>
internal sealed record EdgeOptions
{
    /// <summary>The port on 127.0.0.1, or 0 for a free one.</summary>
    public int Port { get; init; }

    /// <summary>The public keys of the distribution's key group.</summary>
    public required TrustedKeyGroup Keys { get; init; }

    /// <summary>The function gateway, and the secret that it gets in <c>X-Origin-Verify</c>.</summary>
    public required PlaylistOriginOptions Playlists { get; init; }

    /// <summary>The bucket.</summary>
    public required IObjectStore Store { get; init; }

    /// <summary>The page.</summary>
    public required SiteOrigin Site { get; init; }

    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>Stands in for the CloudFront distribution of <c>infra</c>: the same behaviours, checks and answers, on loopback and without TLS.</summary>
internal sealed class EdgeServer : IAsyncDisposable
{
    private readonly LoopbackServer _server;
    private readonly PlaylistOrigin _playlists;

    private EdgeServer(LoopbackServer server, PlaylistOrigin playlists) => (_server, _playlists) = (server, playlists);

    /// <summary>Its address, without a trailing slash: the function's <c>CLOUDFRONT_URL</c>.</summary>
    public string Address => _server.Address;

    public static async Task<EdgeServer> StartAsync(EdgeOptions options, Action<ILoggingBuilder> logging, CancellationToken cancellationToken)
    {
        var playlists = new PlaylistOrigin(options.Playlists, new PlaylistCache(options.Clock));
        var access = new ViewerAccess(options.Keys, options.Clock);
        // In the order of the distribution; the last is its default behaviour.
        Behavior[] behaviors =
        [
            new(path => path.StartsWith("/videos/", StringComparison.Ordinal) && path.EndsWith(".m3u8", StringComparison.Ordinal), IsSigned: true, playlists),
            new(
                path => path.StartsWith("/downloads/", StringComparison.Ordinal), IsSigned: true,
                new ObjectOrigin(options.Store, DeliveryRule.Downloads.Cache)),
            new(path => path.StartsWith(SiteOrigin.Player, StringComparison.Ordinal), IsSigned: false, options.Site),
            new(path => path.StartsWith("/site/", StringComparison.Ordinal), IsSigned: false, options.Site, IsForAnyPage: false),
            new(_ => true, IsSigned: true, new ObjectOrigin(options.Store, DeliveryRule.Everything.Cache)),
        ];
        // Allows request lines longer than a URL may be, so that the edge itself refuses them.
        var server = await LoopbackServer.StartAsync(
            options.Port,
            kestrel => kestrel.Limits.MaxRequestLineSize = 4 * ViewerUrl.MaxLength,
            logging,
            context => ServeAsync(context, behaviors, access),
            cancellationToken);
        return new(server, playlists);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _playlists.Dispose();
    }

    private static async Task ServeAsync(HttpContext context, Behavior[] behaviors, ViewerAccess access)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var request = SignedRequest.Read(context.Request.Scheme, context.Request.Host.Value ?? "", target, context.Request.Cookies);
        if (!target.StartsWith('/') || target.Length > ViewerUrl.MaxLength)
        {
            await EdgeError.WritePageAsync(context, StatusCodes.Status413PayloadTooLarge, "Bad request.");
            return;
        }
        if (request.Url.Path is "/" or "/site")
        {
            context.Response.Redirect("/site/");
            return;
        }
        var path = ViewerPath.Normalise(request.Url.Path);
        var behavior = Array.Find(behaviors, candidate => candidate.Matches(path))!;
        var method = context.Request.Method;
        if (!HttpMethods.IsGet(method) && !HttpMethods.IsHead(method) && !HttpMethods.IsOptions(method))
        {
            await EdgeError.WritePageAsync(
                context, StatusCodes.Status403Forbidden,
                "This distribution is not configured to allow the HTTP request method that was used for this request.");
            return;
        }
        if (behavior.IsSigned && access.Check(request, context.Connection.RemoteIpAddress) is { } refusal)
        {
            await EdgeError.WriteAsync(context, refusal);
            return;
        }
        // On starting, so that it overrides the origin's headers of the same names.
        context.Response.OnStarting(() =>
        {
            ResponseHeadersPolicy.Apply(context, behavior.IsForAnyPage);
            return Task.CompletedTask;
        });
        try
        {
            await behavior.Origin.ServeAsync(context, request.Url);
        }
        catch (UpstreamException e) when (!context.Response.HasStarted)
        {
            await EdgeError.WritePageAsync(context, e.StatusCode, "CloudFront couldn't connect to the origin.");
        }
    }
}
