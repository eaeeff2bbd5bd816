using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace IngestVideo.Chunks;

/// <summary>How a call ended.</summary>
public enum ChunkVerdict
{
    /// <summary>The chunk is encoded.</summary>
    Done,

    /// <summary>The replica says that it cannot be encoded.</summary>
    Impossible,

    /// <summary>The replica has no slot, or is not one that may help. Another may.</summary>
    Refused,

    /// <summary>It took too long, for this side or for something between.</summary>
    TimedOut,

    /// <summary>Broken off, or answered with something that no replica says.</summary>
    BrokenOff,

    /// <summary>Nobody is there, or nobody who accepts calls.</summary>
    Unreachable,
}

/// <summary>Calls another replica through the function gateway.</summary>
/// <remarks>
/// Gateway, provider and watchdog have timeouts of their own and answer with 500, 502 or 504, or with half of a 200. So only a whole <see cref="ChunkAnswer"/>
/// is a verdict on the chunk.
/// </remarks>
public sealed class ChunkCaller : IDisposable
{
    /// <summary>A call should take this part of the time that it may take.</summary>
    public const double Aim = 0.4;

    private const int MaxAnswerBytes = 64 * 1024;

    private readonly HttpClient _http;
    private readonly Uri _address;
    private readonly IngestOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger<ChunkCaller> _logger;

    public ChunkCaller(IngestOptions options, TimeProvider clock, ILogger<ChunkCaller> logger)
    {
        (_options, _clock, _logger) = (options, clock, logger);
        _address = new(options.FunctionGateway.AbsoluteUri.TrimEnd('/') + "/function/ingest-video/chunks");
        // Connections are not kept: the gateway balances requests, but what is before it may balance connections.
        _http = new(new SocketsHttpHandler
        {
            AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(5), PooledConnectionLifetime = TimeSpan.Zero,
        })
        { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = MaxAnswerBytes };
    }

    /// <summary>Has a chunk encoded by whichever replica the gateway chooses.</summary>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    internal async Task<ChunkVerdict> CallAsync(ChunkCall call, CancellationToken cancellationToken)
    {
        var body = call.ToJson();
        using var request = new HttpRequestMessage(HttpMethod.Post, _address) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add(ChunkToken.Header, ChunkToken.Create(_options.WorkerKey!, body, _clock.GetUtcNow(), _options.ChunkTimeout));
        using var timeout = new CancellationTokenSource(_options.ChunkTimeout, _clock);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        var begun = _clock.GetTimestamp();
        var (verdict, said) = await SendAsync(
            request, call.Id, isLate: () => _clock.GetElapsedTime(begun) > Aim * _options.ChunkTimeout, ended.Token, cancellationToken);
        if (verdict is not (ChunkVerdict.Done or ChunkVerdict.Refused))
            _logger.LogInformation(
                "The call for chunk {Chunk} of {Video} ended after {Elapsed:0.0} s: {Verdict}: {Said}", call.Id.Name, call.Video,
                _clock.GetElapsedTime(begun).TotalSeconds, verdict, said);
        return verdict;
    }

    public void Dispose() => _http.Dispose();

    private async Task<(ChunkVerdict Verdict, string Said)> SendAsync(
        HttpRequestMessage request, ChunkId chunk, Func<bool> isLate, CancellationToken ended, CancellationToken cancelled)
    {
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead, ended);
            var status = (int)response.StatusCode;
            if (Read(await response.Content.ReadAsByteArrayAsync(ended), chunk) is { } answer)
                return (response.StatusCode, answer.Failure) switch
                {
                    (HttpStatusCode.OK, null) => (ChunkVerdict.Done, ""),
                    (HttpStatusCode.UnprocessableEntity, { } failure) => (ChunkVerdict.Impossible, failure),
                    _ => (ChunkVerdict.BrokenOff, $"status {status}"),
                };
            return (status switch
            {
                429 or 409 or 503 => ChunkVerdict.Refused,
                >= 400 and < 500 => ChunkVerdict.Unreachable,
                504 => ChunkVerdict.TimedOut,
                _ => isLate() ? ChunkVerdict.TimedOut : ChunkVerdict.BrokenOff,
            }, $"status {status}");
        }
        catch (HttpRequestException e)
        {
            if (e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError)
                return (ChunkVerdict.Unreachable, e.Message);
            return (isLate() ? ChunkVerdict.TimedOut : ChunkVerdict.BrokenOff, e.Message);
        }
        catch (OperationCanceledException) when (!cancelled.IsCancellationRequested)
        {
            return (ChunkVerdict.TimedOut, "no answer in time");
        }
    }

    /// <summary>A replica's own, whole answer about this chunk; null for anything else.</summary>
    private static ChunkAnswer? Read(byte[] body, ChunkId chunk)
    {
        try
        {
            return JsonSerializer.Deserialize(body, CallJson.Default.ChunkAnswer) is { } answer && answer.IsAbout(chunk) ? answer : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
