using System.Globalization;
using IngestVideo.Probing;
using IngestVideo.Processes;
using IngestVideo.Publishing;
using IngestVideo.Receiving;
using IngestVideo.Status;
using IngestVideo.Transcoding;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Reelseal;
using Reelseal.Storage;
using Reelseal.Tokens;

namespace IngestVideo;

/// <summary>Takes videos in: <c>POST /</c>, and what became of them under <c>/videos</c>. DELETE and GET take an id; all need a token of scope <c>video:ingest</c>.</summary>
public static class Handler
{
    private const int LongestPage = 100;
    private static readonly TimeSpan s_retryAfter = TimeSpan.FromSeconds(10);

    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">Settings are missing or wrong; the exception names all of them.</exception>
    public static void MapServices(IServiceCollection services) => MapServices(services, Settings.FromEnvironment());

    internal static void MapServices(IServiceCollection services, Settings settings)
    {
        var options = IngestOptions.Read(settings);
        var tokens = TokenOptions.Read(settings);
        services.AddObjectStore(settings);
        settings.ThrowIfFaulty();
        services.AddSingleton(options).AddSingleton(TimeProvider.System);
        services.AddTokens(tokens);
        services.AddSingleton<Sandbox>().AddSingleton<Prober>().AddSingleton<Transcoder>().AddSingleton<SourceReceiver>().AddSingleton<TranscodeSlots>().AddSingleton<VideoRemover>();
        services.AddSingleton(provider => new StatusStore(provider.GetRequiredService<IObjectStore>()));
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<IngestPipeline>(
            provider, ActivatorUtilities.CreateInstance<RetryingObjectStore>(provider, provider.GetRequiredService<IObjectStore>())));
        services.AddHostedService<Start>();
        services.AddExceptionHandler<UpstreamExceptionHandler>();
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, StatusJson.Default));
    }

    public static void MapEndpoints(WebApplication app)
    {
        var routes = app.MapGroup("").AddEndpointFilter<IngestFilter>();
        routes.MapPost("/", IngestAsync);
        routes.MapGet("/videos", ListAsync);
        routes.MapGet("/videos/{id}", GetStatusAsync);
        routes.MapDelete("/videos/{id}", DeleteAsync);
    }

    private static async Task<IResult> IngestAsync(
        HttpContext context, IngestPipeline pipeline, SourceReceiver receiver, TranscodeSlots slots, CancellationToken hungUp)
    {
        var video = VideoId.FromCallId(context.Request.Headers["X-Call-Id"]) ?? VideoId.New();
        if (!IngestFilter.ClaimsOf(context).Allows(video))
            return Problem(StatusCodes.Status403Forbidden, "The token is not for this video: name it in the header X-Call-Id.");
        using var slot = slots.TryTake();
        if (slot is null)
        {
            context.Response.Headers.RetryAfter = s_retryAfter.TotalSeconds.ToString(CultureInfo.InvariantCulture);
            return Problem(StatusCodes.Status429TooManyRequests, "As many videos as this machine can take are being worked on. Try again soon.");
        }
        var result = await pipeline.IngestAsync(
            video, (workspace, cancellationToken) => receiver.ReceiveAsync(context.Request, workspace, cancellationToken), senderWaits: true, hungUp);
        context.Response.Headers.Location = $"videos/{video}";
        return TypedResults.Json(result.Status, StatusJson.Default.VideoStatus, statusCode: result.Existed ? StatusCodes.Status200OK : StatusCodes.Status201Created);
    }

    private static async Task<IResult> GetStatusAsync(VideoId id, StatusStore statuses, HttpContext context, CancellationToken cancellationToken)
    {
        if (await statuses.ReadAsync(id, cancellationToken) is not { Status: var status })
            return NotFound();
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Json(status, StatusJson.Default.VideoStatus);
    }

    private static async Task<IResult> ListAsync(HttpContext context, StatusStore statuses, CancellationToken cancellationToken, [FromQuery] string? after = null, [FromQuery] int limit = 20)
    {
        if (limit is < 1 or > LongestPage)
            return Problem(StatusCodes.Status400BadRequest, $"limit must lie between 1 and {LongestPage}.");
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Json(await statuses.ListAsync(IngestFilter.ClaimsOf(context).Allows, after, limit, cancellationToken), StatusJson.Default.VideoList);
    }

    private static async Task<IResult> DeleteAsync(VideoId id, VideoRemover remover, CancellationToken cancellationToken) =>
        await remover.RemoveAsync(id, cancellationToken) ? TypedResults.NoContent() : NotFound();

    private static ProblemHttpResult NotFound() => Problem(StatusCodes.Status404NotFound, "There is no such video.");

    private static ProblemHttpResult Problem(int status, string detail) => TypedResults.Problem(statusCode: status, detail: detail);
}
