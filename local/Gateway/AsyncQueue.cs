using System.Globalization;
using System.Threading.Channels;

namespace Reelseal.Local.Gateway;

/// <summary>Queues asynchronous calls, makes them in order, and posts each result to the caller's <c>X-Callback-Url</c>.</summary>
internal sealed class AsyncQueue : IAsyncDisposable
{
    /// <summary>The largest body that Community accepts for such a call, in bytes.</summary>
    public const int MaxBodyLength = 256 * 1024;

    private const int CallsAtOnce = 4;
    private readonly Channel<QueuedCall> _calls = Channel.CreateUnbounded<QueuedCall>();
    private readonly CancellationTokenSource _stopping = new();
    private readonly FunctionForwarder _forwarder;
    private readonly Task _work;

    public AsyncQueue(FunctionForwarder forwarder)
    {
        _forwarder = forwarder;
        _work = Parallel.ForEachAsync(
            _calls.Reader.ReadAllAsync(CancellationToken.None),
            new ParallelOptions { MaxDegreeOfParallelism = CallsAtOnce },
            async (call, _) => await MakeAsync(call));
    }

    /// <summary>Answers 202 and queues the call; 405 for anything but a POST, 413 for a body over the limit.</summary>
    public async Task AcceptAsync(HttpContext context, string name, Uri address)
    {
        var callback = context.Request.Headers["X-Callback-Url"].ToString();
        var isAddress = Uri.TryCreate(callback, UriKind.Absolute, out var callbackAddress) && callbackAddress.Scheme is "http" or "https";
        if (!HttpMethods.IsPost(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return;
        }
        if (callback.Length > 0 && !isAddress)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }
        if (await ReadAsync(context.Request.Body, context.RequestAborted) is not { } body)
        {
            context.Response.StatusCode = StatusCodes.Status413PayloadTooLarge;
            return;
        }
        var request = FunctionForwarder.NewRequest(context.Request, address);
        request.Content = new ByteArrayContent(body);
        FunctionForwarder.CopyContentHeaders(context.Request.Headers, request.Content);
        _calls.Writer.TryWrite(new(name, request, context.Request.Headers["X-Call-Id"].ToString(), callback.Length == 0 ? null : callbackAddress));
        context.Response.StatusCode = StatusCodes.Status202Accepted;
    }

    public async ValueTask DisposeAsync()
    {
        _calls.Writer.Complete();
        await _stopping.CancelAsync();
        await _work;
        _stopping.Dispose();
    }

    private async Task MakeAsync(QueuedCall call)
    {
        var started = TimeProvider.System.GetTimestamp();
        try
        {
            using var request = call.Request;
            using var response = await _forwarder.SendAsync(request, _stopping.Token);
            if (call.Callback is null)
                return;
            using var result = new HttpRequestMessage(HttpMethod.Post, call.Callback)
            {
                Content = new ByteArrayContent(await response.Content.ReadAsByteArrayAsync(_stopping.Token)),
            };
            if (response.Content.Headers.ContentType is { } type)
                result.Content.Headers.ContentType = type;
            result.Headers.Add("X-Call-Id", call.CallId);
            result.Headers.Add("X-Function-Name", call.Name);
            result.Headers.Add("X-Function-Status", ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture));
            result.Headers.Add("X-Duration-Seconds", TimeProvider.System.GetElapsedTime(started).TotalSeconds.ToString("F6", CultureInfo.InvariantCulture));
            using var _ = await _forwarder.SendAsync(result, _stopping.Token);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            // Community's queue worker does not repeat a failed call or callback.
        }
    }

    private static async Task<byte[]?> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream();
        var buffer = new byte[16 * 1024];
        for (int count; (count = await body.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            if (content.Length + count > MaxBodyLength)
                return null;
            content.Write(buffer, 0, count);
        }
        return content.ToArray();
    }

    private sealed record QueuedCall(string Name, HttpRequestMessage Request, string CallId, Uri? Callback);
}
