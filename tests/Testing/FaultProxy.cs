using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Reelseal.Testing;

/// <summary>A request that came by a <see cref="FaultProxy"/>.</summary>
/// <param name="Number">Counts from 0.</param>
/// <param name="Method">Such as PUT.</param>
/// <param name="Target">Path and query, as sent.</param>
public sealed record ProxiedRequest(int Number, string Method, string Target)
{
    /// <summary>The header If-None-Match, or null.</summary>
    public string? IfNoneMatch { get; init; }
}

/// <summary>
/// Stands between a client and an HTTP server of a test, and does to their connection what networks and servers do on bad days. Without faults it changes no
/// byte.
/// </summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<ProxiedRequest> _requests = new();
    private readonly ConcurrentDictionary<Task, bool> _connections = new();
    private readonly IPEndPoint _target;
    private readonly Task _accepting;
    private int _count = -1;

    /// <param name="target">The server, on this machine.</param>
    public FaultProxy(Uri target)
    {
        _target = new(IPAddress.Loopback, target.Port);
        _listener.ReceiveBufferSize = 64 * 1024; // otherwise the system takes megabytes at once, however slow the proxy is
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Address = new($"http://{_listener.LocalEndPoint}");
        _accepting = AcceptAsync();
    }

    public Uri Address { get; }

    /// <summary>Chooses what happens to a request; null for nothing. May be changed at any time.</summary>
    public Func<ProxiedRequest, Fault?> Choose { get; set; } = _ => null;

    /// <summary>All requests so far, in the order in which they came.</summary>
    public IReadOnlyList<ProxiedRequest> Requests => [.. _requests];

    /// <summary>Does something to the next requests of a method, and nothing to all others.</summary>
    public void Inject(Fault fault, int times = 1, string? method = null)
    {
        var left = times;
        Choose = request => (method is null || request.Method == method) && Interlocked.Decrement(ref left) >= 0 ? fault : null;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_connections.Keys);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var connection = ServeAsync(await _listener.AcceptAsync(_stop.Token));
                _connections.TryAdd(connection, true);
                _ = connection.ContinueWith(done => _connections.TryRemove(done, out var _), TaskScheduler.Default);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        await Task.Yield();
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        using (client)
        {
            try
            {
                var requests = new HttpMessageReader(client);
                var answers = new HttpMessageReader(server);
                while (await requests.ReadHeadAsync(_stop.Token) is { } head)
                {
                    if (!await ExchangeAsync(head, requests, answers, client, server))
                        break;
                }
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
            {
                // A cut, by us or by one of them: the other one is to see it as well.
                client.LingerState = new(enable: true, seconds: 0);
                server.LingerState = new(enable: true, seconds: 0);
            }
        }
    }

    /// <summary>Passes one request and its answer on.</summary>
    /// <returns>Whether the connection stays open.</returns>
    private async Task<bool> ExchangeAsync(HttpMessageHead head, HttpMessageReader requests, HttpMessageReader answers, Socket client, Socket server)
    {
        var request = new ProxiedRequest(Interlocked.Increment(ref _count), head.Words[0], head.Words[1]) { IfNoneMatch = head["if-none-match"] };
        _requests.Enqueue(request);
        var fault = Choose(request) ?? new Fault();
        await Task.Delay(fault.Latency, _stop.Token);
        if (fault.HeldUntil is { } held)
            await held.WaitAsync(_stop.Token);
        if (fault.Answer is { } answer)
        {
            if (head["expect"] is null)
                await requests.CopyBodyAsync(head, hasBody: true, _ => ValueTask.CompletedTask, _stop.Token);
            var body = Encoding.UTF8.GetBytes(request.Method == "HEAD" ? "" : answer.Body);
            var text = string.Create(
                CultureInfo.InvariantCulture,
                $"HTTP/1.1 {answer.Status} Injected\r\nContent-Type: {answer.ContentType}\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n");
            await SendAsync(client, Encoding.ASCII.GetBytes(text));
            await SendAsync(client, body);
            client.Shutdown(SocketShutdown.Send);
            return false;
        }

        if (!server.Connected)
            await server.ConnectAsync(_target, _stop.Token);
        await SendAsync(server, head.Bytes);
        // At the same time, because a server may answer before it has read everything, and asks for the body with "100 Continue".
        var sending = requests.CopyBodyAsync(
            head, hasBody: true, Valve(server, fault.BytesPerSecond, fault.CutRequestAfter, stallAfter: null, fault.CorruptRequestAt), _stop.Token);
        try
        {
            while (true)
            {
                var status = await ReadAnswerHeadAsync(answers, sending);
                var hasBody = request.Method != "HEAD" && status.Words[1] is not ("204" or "304") && status.Words[1][0] != '1';
                if (status.Words[1][0] == '1')
                {
                    await SendAsync(client, status.Bytes);
                    continue;
                }
                if (fault.LoseAnswer)
                {
                    await answers.CopyBodyAsync(status, hasBody, _ => ValueTask.CompletedTask, _stop.Token);
                    throw new IOException("The answer is lost.");
                }
                if (fault.StallAnswerAfter < 0)
                    await Task.Delay(Timeout.Infinite, _stop.Token);
                await SendAsync(client, status.Bytes);
                await answers.CopyBodyAsync(
                    status, hasBody, Valve(client, fault.BytesPerSecond, fault.CutAnswerAfter, fault.StallAnswerAfter, fault.CorruptAnswerAt), _stop.Token);
                if (string.Equals(status["connection"], "close", StringComparison.OrdinalIgnoreCase))
                    return false;
                await sending;
                return true;
            }
        }
        finally
        {
            if (!sending.IsCompleted)
                client.Close(); // ends the copying
            await sending.ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    /// <summary>The head of the answer; when the request breaks off before it comes, that is the outcome.</summary>
    private async Task<HttpMessageHead> ReadAnswerHeadAsync(HttpMessageReader answers, Task sending)
    {
        var reading = answers.ReadHeadAsync(_stop.Token);
        if (await Task.WhenAny(reading, sending) == sending && sending.IsFaulted)
            await sending;
        return await reading ?? throw new IOException("The server hung up.");
    }

    /// <summary>Passes on the pieces of a body, with its faults.</summary>
    private Func<ReadOnlyMemory<byte>, ValueTask> Valve(Socket to, int? bytesPerSecond, long? cutAfter, long? stallAfter, long? corruptAt)
    {
        long passed = 0;
        return async piece =>
        {
            if (corruptAt - passed is { } place && place >= 0 && place < piece.Length)
            {
                var changed = piece.ToArray();
                changed[place] ^= 1;
                piece = changed;
            }
            if (cutAfter - passed is { } beforeCut && beforeCut < piece.Length)
            {
                await SendAsync(to, piece[..(int)beforeCut]);
                await Task.Delay(20, _stop.Token); // a reset takes back what the other side has not read yet
                throw new IOException("Cut.");
            }
            if (stallAfter - passed is { } beforeStall && beforeStall < piece.Length)
            {
                await SendAsync(to, piece[..(int)beforeStall]);
                await Task.Delay(Timeout.Infinite, _stop.Token);
            }
            if (bytesPerSecond is { } rate)
                await Task.Delay(TimeSpan.FromSeconds((double)piece.Length / rate), _stop.Token);
            await SendAsync(to, piece);
            passed += piece.Length;
        };
    }

    private async ValueTask SendAsync(Socket to, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await to.SendAsync(bytes, _stop.Token)..];
    }
}
