using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Reelseal;
using Reelseal.Storage;
using Reelseal.Telemetry;
using Reelseal.Tokens;
using SignPlaylist.Downloads;
using SignPlaylist.Playlists;

namespace SignPlaylist;

/// <summary>sign-playlist: fetches a playlist from the store, signs every URI in it for CloudFront, and returns it to those who may watch.</summary>
public static class Handler
{
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">Settings are missing or wrong; the exception names all of them.</exception>
    public static void MapServices(IServiceCollection services) => MapServices(services, Settings.FromEnvironment());

    internal static void MapServices(IServiceCollection services, Settings settings)
    {
        services.AddObjectStore(settings);
        services.AddTelemetry(settings, "sign-playlist");
        services.AddSignPlaylist(SigningOptions.Read(settings));
    }

    internal static void AddSignPlaylist(this IServiceCollection services, SigningOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton(TimeProvider.System);
        services.AddTokens(options.Tokens);
        services.AddMemoryCache(cache => cache.SizeLimit = options.CacheBytes);
        services.AddSingleton<ViewerGate>();
        services.AddSingleton<WorkingMemory>();
        services.AddSingleton<PlaylistSource>();
        services.AddSingleton<PlaylistSigner>();
        services.AddSingleton<DownloadSource>();
        services.AddExceptionHandler<UpstreamExceptionHandler>();
        services.AddExceptionHandler<PlaylistExceptionHandler>();
        services.Configure<SocketTransportOptions>(sockets =>
        {
            sockets.UnsafePreferInlineScheduling = true;
            // Waiting first would be one more system call a request. What it saves, 4 KiB a connection, is little: only the watchdog connects.
            sockets.WaitForDataBeforeAllocatingBuffer = false;
        });
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, TicketJson.Default));
    }

    public static void MapEndpoints(WebApplication app)
    {
        app.UseCrossOriginHeaders(app.Services.GetRequiredService<SigningOptions>().CorsOrigin, methods: "GET, HEAD, PUT, DELETE");
        app.MapMethods("/videos/{video}/{*path}", [HttpMethods.Get, HttpMethods.Head], PlaylistEndpoint.Create(app.Services));
        app.MapGet("/videos/{video}", TicketEndpoint.GetTicket);
        app.MapGet("/videos/{video}/share", ShareEndpoint.GetShare);
        app.MapGet("/videos/{video}/download", DownloadEndpoint.GetDownload);
        app.MapDelete("/videos/{video}/tickets", RevocationEndpoints.RevokeTickets);
        // A jti or sub may hold slashes.
        app.MapMethods("/revocations/tokens/{*id}", [HttpMethods.Put, HttpMethods.Delete], RevocationEndpoints.ChangeToken);
        app.MapMethods("/revocations/subjects/{*id}", [HttpMethods.Put, HttpMethods.Delete], RevocationEndpoints.ChangeSubject);
    }
}
