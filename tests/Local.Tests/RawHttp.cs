using System.Net.Sockets;
using System.Text;

namespace Reelseal.Local.Tests;

/// <summary>Sends a request line exactly as it is written: .NET's client would tidy the path.</summary>
internal static class RawHttp
{
    /// <summary>The answer's head and body as text; empty when the server closed the connection without one.</summary>
    public static async Task<string> GetAsync(string address, string target, string headers = "")
    {
        var uri = new Uri(address);
        using var client = new TcpClient();
        await client.ConnectAsync(uri.Host, uri.Port, TestContext.Current.CancellationToken);
        await using var stream = client.GetStream();
        await stream.WriteAsync(
            Encoding.Latin1.GetBytes($"GET {target} HTTP/1.1\r\nHost: {uri.Authority}\r\nConnection: close\r\n{headers}\r\n"),
            TestContext.Current.CancellationToken);
        using var answer = new MemoryStream();
        try
        {
            await stream.CopyToAsync(answer, TestContext.Current.CancellationToken);
        }
        catch (IOException)
        {
            // reset: the bytes before it are the answer
        }
        return Encoding.Latin1.GetString(answer.ToArray());
    }
}
