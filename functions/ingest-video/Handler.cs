using IngestVideo.Callbacks;
using IngestVideo.Chunks;
using IngestVideo.Editing;
using IngestVideo.Media;
using IngestVideo.Probing;
using IngestVideo.Processes;
using IngestVideo.Publishing;
using IngestVideo.Receiving;
using IngestVideo.Status;
using IngestVideo.Transcoding;
using IngestVideo.Uploads;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Reelseal;
using Reelseal.Storage;
using Reelseal.Telemetry;
using Reelseal.Tokens;

namespace IngestVideo;

/// <summary>
/// ingest-video: accepts videos, reports their status, and removes them. Every route needs a token with scope <c>video:ingest</c>, but for the one by which
/// replicas call each other.
/// </summary>
public static class Handler
{
    private const int LongestPage = 100;

    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">Settings are missing or wrong; the exception names all of them.</exception>
    public static void MapServices(IServiceCollection services) => MapServices(services, Settings.FromEnvironment());

    internal static void MapServices(IServiceCollection services, Settings settings)
    {
        var options = IngestOptions.Read(settings);
        var tokens = TokenOptions.Read(settings);
        services.AddObjectStore(settings).AddMultipartStore(settings);
        services.AddTelemetry(settings, "ingest-video");
        FfmpegVersion.Check(settings, Sandbox.Find);
        settings.ThrowIfInvalid();
        services.AddSingleton(options).AddSingleton(TimeProvider.System);
        services.AddTokens(tokens);
        services.AddSingleton(provider => new Sandbox(provider.GetRequiredService<ILogger<Sandbox>>(), options.SecretPaths));
        services.AddSingleton<SourceReceiver>().AddSingleton<SourceFetcher>();
        services.AddSingleton<Prober>().AddSingleton<TimelineScanner>().AddSingleton<SoundCheck>().AddSingleton<SuccessionCheck>()
            .AddSingleton<FieldDetector>();
        services.AddSingleton<FrameSizeScanner>().AddSingleton<SourceExaminer>().AddSingleton<PacketScanner>().AddSingleton<CutPointScanner>();
        services.AddSingleton<Transcoder>().AddSingleton<StillMaker>().AddSingleton<StagedTranscoder>();
        services.AddSingleton<DownloadMuxer>().AddSingleton<DownloadPublisher>();
        services.AddSingleton<ChunkCutter>().AddSingleton<ChunkTranscoder>().AddSingleton<ChunkWorker>();
        services.AddSingleton<Replica>().AddSingleton<ChunkCaller>().AddSingleton<ChunkLead>().AddSingleton<ChunkEndpoint>();
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<ChunkStore>(provider, provider.GetRequiredService<RetryingObjectStore>()));
        services.AddSingleton<UploadStore>().AddSingleton<UploadService>().AddSingleton<VideoRemover>().AddSingleton<LaterRemovals>();
        services.AddSingleton<SubtitleService>().AddSingleton<PosterService>();
        services.AddSingleton<CallbackSender>().AddSingleton(CallbackSchedule.Default).AddSingleton<CallbackDelivery>()
            .AddHostedService(provider => provider.GetRequiredService<CallbackDelivery>());
        services.AddSingleton<TranscodeSlots>().AddSingleton<IngestEndpoint>();
        services.AddSingleton(provider => new StatusStore(provider.GetRequiredService<IObjectStore>()));
        services.AddSingleton<IngestPipeline>();
        services.AddSingleton<RetryingObjectStore>();
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<IngestAttempts>(provider, provider.GetRequiredService<RetryingObjectStore>()));
        services.AddHostedService<StartupTasks>();
        services.AddHealthChecks().AddCheck<FfmpegHealth>("ffmpeg", tags: ["ready"]);
        services.AddExceptionHandler<UpstreamExceptionHandler>();
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, StatusJson.Default));
    }

    public static void MapEndpoints(WebApplication app)
    {
        app.UseCrossOriginHeaders(app.Services.GetRequiredService<IngestOptions>().CorsOrigin, methods: "GET, POST, PUT, PATCH, DELETE");
        var routes = app.MapGroup("").AddEndpointFilter<IngestFilter>();
        routes.MapPost("/", (HttpContext context, IngestEndpoint endpoint) => endpoint.IngestAsync(context));
        routes.MapGet("/videos", ListAsync);
        routes.MapGet("/videos/{id}", GetStatusAsync);
        routes.MapPatch("/videos/{id}", EditEndpoints.RenameAsync);
        routes.MapDelete("/videos/{id}", DeleteAsync);
        routes.MapPut("/videos/{id}/subtitles/{language}", EditEndpoints.PutSubtitlesAsync);
        routes.MapPut("/videos/{id}/poster", EditEndpoints.PutPosterAsync);
        routes.MapDelete("/videos/{id}/subtitles/{language}", EditEndpoints.RemoveSubtitlesAsync);
        routes.MapPost("/uploads", UploadEndpoints.BeginAsync);
        routes.MapGet("/uploads/{id}", UploadEndpoints.FindAsync);
        routes.MapPost("/uploads/{id}/complete", UploadEndpoints.CompleteAsync);
        routes.MapDelete("/uploads/{id}", UploadEndpoints.RemoveAsync);
        app.MapPost("/chunks", (HttpContext context, ChunkEndpoint endpoint) => endpoint.EncodeAsync(context)); // by replicas only, with a token of their own
    }

    private static async Task<IResult> GetStatusAsync(
        VideoId id, StatusStore statuses, IngestOptions options, HttpContext context, CancellationToken cancellationToken)
    {
        if (await statuses.ReadAsync(id, cancellationToken) is not { Status: var status } found)
            return NotFound();
        // The state stays: a worker that could not reach the store for a while may still be there. But anyone who waits should know.
        if (status.State is not (VideoState.Ready or VideoState.Failed) && found.Age > options.ClaimLifetime)
            status = status with { Error = $"Its worker has been silent for {found.Age.ToText()}. If that lasts, repeat the request under the same id." };
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Json(status, StatusJson.Default.VideoStatus);
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, StatusStore statuses, CancellationToken cancellationToken, [FromQuery] string? after = null, [FromQuery] int limit = 20)
    {
        if (limit is < 1 or > LongestPage)
            return Problem(StatusCodes.Status400BadRequest, $"limit must lie between 1 and {LongestPage}.");
        context.Response.Headers.CacheControl = "no-store";
        var page = await statuses.ListAsync(IngestFilter.ClaimsOf(context).Videos, after, limit, cancellationToken);
        return TypedResults.Json(page, StatusJson.Default.VideoList);
    }

    private static async Task<IResult> DeleteAsync(VideoId id, VideoRemover remover, CancellationToken cancellationToken) =>
        await remover.RemoveAsync(id, cancellationToken) ? TypedResults.NoContent() : NotFound();

    private static ProblemHttpResult NotFound() => Problem(StatusCodes.Status404NotFound, "There is no such video.");

    private static ProblemHttpResult Problem(int status, string detail) => TypedResults.Problem(statusCode: status, detail: detail);
}
