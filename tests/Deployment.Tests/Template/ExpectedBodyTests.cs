using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace Deployment.Tests.Template;

/// <summary>
/// A body announced with <c>Expect: 100-continue</c> is requested and read to its end before the response starts, whatever the function does with it.
/// </summary>
[Collection<ProbeTests>]
public sealed class ExpectedBodyTests(ProbeFunction probe)
{
    private const int Limit = 120_000;
    private static readonly byte[] s_piece = new byte[1 << 16];

    [Theory(Timeout = Limit)]
    [InlineData("/refuses-after/0", 2_000_000, 403)]
    [InlineData("/refuses-after/0", 45_000_000, 403)] // more than Kestrel's limit of 30 MB
    [InlineData("/refuses-after/1000000", 2_000_000, 403)]
    [InlineData("/refuses-after/1000000", 45_000_000, 403)]
    [InlineData("/nowhere", 45_000_000, 404)]
    [InlineData("/throws", 45_000_000, 405)]
    [InlineData("/reads", 2_000_000, 200)]
    [InlineData("/reads", 45_000_000, 413)] // the limit holds for what the function reads
    [InlineData("/takes-any-size", 45_000_000, 200)] // unless the function lifts it
    public async Task It_is_read_to_its_end_before_the_response(string path, int length, int status)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var function = probe.Start();
        using var call = await Call.BeginAsync(await function.Listening, path, cancellationToken);
        Assert.Equal("HTTP/1.1 100 Continue", await call.ReadStatusAsync(cancellationToken));

        for (var rest = length; rest > 0; rest -= s_piece.Length)
            await call.WriteChunkAsync(s_piece.AsMemory(0, Math.Min(rest, s_piece.Length)), cancellationToken);
        await call.WriteEndAsync(cancellationToken);

        Assert.StartsWith($"HTTP/1.1 {status} ", await call.ReadStatusAsync(cancellationToken), StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task A_client_that_stops_sending_still_gets_a_response()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var function = probe.Start();
        using var call = await Call.BeginAsync(await function.Listening, "/refuses-after/0", cancellationToken);
        Assert.Equal("HTTP/1.1 100 Continue", await call.ReadStatusAsync(cancellationToken));
        await call.WriteChunkAsync(s_piece, cancellationToken);

        var since = Stopwatch.StartNew();
        Assert.StartsWith("HTTP/1.1 403 ", await call.ReadStatusAsync(cancellationToken), StringComparison.Ordinal);
        Assert.InRange(since.Elapsed, TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(60));
    }

    [Fact(Timeout = Limit)]
    public async Task A_client_that_never_stops_sending_still_gets_a_response()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var function = probe.Start();
        using var call = await Call.BeginAsync(await function.Listening, "/refuses-after/0", cancellationToken);
        Assert.Equal("HTTP/1.1 100 Continue", await call.ReadStatusAsync(cancellationToken));

        var answer = call.ReadStatusAsync(cancellationToken);
        long sent = 0;
        try
        {
            for (; !answer.IsCompleted; sent += s_piece.Length)
                await call.WriteChunkAsync(s_piece, cancellationToken);
        }
        catch (IOException) when (sent >= 1L << 30)
        {
            // The function takes no more, and the answer is on its way.
        }

        Assert.StartsWith("HTTP/1.1 403 ", await answer, StringComparison.Ordinal);
        Assert.True(sent >= 1L << 30, $"{sent} bytes");
    }

    /// <summary>A POST whose body is written by hand, in chunks.</summary>
    private sealed class Call(TcpClient connection) : IDisposable
    {
        private readonly NetworkStream _stream = connection.GetStream();
        private readonly StreamReader _reader = new(connection.GetStream());

        public static async Task<Call> BeginAsync(Uri address, string path, CancellationToken cancellationToken)
        {
            var connection = new TcpClient();
            await connection.ConnectAsync(address.Host, address.Port, cancellationToken);
            var call = new Call(connection);
            await call._stream.WriteAsync(
                Encoding.ASCII.GetBytes($"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"), cancellationToken);
            return call;
        }

        public async Task WriteChunkAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
        {
            await _stream.WriteAsync(Encoding.ASCII.GetBytes($"{bytes.Length:x}\r\n"), cancellationToken);
            await _stream.WriteAsync(bytes, cancellationToken);
            await _stream.WriteAsync("\r\n"u8.ToArray(), cancellationToken);
        }

        public async Task WriteEndAsync(CancellationToken cancellationToken) => await _stream.WriteAsync("0\r\n\r\n"u8.ToArray(), cancellationToken);

        /// <summary>The next status line.</summary>
        public async Task<string> ReadStatusAsync(CancellationToken cancellationToken)
        {
            string? line;
            do
                line = await _reader.ReadLineAsync(cancellationToken);
            while (line is { Length: 0 }); // the end of an interim answer
            return line ?? "";
        }

        public void Dispose()
        {
            _reader.Dispose();
            connection.Dispose();
        }
    }
}
