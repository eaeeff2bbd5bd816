using Microsoft.AspNetCore.Http.Features;

namespace Root;

/// <summary>
/// A body that the client announced with <c>Expect: 100-continue</c>. Whatever the function leaves unread is read before the response starts.
/// </summary>
/// <remarks>
/// Gateway, provider and of-watchdog are Go HTTP proxies that forward the header. When a function responds before it has read such a body, each of them
/// either sends a body
/// that the next no longer accepts, or waits for one that never comes: the client gets 500, 502 or nothing instead of 401 or 413. curl sends the header with
/// every
/// upload over 1 MB. Kestrel's limit on request bodies would stop that reading, so this class lifts it and enforces it on what the function reads.
/// </remarks>
internal sealed class ExpectedBody(Stream body, long? limit) : Stream, IHttpMaxRequestBodySizeFeature
{
    /// <summary>The most that is read after the function is done, in bytes and in time. A client that sends more may not receive the response.</summary>
    private const long MostUnread = 1L << 30;
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(60);

    /// <summary>How long the client can pause meanwhile.</summary>
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(5);

    private long? _limit = limit;
    private long _read;

    public bool IsReadOnly { get; private set; }

    public long? MaxRequestBodySize
    {
        get => _limit;
        set => _limit = IsReadOnly ? throw new InvalidOperationException("The limit cannot be changed once the request body is being read.") : value;
    }

    public static Task UseAsync(HttpContext context, RequestDelegate next)
    {
        var expects = context.Request.Headers.Expect.ToString().Contains("100-continue", StringComparison.OrdinalIgnoreCase);
        if (expects && context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true })
        {
            var kestrel = context.Features.Get<IHttpMaxRequestBodySizeFeature>();
            var expected = new ExpectedBody(context.Request.Body, kestrel?.MaxRequestBodySize);
            if (kestrel is { IsReadOnly: false })
                kestrel.MaxRequestBodySize = null;
            context.Features.Set<IHttpMaxRequestBodySizeFeature>(expected);
            context.Request.Body = expected;
            context.Response.OnStarting(() => expected.ReadRestAsync(context.RequestAborted));
        }
        return next(context);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        IsReadOnly = true;
        var count = await body.ReadAsync(buffer, cancellationToken);
        _read += count;
        return _read > _limit ? throw new BadHttpRequestException("Request body too large.", StatusCodes.Status413PayloadTooLarge) : count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    private async Task ReadRestAsync(CancellationToken aborted)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        var started = TimeProvider.System.GetTimestamp();
        var buffer = new byte[64 * 1024];
        try
        {
            for (long rest = MostUnread; rest > 0 && TimeProvider.System.GetElapsedTime(started) < s_longest;)
            {
                stop.CancelAfter(s_longestPause);
                var count = await body.ReadAsync(buffer, stop.Token);
                if (count == 0)
                    break;
                rest -= count;
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The client hung up, stalled, or sent a malformed chunk. The response that is waiting says more than that would.
        }
    }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override void Flush() => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
