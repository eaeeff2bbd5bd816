using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Hosting;

namespace Reelseal.Local;

/// <summary>An HTTP server on 127.0.0.1 that passes every request to one delegate.</summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private LoopbackServer(WebApplication app) => _app = app;

    /// <summary>Its address, without a trailing slash.</summary>
    public string Address => _app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();

    /// <param name="port">The port, or 0 for a free one.</param>
    /// <param name="limits">Changes the server's limits.</param>
    /// <param name="logging">Configures where the server logs; nowhere by default.</param>
    /// <param name="serve">Answers a request.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    /// <exception cref="PortInUseException">Another program listens there.</exception>
    public static async Task<LoopbackServer> StartAsync(
        int port, Action<KestrelServerOptions> limits, Action<ILoggingBuilder> logging, RequestDelegate serve, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            limits(kestrel);
        });
        builder.Logging.ClearProviders().AddFilter("Microsoft.Hosting", LogLevel.Warning).AddFilter("Microsoft.AspNetCore", LogLevel.Warning)
            .AddFilter("Microsoft.Extensions.Hosting", LogLevel.None); // a failure at start is thrown
        logging(builder.Logging);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(2));
        var app = builder.Build();
        app.Run(serve);
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (Exception e)
        {
            await app.DisposeAsync();
            if (e is IOException { InnerException: AddressInUseException })
                throw new PortInUseException(port, e);
            throw;
        }
        return new(app);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
