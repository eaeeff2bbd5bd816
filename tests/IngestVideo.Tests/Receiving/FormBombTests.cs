using System.Net.Sockets;
using System.Text;

namespace IngestVideo.Tests.Receiving;

/// <summary>Forms that cost the server much and the sender little. They run alone in the process, because its allocations are counted.</summary>
[Collection(nameof(FormBombTests))]
[CollectionDefinition(nameof(FormBombTests), DisableParallelization = true)]
public sealed class FormBombTests
{
    private const int Limit = 300_000;
    private const string Part = "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n\r\n";

    public static TheoryData<string, int> Forms => new()
    {
        { "a hundred thousand parts", 400 },
        { "headers without end", 400 },
        { "a header without end", 400 },
        { "a part without headers, for ever", 400 },
        { "nested forms", 400 },
        { "a boundary that is a part of itself", 400 },
        { "a field that does not end", 400 },
        { "a preamble without end", 400 },
        { "two files", 400 },
    };

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Forms))]
    public async Task It_is_refused_before_it_costs_anything(string name, int status)
    {
        await using var host = await IngestHost.StartAsync(("MAX_UPLOAD_BYTES", "50000000"));
        var (head, repeated, tail) = name switch
        {
            "a hundred thousand parts" => ("", Part, "--b--\r\n"),
            "headers without end" => ("--b\r\n", "X-A: b\r\n", ""),
            "a header without end" => ("--b\r\nContent-Disposition: form-data; name=\"", "x", ""),
            "a part without headers, for ever" => ("--b\r\n\r\n", "--b\r\n\r\n", ""),
            "nested forms" => ("", "--b\r\nContent-Disposition: form-data; name=\"file\"\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n", ""),
            "a boundary that is a part of itself" => ("--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\n", "\r\n-\r\n--\r\n", ""),
            "a field that does not end" => ("--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\n", "x", ""),
            "a preamble without end" => ("", "no boundary\r\n", ""),
            "two files" => ("", "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n", "--b--\r\n"),
            _ => throw new ArgumentOutOfRangeException(nameof(name), name, "There is no such form."),
        };
        var block = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(repeated, 65_536 / repeated.Length)));
        await using var form = new Repeating(Encoding.ASCII.GetBytes(head), block, 60_000_000, Encoding.ASCII.GetBytes(tail));
        var before = GC.GetTotalAllocatedBytes();

        var answer = await SendAsync(host, form);

        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        // The form is 60 MB long. Up to 10 MB (Linux's default buffers) may be in flight when the answer arrives.
        Assert.InRange(form.Position, 0, 20_000_000);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 20_000_000);
        await host.AssertNothingIsLeftAsync();
    }

    /// <summary>
    /// Sends a form and reads the answer meanwhile: a refusal closes the connection before everything is sent, and a client that reads only afterwards may miss
    /// it.
    /// </summary>
    /// <returns>The status line.</returns>
    private static async Task<string?> SendAsync(IngestHost host, Stream form)
    {
        using var connection = new TcpClient();
        await connection.ConnectAsync(host.Address.Host, host.Address.Port, TestContext.Current.CancellationToken);
        var stream = connection.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {IngestHost.Token()}\r\n"
            + "Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n"));
        var answer = new StreamReader(stream).ReadLineAsync();
        var piece = new byte[65_536];
        try
        {
            for (var read = -1; read != 0 && !answer.IsCompleted;)
            {
                read = await form.ReadAsync(piece);
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"{read:x}\r\n"));
                await stream.WriteAsync(piece.AsMemory(0, read));
                await stream.WriteAsync("\r\n"u8.ToArray());
            }
        }
        catch (IOException)
        {
            // It has closed the connection, and must have answered first.
        }
        return await answer;
    }

    /// <summary>A beginning, a block again and again, and an end.</summary>
    private sealed class Repeating(byte[] head, byte[] block, long length, byte[] tail) : Stream
    {
        private long _position;

        public override int Read(byte[] buffer, int offset, int count)
        {
            var (source, at) = _position < head.Length ? (head, _position)
                : _position < head.Length + length ? (block, (_position - head.Length) % block.Length)
                : (tail, _position - head.Length - length);
            var read = (int)Math.Min(count, source.Length - at);
            if (read <= 0)
                return 0;
            source.AsSpan((int)at, read).CopyTo(buffer.AsSpan(offset));
            _position += read;
            return read;
        }

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => _position; set => throw new NotSupportedException(); }
        public override void Flush() => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
