using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Deployment.Tests.Template;

/// <summary>A server on the loopback that answers each request, head and body as one text, with what a test says.</summary>
internal sealed class WireServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<string, Task<(string ContentType, string Body)>> _answer;

    public WireServer(Func<string, Task<(string ContentType, string Body)>> answer)
    {
        _answer = answer;
        _listener.Start();
        Address = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
        _ = AcceptAsync();
    }

    public string Address { get; }

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient connection)
    {
        using var client = connection;
        var stream = client.GetStream();
        var (contentType, body) = await _answer(await ReadAsync(stream));
        await stream.WriteAsync(Encoding.UTF8.GetBytes(
            $"HTTP/1.1 200 OK\r\nContent-Type: {contentType}\r\nETag: \"00-1\"\r\n"
            + $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}"));
    }

    private static async Task<string> ReadAsync(NetworkStream stream)
    {
        var (text, buffer) = ("", new byte[4096]);
        while (!IsWhole(text) && await stream.ReadAsync(buffer) is > 0 and var count)
            text += Encoding.UTF8.GetString(buffer, 0, count);
        return text;
    }

    private static bool IsWhole(string text)
    {
        const string length = "Content-Length: ";
        if (text.IndexOf("\r\n\r\n", StringComparison.Ordinal) is not (>= 0 and var end))
            return false;
        var at = text.IndexOf(length, StringComparison.OrdinalIgnoreCase);
        return at < 0 || at > end
            || text.Length - end - 4 >= int.Parse(text.AsSpan(at + length.Length, text.IndexOf('\r', at) - at - length.Length), provider: null);
    }
}
